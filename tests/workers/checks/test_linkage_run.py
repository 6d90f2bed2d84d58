"""The test of kind linkage as a whole: a child looks, whatever the files are, and its words become an end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.kit.builds import build
from tests.kit.linked import files, installed, installed_from, needs_cc, program, shared
from tests.kit.packages import Package
from workers.builders import events
from workers.builders.events import Result, TestEnd, parse
from workers.checks import linkage_run
from workers.checks.linkage_run import linkage_end
from workers.contract.reports import MOST_FAILING, TestOutcome

Ends = Callable[..., TestEnd | None]


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def end(tmp_path: Path, lines: list[str]) -> Ends:
    """Look at the first of some packages, installed with what it depends on."""

    def look(*packages: Package) -> TestEnd | None:
        folder, prefix = installed(tmp_path, *packages)
        work = tmp_path / "work"
        work.mkdir()
        ticks = iter([10.0, 12.5])
        return linkage_end(3, folder, prefix, work, lambda: next(ticks), lines.append)

    return look


def broken(tmp: Path) -> tuple[Package, Package]:
    old = shared(tmp / "old", "libfoo.so.1", ["foo_a", "foo_b"])
    new = shared(tmp / "new", "libfoo.so.1", ["foo_a"])
    use = program(tmp / "use", "use", uses=["foo_a", "foo_b"], links=[old])
    data = files("bin", use) | {"share/log.txt": b"/out/bld/rattler-build_use_17/work/x.c"}
    package = Package("consumer", files=data, depends=["libfoo"])
    return package, Package("libfoo", "1.3", files=files("lib", new))


@needs_cc
def test_a_broken_package_fails_with_each_fault_as_a_case_and_its_notes_in_the_log(
    tmp_path: Path, end: Ends, lines: list[str]
) -> None:
    found = end(*broken(tmp_path))
    assert found is not None
    assert (found.index, found.kind, found.outcome, found.seconds) == (3, "linkage", "failed", 2.5)
    assert (found.passed, found.failed, found.skipped) == (0, 1, 1)
    assert found.message == (
        "bin/use needs the symbol foo_b, which no library that it loads offers. "
        "(1 fault, 1 note: undefined 1, build_prefix 1)"
    )
    (case,) = found.failing
    assert (case.name, case.outcome, case.where) == ("undefined::foo_b", "failed", "bin/use")
    assert case.message == "bin/use needs the symbol foo_b, which no library that it loads offers."
    assert [line.split(": ")[:2] for line in lines] == [
        ["[farm] linkage", "fault undefined"], ["[farm] linkage", "note build_prefix"]
    ]  # fmt: skip


@needs_cc
def test_the_end_can_be_said_by_a_child_and_be_reported(tmp_path: Path, end: Ends) -> None:
    found = end(*broken(tmp_path))
    assert found is not None
    said = json.dumps({"event": "result", **asdict(Result("failed", "test", tests=(found,)))})
    heard = parse(said)
    assert isinstance(heard, Result)
    assert heard.tests == (found,)
    assert TestOutcome.model_validate(asdict(found), strict=False).failing[0].name == "undefined::foo_b"


BUILT = """
package: {name: toy, version: "1.0"}
build:
  number: 0
  dynamic_linking:
    missing_dso_allowlist: ["**/libdriver.so*"]
    rpath_allowlist: [/opt/driver]
  script:
    - mkdir -p $PREFIX/lib $PREFIX/share
    - echo 'int driver(void){return 1;}' > d.c
    - echo 'int driver(void); int toy_one(void){return driver();}' > t.c
    - export PATH=$PATH:/usr/bin:/bin
    - cc -nostdlib -shared -fPIC -Wl,-soname,libdriver.so.1 -o libdriver.so.1 d.c
    - cc -nostdlib -shared -fPIC -Wl,-rpath,/opt/driver -o $PREFIX/lib/libtoy.so t.c libdriver.so.1
    - echo "prefix=$PREFIX" > $PREFIX/share/toy.pc
    - echo "source=$SRC_DIR" > $PREFIX/share/left.pc
"""


@needs_cc
def test_what_the_real_builder_records_is_understood(
    tmp_path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Allow lists, the prefix that installing replaces, and the folder of the build that stayed in a file."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    build(tmp_path / "channel", tmp_path / "recipes", BUILT)
    (made,) = (tmp_path / "channel" / "linux-64").glob("*.conda")
    folder, prefix = installed_from(tmp_path / "channel", tmp_path, "linux-64", made.name, ["toy"])
    found = linkage_end(0, folder, prefix, tmp_path, lambda: 0.0, lines.append)
    assert found is not None
    assert (found.outcome, found.skipped, len(lines)) == ("passed", 1, 1)
    assert lines[0].startswith("[farm] linkage: note build_prefix: share/left.pc holds the path ")


def test_a_package_without_programs_or_libraries_has_no_test(end: Ends) -> None:
    assert end(Package("consumer", files={"share/x.txt": b"x"})) is None


@needs_cc
def test_a_sound_package_passes_and_says_nothing(tmp_path: Path, end: Ends, lines: list[str]) -> None:
    found = end(Package("consumer", files=files("lib", shared(tmp_path / "x", "libx.so.1", ["x_a"]))))
    assert found is not None
    assert (found.outcome, found.message, found.passed, lines) == ("passed", "", 1, [])


@needs_cc
def test_hostile_files_are_told_as_unreadable_and_the_others_are_looked_at(tmp_path: Path, end: Ends) -> None:
    """Truncated at every eighth, with sizes of 2 GB and more in every header field, and with bytes turned over."""
    package, foo = broken(tmp_path)
    whole = package.files["bin/use"]
    hostile = {f"lib/cut{n}.so": whole[: len(whole) * n // 8] for n in range(1, 8)}
    for at in range(16, 64, 4):
        hostile[f"lib/big{at}.so"] = whole[:at] + b"\xff\xff\xff\x7f" + whole[at + 4 :]
    table = int.from_bytes(whole[32:40], "little")
    for at in range(table, table + 56 * 8, 8):
        hostile[f"lib/seg{at}.so"] = whole[:at] + (2 << 30).to_bytes(8, "little") + whole[at + 8 :]
    found = end(Package("consumer", files={**package.files, **hostile}, depends=["libfoo"]), foo)
    assert found is not None
    assert found.outcome == "failed"
    assert "undefined::foo_b" in {case.name for case in found.failing if case.where == "bin/use"}


def dying(tmp: Path, monkeypatch: pytest.MonkeyPatch, deadly: str) -> None:
    """Let every child die over files whose name has ``deadly`` in it, as a bug of the reader would."""
    folder = tmp / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import os, signal, workers.checks.binaries as binaries\n"
        "import workers.checks.linkage_environment as environment\n"
        "real = binaries.read_binary\n"
        "def read(path, *rest):\n"
        f"    if {deadly!r} in path.name:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(path, *rest)\n"
        "binaries.read_binary = environment.read_binary = read\n"
    )
    root = str(Path(linkage_run.__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), root]))


@needs_cc
def test_what_takes_the_reader_down_is_left_out_and_told(
    tmp_path: Path, end: Ends, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(tmp_path, monkeypatch, "deadly")
    made = shared(tmp_path / "x", "libx.so.1", ["x_a"]).read_bytes()
    found = end(Package("consumer", files={"lib/libx.so.1": made, "lib/deadly.so": made}))
    assert found is not None
    assert (found.outcome, found.skipped) == ("passed", 1)
    assert lines == [
        "[farm] linkage: note unreadable: lib/deadly.so cannot be read: the reader died with signal 9."
    ]  # fmt: skip


@needs_cc
def test_a_package_that_only_takes_readers_down_is_not_judged_and_that_is_no_pass(
    tmp_path: Path, end: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(tmp_path, monkeypatch, "deadly")
    made = shared(tmp_path / "x", "libx.so.1", ["x_a"]).read_bytes()
    found = end(Package("consumer", files={f"lib/deadly{n}.so": made for n in range(9)}))
    assert found is not None
    assert found.outcome == "not_runnable"
    assert found.message.endswith("lib/deadly4.so took the reader down.")


@needs_cc
def test_a_file_whose_name_is_no_text_is_looked_at_too(tmp_path: Path, lines: list[str]) -> None:
    made = shared(tmp_path / "x", "libx.so.1", rpath="/opt/x").read_bytes()
    folder, prefix = installed(tmp_path, Package("consumer", files={"lib/libx.so.1": made}))
    (folder / os.fsdecode(b"lib/lib\xff.so")).write_bytes(made)
    found = linkage_end(0, folder, prefix, tmp_path, lambda: 0.0, lines.append)
    assert found is not None
    assert (found.outcome, found.skipped) == ("passed", 2)
    assert any("lib/lib?.so" in line for line in lines)


@needs_cc
def test_the_log_tells_some_of_very_many_notes_and_counts_the_rest(tmp_path: Path, end: Ends, lines: list[str]) -> None:
    made = files("lib", shared(tmp_path / "x", "libx.so.1"))
    texts = {f"share/{at}.txt": b"/out/bld/rattler-build_x_1/work" for at in range(230)}
    found = end(Package("consumer", files={**made, **texts}))
    assert found is not None
    assert (found.skipped, len(lines)) == (230, 201)
    assert lines[-1] == "[farm] linkage: and 30 more of the kind note"


def test_a_folder_that_is_no_package_is_nobodys_recipes_fault(tmp_path: Path) -> None:
    found = linkage_end(0, tmp_path, tmp_path, tmp_path, lambda: 0.0, print)
    assert found is not None
    assert found.outcome == "infrastructure"
    assert "index.json" in found.message


@needs_cc
def test_an_environment_that_lacks_the_package_is_nobodys_recipes_fault(tmp_path: Path) -> None:
    made = files("lib", shared(tmp_path / "x", "libx.so.1"))
    folder, _ = installed(tmp_path, Package("consumer", files=made))
    found = linkage_end(0, folder, tmp_path / "elsewhere", tmp_path, lambda: 0.0, print)
    assert found is not None
    assert found.outcome == "infrastructure"
    assert "consumer is not installed in" in found.message


def test_no_more_cases_are_told_than_the_contract_takes() -> None:
    assert events.MOST_FAILING == MOST_FAILING


def test_only_the_child_takes_lief_into_memory() -> None:
    code = "import sys, workers.checks.linkage_run; print('lief' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
