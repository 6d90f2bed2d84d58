"""How often an environment is solved and made, with what in it, and what a test may do to it."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.kit.checked import carrying, channel_of, checked, program
from tests.kit.orders import HERE
from tests.kit.packages import Package
from tests.workers.checks.conftest import Try
from workers.builders.orders import Sources
from workers.checks.archives import open_archive
from workers.checks.environments import Environments
from workers.checks.solutions import NoEnvironmentError, Solver, Wanted


class CountingHandler(SimpleHTTPRequestHandler):
    """Serves a folder and counts what is asked for."""

    asked: Counter[str]

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody listens."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Counter[str]]]:
    handler = type("Handler", (CountingHandler,), {"asked": Counter()})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler.asked  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def environments(tmp_path: Path, cache: Path) -> Environments:
    """For a package ``toy`` that needs ``lib``, in three versions of its channel."""
    libraries = [Package(name="lib", version=v, subdir=HERE, depends=("base",)) for v in ("1.0", "1.5", "2.0")]
    bases = [Package(name="base", version=v, subdir=HERE) for v in ("1.0", "2.0")]
    channel = channel_of(tmp_path / "channel", *libraries, *bases, program("tool", "true"))
    return Environments(Solver(Sources((channel,), "disabled"), HERE), tmp_path / "checks")


def toy(folder: Path, *depends: str) -> Path:
    return carrying({"script": {"content": "true"}}, depends=depends).write(folder / "package")


def test_the_same_requirements_are_solved_and_made_once(environments: Environments, tmp_path: Path) -> None:
    archive = open_archive(toy(tmp_path, "lib"))
    environments.add_channel(archive)
    first = environments.make(Wanted((archive.spec, "tool", "base")))
    assert environments.make(Wanted(("base", archive.spec, "tool"))).prefix == first.prefix
    assert (environments.solver.solves, environments.installs) == (1, 1)
    other = environments.make(Wanted((archive.spec,)))
    assert other.prefix != first.prefix
    assert (environments.solver.solves, environments.installs) == (2, 2)
    assert environments.make(Wanted((archive.spec, "lib >=1"))).prefix == other.prefix, "asked otherwise, and the same"
    assert (environments.solver.solves, environments.installs) == (3, 2)
    assert [name.split()[0] for name in first.names()] == ["base", "lib", "tool", "toy"]


def test_a_made_environment_shows_rattlers_records_and_the_unpacked_package(
    environments: Environments, tmp_path: Path
) -> None:
    archive = open_archive(toy(tmp_path, "lib"))
    environments.add_channel(archive)
    made = environments.make(Wanted((archive.spec,)))
    said = {json.loads(path.read_text())["name"] for path in (made.prefix / "conda-meta").glob("*.json")}
    assert said == {"base", "lib", "toy"}
    folder = made.package_folder("toy")
    assert folder is not None
    assert (folder / "info" / "index.json").is_file()
    assert made.package_folder("nothing") is None


def test_what_cannot_be_solved_is_asked_once(environments: Environments) -> None:
    for _ in range(3):
        with pytest.raises(NoEnvironmentError, match="No candidates were found for nothing") as caught:
            environments.make(Wanted(("nothing",)))
        assert caught.value.outcome == "unsolvable"
    assert environments.solver.solves == 1


def test_indexes_are_read_once_for_a_whole_run(tmp_path: Path, cache: Path) -> None:
    channel_of(tmp_path / "channel", program("a", "true"), program("b", "true"))
    needs = [{"script": {"content": "true"}, "requirements": {"run": list(names)}} for names in ("a", "b", "ab", "ba")]
    with served(tmp_path / "channel") as (url, asked):
        done = checked(carrying(*needs).write(tmp_path / "package"), tmp_path / "run", (url,))
    assert done.outcomes == ["passed"] * 4
    assert asked[f"/{HERE}/repodata.json"] == 1, asked
    assert {path: times for path, times in asked.items() if path.endswith(".conda")} == {
        f"/{HERE}/a-1.0-h0_0.conda": 1, f"/{HERE}/b-1.0-h0_0.conda": 1
    }  # fmt: skip


def test_the_newest_are_taken_unless_the_oldest_are_asked_for(attempt: Try) -> None:
    others = [Package(name="lib", version=v, subdir=HERE, depends=("base",)) for v in ("0.9", "1.0", "1.5")]
    others += [Package(name="base", version=v, subdir=HERE) for v in ("1.0", "2.0")]
    asked = carrying({"script": {"content": "true"}}, depends=("lib >=1", "__unix"))
    newest = attempt(asked, others)
    assert "base 2.0 h0_0, lib 1.5 h0_0" in newest.text
    assert newest.result.message == "1 of 1 tests passed"
    oldest = attempt(asked, others, "lowest_direct")
    assert "base 2.0 h0_0, lib 1.0 h0_0" in oldest.text, "of what the package itself names, and nothing else"
    assert oldest.result.message == "1 of 1 tests passed; with lib 1.0"


def test_what_the_test_asks_for_stays_new_and_bounds_what_is_old(attempt: Try) -> None:
    others = [Package(name=name, version=v, subdir=HERE) for name in ("lib", "tool") for v in ("1.0", "1.5", "2.0")]
    test = {"script": {"content": "true"}, "requirements": {"run": ["tool", "lib >=1.2"]}}
    done = attempt(carrying(test, depends=("lib",)), others, "lowest_direct")
    assert "lib 1.5 h0_0, tool 2.0 h0_0" in done.text


def test_tools_that_cannot_stand_beside_the_oldest_are_unsolvable_and_it_says_beside_what(attempt: Try) -> None:
    others = [Package(name="lib", version=v, subdir=HERE) for v in ("1.0", "2.0")]
    others.append(Package(name="tool", subdir=HERE, depends=("lib >=2",)))
    test = {"script": {"content": "true"}, "requirements": {"run": ["tool"]}}
    assert attempt(carrying(test, depends=("lib",)), others).outcomes == ["passed"]
    done = attempt(carrying(test, depends=("lib",)), others, "lowest_direct")
    assert done.result.outcome == "unsolvable"
    assert "Beside lib 1.0, as old as allowed: Cannot solve" in done.result.message


def write(path: str, text: str) -> dict[str, object]:
    return {"script": {"content": f"echo {text} > $PREFIX/{path}"}}


def look(command: str) -> dict[str, object]:
    return {"script": {"content": command}}


def test_a_changed_environment_is_made_anew_for_the_next_test(attempt: Try) -> None:
    tests = [write("share/new", "x"), look("test ! -e $PREFIX/share/new"), look("rm $PREFIX/share/a")]
    tests += [look("test -e $PREFIX/share/a")]
    assert attempt(carrying(*tests, files={"share/a": b"a"})).outcomes == ["passed"] * 4


def test_a_file_of_the_cache_that_a_test_wrote_into_leaves_the_cache(attempt: Try, cache: Path) -> None:
    library = Package(name="lib", subdir=HERE, files={"share/lib.txt": b"sound"})
    tests = [
        write("share/lib.txt", "spoilt"),
        look("grep sound $PREFIX/share/lib.txt"),
        write("share/lib.txt", "spoilt"),
    ]
    done = attempt(carrying(*tests, depends=("lib",)), [library])
    assert done.outcomes == ["passed"] * 3, done.text
    assert "taken out of the cache" in done.log[-1]
    again = attempt(carrying(tests[1], depends=("lib",)), [library])
    assert again.outcomes == ["passed"], again.text


def test_pythons_bytecode_is_no_change(environments: Environments, tmp_path: Path) -> None:
    archive = open_archive(toy(tmp_path))
    environments.add_channel(archive)
    made = environments.make(Wanted((archive.spec,)))
    (made.prefix / "lib" / "__pycache__").mkdir(parents=True)
    (made.prefix / "lib" / "__pycache__" / "x.pyc").write_bytes(b"x")
    environments.make(Wanted((archive.spec,)))
    assert environments.installs == 1
    (made.prefix / "lib" / "x").write_bytes(b"x")
    environments.make(Wanted((archive.spec,)))
    assert (environments.installs, environments.solver.solves) == (2, 1)
    assert not (made.prefix / "lib" / "x").exists()


def test_a_package_that_the_channel_lists_and_does_not_have_is_nobodys_recipes_fault(
    tmp_path: Path, cache: Path
) -> None:
    channel = channel_of(tmp_path / "channel", program("a", "true"))
    (tmp_path / "channel" / HERE / "a-1.0-h0_0.conda").unlink()
    path = carrying(look("true"), depends=("a",)).write(tmp_path / "package")
    done = checked(path, tmp_path / "run", (channel,))
    assert done.outcomes == ["infrastructure"]
    assert "The environment could not be made" in done.result.message
