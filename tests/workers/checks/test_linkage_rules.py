"""Which faults stop a package; what systems bring; what a package says of itself. No file is read but recipes."""

import json
from pathlib import Path

import lief
import pytest

from workers.checks import linkage_faults as say
from workers.checks.linkage_faults import Kind
from workers.checks.linkage_package import depends_of, read_package
from workers.checks.linkage_rules import STOPPING, Strictness, judge
from workers.checks.linkage_systems import DEVICES, MACHINES, Target, least, matches, version
from workers.checks.linkage_text import _CHUNK, find_build_path

ROOT = Path(__file__).parents[3]


def test_without_faults_the_package_passes_and_has_nothing_to_say() -> None:
    verdict = judge([], Strictness())
    assert (verdict.outcome, verdict.message) == ("passed", "")


def test_notes_are_told_and_stop_nothing() -> None:
    verdict = judge([say.unused("libbar"), say.undeclared("bin/x", "libfoo.so.1", "libfoo", ["a"])], Strictness())
    assert verdict.outcome == "passed"
    assert verdict.message == (
        "bin/x needs libfoo.so.1 of libfoo, which is no run dependency: only a brings it. "
        "(2 notes: undeclared 1, unused 1)"
    )


def test_the_first_fault_is_told_with_the_count_of_each_kind_whatever_the_order() -> None:
    found = [
        say.unused("libbar"), say.undefined("lib/b", "f", "libz.so"), say.missing("lib/b", "libq.so"),
        say.missing("lib/a", "libq.so"),
    ]  # fmt: skip
    verdict = judge(found, Strictness())
    assert verdict == judge(reversed(found), Strictness())
    assert verdict.outcome == "failed"
    assert verdict.message == (
        "lib/a needs libq.so, which neither the package nor its run dependencies provide. "
        "(3 faults, 1 note: missing 2, undefined 1, unused 1)"
    )


def test_a_recipe_may_be_stricter_and_never_less_strict() -> None:
    assert Strictness().stopping == STOPPING
    assert Strictness(undeclared=True, unused=True).stopping == STOPPING | {Kind.UNDECLARED, Kind.UNUSED}


def test_every_kind_is_explained() -> None:
    text = (ROOT / "docs/explanation/linkage.md").read_text(encoding="utf-8")
    assert [kind.value for kind in Kind if f"`{kind.value}`" not in text] == []


@pytest.mark.parametrize(
    ("subdir", "library", "has"),
    [
        ("linux-64", "libc.so.6", True), ("linux-64", "ld-linux-x86-64.so.2", True), ("linux-64", "libcuda.so.1", True),
        ("linux-64", "libstdc++.so.6", False), ("linux-64", "libcudart.so.12", False),
        ("osx-64", "/usr/lib/libSystem.B.dylib", True), ("osx-64", "@rpath/libSystem.B.dylib", False),
        ("osx-arm64", "/System/Library/Frameworks/Metal.framework/Versions/A/Metal", True),
        ("osx-arm64", "/usr/local/lib/libx.dylib", False), ("win-64", "KERNEL32.dll", True),
        ("win-64", "api-ms-win-crt-heap-l1-1-0.dll", True), ("win-64", "VCRUNTIME140.dll", False),
        ("noarch", "libc.so.6", False),
    ],
)  # fmt: skip
def test_the_systems_own_libraries(subdir: str, library: str, has: bool) -> None:
    assert Target(subdir).has(library) is has


@pytest.mark.parametrize(
    ("spec", "lowest"),
    [(">=2.17,<3.0.a0", "2.17"), (">2.17", "2.17"), ("", ""), ("2.28.*", "2.28"), ("<3", ""), (">=11.0", "11.0")],
)
def test_the_lowest_version_that_a_dependency_allows(spec: str, lowest: str) -> None:
    assert least(spec) == lowest


def test_processors_go_by_the_readers_words() -> None:
    kinds = (lief.ELF.ARCH, lief.MachO.Header.CPU_TYPE, lief.PE.Header.MACHINE_TYPES)
    known = {name for kind in kinds for name in dir(kind)}
    assert (set(MACHINES.values()) | DEVICES) - known == set()


def test_versions_compare_as_numbers() -> None:
    assert version("2.9") < version("2.17")
    assert version("2.28") == (2, 28)
    assert version("x") == ()


def test_globs_are_those_of_recipes() -> None:
    assert matches("libfoo.so.1", ("**/libfoo*",))
    assert matches("lib/x/libfoo.so.1", ("**/libfoo*",))
    assert matches("lib/x/libfoo.so.1", ("*",))
    assert not matches("libfoo.so.1", ("libbar*",))


def test_dependencies_are_read_with_channel_brackets_and_build() -> None:
    assert depends_of(["conda-forge::LibFoo >=1 h1_0", "bar[version='>=2']", "__glibc >=2.17"]) == {
        "libfoo": ">=1 h1_0", "bar": "[version='>=2']", "__glibc": ">=2.17"
    }  # fmt: skip


RECIPE = """recipe:
  package: {name: x}
  build:
    dynamic_linking:
      rpaths:
      - lib/
      missing_dso_allowlist:
      - libx.so*
      - '**/*''q.so'
      rpath_allowlist:
        include:
        - "*"
        exclude:
        - /opt/x
      overdepending_behavior: error
  requirements:
    run:
    - liby
build_configuration:
  directories:
    host_prefix: /out/bld/rattler-build_x_17/host_env_placehold
    work_dir: /srv/builds/one/work
"""


def unpacked(folder: Path, recipe: str = RECIPE) -> Path:
    (folder / "info/recipe").mkdir(parents=True)
    (folder / "info/index.json").write_text(json.dumps({"name": "x", "subdir": "linux-64", "depends": ["y"]}))
    (folder / "info/recipe/rendered_recipe.yaml").write_text(recipe)
    return folder


def test_what_the_recorded_recipe_allows_is_read_and_no_other_list(tmp_path: Path) -> None:
    package = read_package(unpacked(tmp_path))
    assert package.allowed_libraries == ("libx.so*", "**/*'q.so")
    assert package.allowed_rpaths == ("*",)
    assert package.strictness == Strictness(undeclared=False, unused=True)
    assert "/srv/builds/one/work" in package.build_folders


def test_the_folders_of_this_build_are_looked_for_whatever_they_are_called(tmp_path: Path) -> None:
    package = read_package(unpacked(tmp_path))
    (tmp_path / "a.txt").write_text('path = "/srv/builds/one/work/x.c";')
    assert find_build_path(package, "a.txt") == "/srv/builds/one/work/x.c"
    (tmp_path / "b.pyc").write_text('path = "/srv/builds/one/work/x.c";')
    assert find_build_path(package, "b.pyc") == ""


@pytest.mark.parametrize("at", [0, 100, _CHUNK - 30, _CHUNK - 1, _CHUNK, _CHUNK + 4000, 2 * _CHUNK - 3])
def test_a_path_of_the_build_is_found_wherever_it_stands_in_a_large_file(tmp_path: Path, at: int) -> None:
    package = read_package(unpacked(tmp_path, "recipe:\n"))
    path = b"/x/bld/rattler-build_x_17/work/a.c"
    (tmp_path / "big").write_bytes(b"\0" * at + path + b"\0" * 5000)
    assert find_build_path(package, "big") == path.decode()
    (tmp_path / "big").write_bytes(b"\0" * (at + 5000))
    assert find_build_path(package, "big") == ""
