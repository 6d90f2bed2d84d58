"""Tests of the old format in the new one."""

from pathlib import Path
from typing import Any

import pytest

from controller.gateways.v0.translation.losses import Loss
from tests.kit.old_recipes import translation_of


def checks_of(folder: Path, text: str, name: str = "a", platform: str = "linux-64", **files: str) -> list[Any]:
    meta = f"package: {{name: {name}, version: 1}}\ntest:\n{text}\n"
    return list(translation_of(folder, meta, platform, **files).document.get("tests", []))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("numpy", {"python": {"imports": ["x", "x.y"], "pip_check": False}}),
        ("perl-x", {"perl": {"uses": ["x", "x.y"]}}),
        ("r-x", {"r": {"libraries": ["x", "x.y"]}}),
        ("lua-x", {"script": ["lua -e \"require 'x'\"", "lua -e \"require 'x.y'\""]}),
    ],
)
def test_the_name_of_a_package_tells_the_language_of_its_imports(name: str, meant: Any, tmp_path: Path) -> None:
    assert checks_of(tmp_path, "  imports:\n    - x\n    - x.y", name) == [meant]


def test_an_entry_may_name_its_language(tmp_path: Path) -> None:
    assert checks_of(tmp_path, "  imports:\n    - lang: perl\n      imports: X") == [{"perl": {"uses": ["X"]}}]


def test_imports_that_need_more_than_the_package_are_commands(tmp_path: Path) -> None:
    found = checks_of(tmp_path, "  imports:\n    - x\n  requires:\n    - pytest 7\n  commands:\n    - pytest")
    assert found == [{"script": ['python -c "import x"', "pytest"], "requirements": {"run": ["pytest 7.*"]}}]


def test_files_go_with_the_commands(tmp_path: Path) -> None:
    text = "  commands:\n    - diff a b\n  files:\n    - a\n  source_files:\n    - tests/"
    assert checks_of(tmp_path, text) == [{"script": ["diff a b"], "files": {"recipe": ["a"], "source": ["tests/"]}}]


def test_files_of_the_usual_names_are_run(tmp_path: Path) -> None:
    files = {"run_test__py": "", "run_test__sh": "", "run_test__bat": "", "run_test__pl": ""}
    unix = checks_of(tmp_path / "u", "  commands:\n    - x", **files)
    assert unix[0]["script"] == ["python run_test.py", "perl run_test.pl", "bash -e run_test.sh", "x"]
    assert unix[0]["files"]["recipe"] == ["run_test.py", "run_test.pl", "run_test.sh"]
    windows = checks_of(tmp_path / "w", "  commands:\n    - x", platform="win-64", **files)
    assert windows[0]["script"] == ["python run_test.py", "perl run_test.pl", "call run_test.bat", "x"]


def test_a_file_of_the_usual_name_is_a_test_without_a_test_section(tmp_path: Path) -> None:
    found = translation_of(tmp_path, "package: {name: a, version: 1}", run_test__py="pass").document["tests"]
    assert found == [{"script": ["python run_test.py"], "files": {"recipe": ["run_test.py"]}}]


def test_downstream_packages_are_tests_of_their_own(tmp_path: Path) -> None:
    assert checks_of(tmp_path, "  downstreams:\n    - b\n    - c 2") == [{"downstream": "b"}, {"downstream": "c 2.*"}]


def test_an_output_is_tested_by_its_own_section_and_its_own_script(tmp_path: Path) -> None:
    meta = """
package: {name: a, version: 1}
test: {commands: whole}
outputs:
  - name: b
    test: {script: check_b.py, commands: b --help}
  - name: c
  - name: a
"""
    found = translation_of(tmp_path, meta, check_b__py="pass")
    tests = {output["package"]["name"]: output.get("tests") for output in found.document["outputs"]}
    assert tests == {
        "b": [{"script": ["python check_b.py", "b --help"], "files": {"recipe": ["check_b.py"]}}],
        "c": None,
        "a": [{"script": ["whole"]}],
    }


def test_a_test_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    meta = "package: {name: a, version: 1}\noutputs:\n  - name: b\n    test: {script: absent.py}\n"
    losses: tuple[Loss, ...] = translation_of(tmp_path, meta).losses
    assert [(loss.construct, loss.why) for loss in losses] == [("outputs[0]/test/script", "there is no file absent.py")]
