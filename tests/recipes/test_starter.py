"""The starter tree is what its README says: it builds and tests for real, and its changes do what they promise."""

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rattler import Gateway, IndexJson, RunExportsJson, Subdir, solve
from rattler.exceptions import ExtractError, SolverError
from rattler_build import BuildError, Package

from controller.gateways.tree_readings import read_tree

from .conftest import HERE, RECIPES, Workshop, build_order, empty_channel, recipes, render, scratch_tree

TREE = RECIPES / "starter"
MINOR = "{}.{}".format(*sys.version_info)
NEXT_MINOR = f"{sys.version_info[0]}.{sys.version_info[1] + 1}"

PYTHON_PIN = f"python >={MINOR},<{NEXT_MINOR}.0a0"
EXPORTS = {
    "python": {"noarch": ["python"], "weak": [PYTHON_PIN]},
    "libtally": {"weak": ["libtally >=1.4.0,<2.0a0"]},
    "libledger": {"weak": ["libledger >=0.3.0,<0.4.0a0"]},
    "libquill": {"weak": ["libquill >=0.9.0,<0.10.0a0"]},
}
DEPENDS = {
    "adler-report": {"adler >=1.2,<2"},
    "libledger": {"libtally >=1.4.0,<2.0a0"},
    "pytally": {PYTHON_PIN, "libtally >=1.4.0,<2.0a0"},
    "quill-check": {"libquill >=0.9.0,<0.10.0a0"},
    "split-bill": {"libledger >=0.3.0,<0.4.0a0"},
    "tallybook": {"python", "pytally >=2.2"},
}


def exports_of(file: Path) -> dict[str, list[str]]:
    try:
        found = RunExportsJson.from_package_archive(file)
    except ExtractError:
        return {}
    kinds = ("weak", "strong", "noarch", "weak_constrains", "strong_constrains")
    return {kind: getattr(found, kind) for kind in kinds if getattr(found, kind)}


def solved(channel: Path, *specs: str) -> dict[str, str]:
    """Version of each package an environment of these specs would hold, or SolverError."""
    subdirs = [Subdir(HERE), Subdir("noarch")]
    records = asyncio.run(solve([channel.as_uri()], list(specs), gateway=Gateway(), platforms=subdirs))
    return {record.name.normalized: f"{record.version}={record.build_number}" for record in records}


def can_be_installed(channel: Path, *specs: str) -> bool:
    try:
        return bool(solved(channel, *specs))
    except SolverError:
        return False


@pytest.mark.parametrize("subdir", ["linux-64", "linux-aarch64", "osx-arm64"])
@pytest.mark.parametrize("recipe", recipes(TREE))
def test_every_recipe_renders_with_its_build_number_at_the_end(recipe: str, subdir: str) -> None:
    results = render(TREE, recipe, subdir, number=4)
    assert results
    assert all(each.recipe.build.string.endswith("_4") for each in results)


def test_windows_gets_what_is_for_every_system_and_nothing_else() -> None:
    rendered = {output.recipe for output in read_tree(TREE, ["win-64"], "a commit").outputs}
    assert rendered == {"adler-report", "minivec", "motto", "tallybook"}


def test_building_goes_in_no_circle_though_a_test_needs_what_is_built_later() -> None:
    order = build_order(TREE)
    assert order.index("libquill") < order.index("quill-check")


def test_the_whole_tree_builds_and_every_test_succeeds(finished: Workshop) -> None:
    assert len(finished.built) == 16
    assert finished.failures(sorted(finished.built)) == {}


def test_exports_are_those_the_plans_are_made_from(finished: Workshop) -> None:
    found = {name: exports_of(file) for name, file in finished.built.items()}
    assert {name: exports for name, exports in found.items() if exports} == EXPORTS


def test_run_requirements_show_no_trace_of_static_and_header_libraries(finished: Workshop) -> None:
    found = {name: set(IndexJson.from_package_archive(file).depends) for name, file in finished.built.items()}
    exact = {
        "libledger >=0.3.0,<0.4.0a0",
        f"libledger ==0.3.0 {Package.from_file(finished.built['libledger']).build_string}",
    }
    assert {name: depends for name, depends in found.items() if depends} == DEPENDS | {"ledger": exact}


def test_after_the_abi_break_the_violated_are_rebuilt_and_the_rest_pass_as_they_are(workshop: Workshop) -> None:
    workshop.apply("abi-break")
    workshop.build("libtally")
    direct = ["libledger", "pytally"]
    others = ["adler", "adler-report", "sieve", "motto", "quill-check"]
    assert not any(can_be_installed(workshop.channel, "libtally >=2", name) for name in direct)
    assert all(can_be_installed(workshop.channel, "libtally >=2", name) for name in others)

    workshop.build("ledger", number=1)
    workshop.build("pytally", number=1)
    everything = solved(workshop.channel, "libtally >=2", "ledger", "split-bill", "tallybook", *others)
    assert (
        everything
        | {
            "libtally": "2.0.0=0",
            "libledger": "0.3.0=1",
            "ledger": "0.3.0=1",
            "pytally": "2.2.0=1",
            "split-bill": "1.0.0=0",
            "tallybook": "1.1.0=0",
        }
        == everything
    )
    assert workshop.failures(["libtally", "libledger", "ledger", "pytally", "split-bill", "tallybook"]) == {}


def test_the_second_change_breaks_one_test_of_an_unrebuilt_dependent_and_nothing_else(workshop: Workshop) -> None:
    workshop.apply("abi-break")
    for recipe, number in {"libtally": 0, "ledger": 1, "pytally": 1}.items():
        workshop.build(recipe, number)
    workshop.apply("breaks-a-test")
    workshop.build("libtally")
    workshop.build("motto")

    assert solved(workshop.channel, "pytally")["libtally"] == "2.1.0=0"
    touched = ["libtally", "libledger", "ledger", "pytally", "split-bill", "tallybook", "motto"]
    broken = workshop.failures(touched)
    assert list(broken) == ["pytally"]
    assert [line for line in broken["pytally"] if re.match("(FAIL|AssertionError):", line)] == [
        "FAIL: test_a_half_is_rounded_away_from_zero (test_pytally.Means.test_a_half_is_rounded_away_from_zero)",
        "AssertionError: 2 != 3",
    ]
    assert [each.success for each in workshop.test("pytally")] == [True, False]


def test_a_pin_that_is_not_the_python_at_hand_stops_the_build_and_says_what_to_do(bare_workshop: Workshop) -> None:
    pins = bare_workshop.tree / "variants.yaml"
    pins.write_text(pins.read_text().replace(platform.python_version(), f"{MINOR}.99"))
    with pytest.raises(BuildError) as stopped:
        bare_workshop.build("python")
    said = "\n".join(stopped.value.log)
    assert f"pins starter_python {MINOR}.99, but the python3 on PATH is {platform.python_version()}" in said
    assert "pin_python.py" in said


@pytest.mark.slow
def test_debians_own_python_is_packaged_so_that_it_finds_what_packages_bring(
    tmp_path: Path, tools: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian = Path("/usr/bin/python3")
    asked = "import platform, site; print(platform.python_version(), *site.getsitepackages())"
    answer = (
        subprocess.run([debian, "-c", asked], check=True, text=True, capture_output=True).stdout
        if debian.exists()
        else ""
    )
    if "dist-packages" not in answer:
        pytest.skip("this machine has no Python of Debian's")
    version = answer.split()[0]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").symlink_to(debian)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    workshop = Workshop(scratch_tree(tmp_path, version), empty_channel(tmp_path / "channel"))
    for recipe in ("host-cc", "libtally", "python", "pytally", "tallybook"):
        workshop.build(recipe)
    assert workshop.failures(["python", "pytally", "tallybook"]) == {}


def test_the_extension_needs_no_headers_of_python(workshop: Workshop) -> None:
    source = workshop.tree / "pytally" / "src" / "pytally.c"
    source.write_text(source.read_text().replace("__has_include(<Python.h>)", "0"))
    workshop.build("pytally", number=1)
    assert workshop.failures(["pytally", "tallybook"]) == {}


def test_pinning_keeps_the_rest_of_the_file(tmp_path: Path) -> None:
    tree = scratch_tree(tmp_path, "3.14.2")
    before, after = ((folder / "variants.yaml").read_text().splitlines() for folder in (TREE, tree))
    assert [line for line in after if line not in before] == ['  - "3.14.*"', '  - "3.14.2"']


def test_pinning_refuses_a_tree_without_the_pins(tmp_path: Path) -> None:
    (tmp_path / "variants.yaml").write_text("zlib: ['1']\n")
    run = subprocess.run(
        [sys.executable, TREE / "pin_python.py", tmp_path], check=False, text=True, capture_output=True
    )
    assert run.returncode == 1
    assert "0 pins called python" in run.stderr


def folder_of_tools(folder: Path, **programs: str) -> Path:
    """A PATH with the shell's few needs and these programs, given as shell scripts; and nothing else."""
    folder.mkdir()
    for name in ("sh", "cat", "dirname", "id", "mkdir"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def host_cc(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = TREE / "host-cc" / "src" / "host-cc"
    return subprocess.run([program, *arguments], check=False, env={"PATH": str(path)}, text=True, capture_output=True)


def test_a_machine_without_a_compiler_is_told_what_to_install(tmp_path: Path) -> None:
    run = host_cc(folder_of_tools(tmp_path / "bin"), "-c", "x.c")
    assert run.returncode == 127
    assert "no C compiler" in run.stderr
    assert "apt-get install gcc" in run.stderr
    assert "pip install ziglang" in run.stderr


def test_the_compiler_of_the_machine_comes_before_zig(tmp_path: Path) -> None:
    path = folder_of_tools(tmp_path / "bin", gcc='echo "gcc got $*"', python3='echo "zig got $*"')
    assert host_cc(path, "-c", "a b.c").stdout == "gcc got -c a b.c\n"


def test_zig_steps_in_where_there_is_no_compiler(tmp_path: Path) -> None:
    path = folder_of_tools(tmp_path / "bin", python3='test "$1" = -c || echo "python3 got $*"')
    assert host_cc(path, "-c", "x.c").stdout == "python3 got -m ziglang cc -c x.c\n"
