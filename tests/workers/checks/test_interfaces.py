"""What programs and libraries offer and take is read from the files; whatever a file is, the job goes on."""

import gzip
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.fake_controller import Attempt, RunningController
from tests.kit.orders import build_order, recipe
from tests.kit.packages import Package
from workers.agent import interfaces
from workers.checks.interfaces import (
    MOST_TEXT,
    Library,
    Task,
    find_binaries,
    read_library,
    read_package,
    write_answer,
)
from workers.contract.interfaces import InterfaceFacts
from workers.contract.jobs import JobSpec
from workers.contract.reports import Outcome

SAMPLES = Path(__file__).parent / "samples"
LIB = "int toy_one(void){return 1;} int toy_two(void){return 2;} static int own(void){return 3;}"
PROGRAM = """
int toy_one(void); int toy_two(void); int maybe(void) __attribute__((weak));
int main(void){ return toy_one() + toy_two() + (maybe ? maybe() : 0); }
"""
VERSIONS = "TOY_1 { global: toy_one; local: *; }; TOY_2 { global: toy_two; } TOY_1;"

needs_cc = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="compiles ELF files with the C compiler of Linux"
)


def compile_elf(folder: Path, *, versions: str = "") -> tuple[Path, Path]:
    """A library and a program that links it."""
    folder.mkdir(exist_ok=True)
    for name, text in (("toy.c", LIB), ("use.c", PROGRAM), ("toy.map", versions)):
        (folder / name).write_text(text)
    script = [f"-Wl,--version-script={folder / 'toy.map'}"] if versions else []
    library, program = folder / "libtoy.so.1.0", folder / "use"
    cc("-shared", "-fPIC", "-Wl,-soname,libtoy.so.1", *script, "-o", library, folder / "toy.c")
    cc("-o", program, folder / "use.c", library)
    return library, program


def cc(*arguments: object) -> None:
    subprocess.run(["cc", *map(str, arguments)], check=True, capture_output=True)


def sample(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(gzip.decompress((SAMPLES / f"{name}.gz").read_bytes()))
    return path


@needs_cc
def test_of_elf_the_soname_the_exports_and_what_is_asked_for_are_told(tmp_path: Path) -> None:
    library, program = compile_elf(tmp_path)
    offers, takes = read_library(library, "lib/libtoy.so.1.0", "elf"), read_library(program, "bin/use", "elf")
    assert (offers.name, offers.exported) == ("libtoy.so.1", ("toy_one", "toy_two"))
    assert (takes.name, takes.exported, takes.needed[0]) == ("", (), "libtoy.so.1")
    assert takes.imported[""] == ("toy_one", "toy_two")
    assert any(symbol.startswith("__libc_start_main@GLIBC_") for symbol in takes.imported["libc.so.6"])


@needs_cc
def test_versions_of_symbols_tell_the_library_they_come_from(tmp_path: Path) -> None:
    library, program = compile_elf(tmp_path, versions=VERSIONS)
    assert read_library(library, "lib", "elf").exported == ("toy_one@TOY_1", "toy_two@TOY_2")
    assert read_library(program, "bin", "elf").imported["libtoy.so.1"] == ("toy_one@TOY_1", "toy_two@TOY_2")


@needs_cc
def test_symbols_that_are_thread_local_or_that_no_library_offered_at_link_time_are_told_too(tmp_path: Path) -> None:
    source = tmp_path / "plug.c"
    source.write_text("__thread int own_state; int host(void); int plug(void){ return host() + own_state; }")
    cc("-nostdlib", "-shared", "-fPIC", "-o", tmp_path / "plug.so", source)
    told = read_library(tmp_path / "plug.so", "lib/plug.so", "elf")
    assert {"own_state", "plug"} <= set(told.exported)
    assert "host" in told.imported[""]


def test_of_macho_and_windows_files_each_symbol_is_told_with_its_library(tmp_path: Path) -> None:
    dylib = read_library(sample("libtoy.1.dylib", tmp_path), "lib/libtoy.1.dylib", "macho")
    user = read_library(sample("usetoy.macho", tmp_path), "bin/usetoy", "macho")
    assert dylib.name == "libtoy.1.dylib"
    assert {"_toy_one", "_toy_two"} <= set(dylib.exported)
    assert user.imported["libtoy.1.dylib"] == ("_toy_one", "_toy_two")
    dll = read_library(sample("toy.dll", tmp_path), "bin/Toy.dll", "pe")
    program = read_library(sample("usetoy.exe", tmp_path), "bin/usetoy.exe", "pe")
    assert (dll.name, dll.exported) == ("toy.dll", ("toy_one", "toy_two"))
    assert (program.name, program.imported["toy.dll"]) == ("", ("toy_one", "toy_two"))


def task(tmp_path: Path, files: dict[str, bytes], **skip: str) -> Task:
    package = tmp_path / "toy-1.0-h0_0.conda"
    package.write_bytes(Package(files=files).conda())
    return Task(package, tmp_path / "files", tmp_path / "answer.gz", tmp_path / "now", skip)


def answer(path: Path) -> InterfaceFacts:
    return InterfaceFacts.model_validate(json.loads(gzip.decompress(path.read_bytes())))


def test_files_are_told_by_their_first_bytes_and_what_only_looks_so_is_unreadable(tmp_path: Path) -> None:
    files = {
        "lib/broken.so": b"\x7fELF" + b"\xff" * 4000, "lib/short": b"\x7fELF", "lib/text.so": b"INPUT(libtoy.so.1)",
        "bin/tool.exe": b"MZ" + b"\0" * 100, "share/Main.class": b"\xca\xfe\xba\xbe" + b"\0" * 50,
        "lib/half.dylib": b"\xcf\xfa\xed\xfe" + b"\x07" * 900, "lib/empty.so": b"",
    }  # fmt: skip
    found = task(tmp_path, files)
    read_package(found)
    facts = answer(found.answer)
    assert facts.libraries == ()
    assert {bad.path for bad in facts.unreadable} == {"lib/broken.so", "lib/short", "bin/tool.exe", "lib/half.dylib"}
    assert all(bad.why for bad in facts.unreadable)


def test_half_a_library_is_unreadable_or_read_and_never_more(tmp_path: Path) -> None:
    """Cut at every eighth of its length, and with bytes turned over in its headers."""
    whole = gzip.decompress((SAMPLES / "usetoy.macho.gz").read_bytes())
    dll = gzip.decompress((SAMPLES / "toy.dll.gz").read_bytes())
    files = {f"lib/{n}-{len(data)}": data[: len(data) * n // 8] for data in (whole, dll) for n in range(1, 8)}
    files |= {f"lib/x{at}": data[:at] + b"\xff\xff" + data[at + 2 :] for data in (whole, dll) for at in (16, 60, 130)}
    found = task(tmp_path, files)
    folder = tmp_path / "order.json"
    folder.write_text(json.dumps({"spec": {}, "given": given(found)}))
    done = subprocess.run(
        [sys.executable, "-m", "workers.checks.interfaces", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    facts = answer(found.answer)
    assert len(facts.libraries) + len(facts.unreadable) == len(files)


def given(task: Task) -> dict[str, Any]:
    paths = {name: str(getattr(task, name)) for name in ("package", "folder", "answer", "now")}
    return paths | {"skip": dict(task.skip)}


def test_an_answer_about_the_same_libraries_is_the_same_bytes(tmp_path: Path) -> None:
    library = Library("lib/a", "elf", "a", exported=("x",))
    for name in ("one", "two"):
        write_answer(tmp_path / name, [library], [])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@needs_cc
def test_a_library_of_a_hundred_thousand_symbols_is_told_whole_and_small(tmp_path: Path) -> None:
    source = tmp_path / "many.c"
    source.write_text("".join(f"int a_symbol_with_a_longer_name_{n};\n" for n in range(100_000)))
    cc("-shared", "-fPIC", "-Wl,-soname,libmany.so.1", "-o", tmp_path / "libmany.so.1", source)
    found = task(tmp_path, {"lib/libmany.so.1": (tmp_path / "libmany.so.1").read_bytes()})
    read_package(found)
    assert len(answer(found.answer).libraries[0].exported) == 100_000
    assert found.answer.stat().st_size < 2 << 20


def test_symbols_beyond_the_bound_are_cut_and_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = Library("x", "elf", "liba.so", ("libc.so.6",), ("s" * (MOST_TEXT // 2),))
    monkeypatch.setattr("workers.checks.interfaces.read_library", lambda _path, _name, _kind: big)
    found = task(tmp_path, {f"lib/{n}": b"\x7fELF" for n in range(4)})
    read_package(found)
    told = answer(found.answer).libraries
    assert [library.cut for library in told] == [False, False, True, True]
    assert (told[2].name, told[2].needed, told[2].exported) == ("liba.so", ("libc.so.6",), ())


def test_what_takes_the_reader_down_is_skipped_and_told(tmp_path: Path) -> None:
    """Each death costs one file, and the others are read."""
    deadly = {"lib/a.so", "lib/c.so"}

    def child(order: dict[str, Any]) -> str:
        at = Path(order["now"])
        for name in ("lib/a.so", "lib/b.so", "lib/c.so"):
            if name in order["skip"]:
                continue
            at.write_text(name)
            if name in deadly:
                return "The child process died with signal 11."
        bad = [{"path": path, "why": why} for path, why in order["skip"].items()]
        write_answer(Path(order["answer"]), [Library("lib/b.so", "elf")], bad)
        return ""

    facts = answer(interfaces.read(child, tmp_path / "box", tmp_path / "x.conda", threading.Event()))
    assert [library.path for library in facts.libraries] == ["lib/b.so"]
    assert {bad.path for bad in facts.unreadable} == deadly
    assert "signal 11" in facts.unreadable[0].why


def test_a_package_that_only_takes_readers_down_has_an_answer_too(tmp_path: Path) -> None:
    numbers = iter(range(100))

    def child(order: dict[str, Any]) -> str:
        Path(order["now"]).write_text(f"lib/{next(numbers)}.so")
        return "died"

    facts = answer(interfaces.read(child, tmp_path / "box", tmp_path / "x.conda", threading.Event()))
    assert facts.libraries == ()
    assert len(facts.unreadable) == 5


def test_a_reader_that_never_begins_is_told_once(tmp_path: Path) -> None:
    calls = []
    facts = answer(
        interfaces.read(
            lambda order: str(calls.append(order) or "gone"), tmp_path / "b", tmp_path / "x", threading.Event()
        )
    )
    assert (len(calls), [bad.why for bad in facts.unreadable]) == (1, ["gone"])


def test_only_the_reader_that_meets_a_library_takes_lief_into_memory() -> None:
    code = "import sys, workers.agent.main, workers.checks.interfaces; print('lief' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"\x7fELF")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert [path.name for path, _ in find_binaries(tmp_path)] == ["real"]


COMPILED = """
package: {name: toy, version: "1.0"}
build:
  number: 0
  script:
    - mkdir -p $PREFIX/lib
    - echo 'int toy_one(void){return 1;}' > t.c
    - PATH=$PATH:/usr/bin:/bin cc -shared -fPIC -Wl,-soname,libtoy.so.1 -o $PREFIX/lib/libtoy.so.1 t.c
    - printf '\\177ELFbroken' > $PREFIX/lib/libbroken.so
"""


@needs_cc
def test_a_build_brings_home_what_its_libraries_offer_and_a_broken_one_costs_nothing(
    controller: RunningController, tmp_path: Path, run: Callable[[JobSpec], Attempt]
) -> None:
    attempt = run(build_order(controller, recipe(tmp_path / "toy", COMPILED)))
    assert attempt.report.outcome is Outcome.PASSED, attempt.text
    (file,) = attempt.report.files
    facts = InterfaceFacts.model_validate_json(gzip.decompress(controller.blobs[file.interface_sha256]))
    assert [(library.name, library.exported) for library in facts.libraries] == [("libtoy.so.1", ("toy_one",))]
    assert [bad.path for bad in facts.unreadable] == ["lib/libbroken.so"]
