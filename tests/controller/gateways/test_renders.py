"""One recipe of either format as the builder gets it."""

from pathlib import Path

import pytest

from controller.domain.errors import RecipeError
from controller.gateways.renders import Render, renders
from controller.gateways.tree_readings import open_folder

NEW = """\
package: {name: thing, version: "1.10"}
build: {number: 2, skip: win}
requirements: {host: [python], run: [python]}
tests: [{script: thing}]
"""
OLD = """\
package:
  name: thing
  version: 1.10
build:
  number: 2
  skip: True  # [win]
requirements:
  host:
    - python
  run:
    - python
test:
  commands:
    - thing
"""
PINS = "python:\n  - 3.12.* *_cpython\n  - 3.13.* *_cp313\n"


def tree(folder: Path, name: str, text: str) -> Path:
    (folder / "thing").mkdir()
    (folder / "thing" / name).write_text(text, encoding="utf-8")
    (folder / "conda_build_config.yaml").write_text(PINS, encoding="utf-8")
    return folder


def made(root: Path, subdir: str = "linux-64") -> list[Render]:
    return list(renders(open_folder(root, "").recipe("thing"), subdir))


@pytest.mark.parametrize(("name", "text"), [("recipe.yaml", NEW), ("meta.yaml", OLD)])
def test_both_formats_become_the_same_files(name: str, text: str, tmp_path: Path) -> None:
    found = made(tree(tmp_path, name, text))
    assert [(one.subdir, one.file_name) for one in found] == [
        ("linux-64", "thing-1.10-py312h24bf083_2.conda"),
        ("linux-64", "thing-1.10-py313hf8ff334_2.conda"),
    ]
    document = found[0].rendered.document
    assert document["requirements"] == {"host": ["python"], "run": ["python"]}
    assert document["tests"] == [{"script": "thing"}] or document["tests"] == [{"script": ["thing"]}]
    assert found[0].lost == ()


@pytest.mark.parametrize(("name", "text"), [("recipe.yaml", NEW), ("meta.yaml", OLD)])
def test_what_skips_itself_renders_to_nothing(name: str, text: str, tmp_path: Path) -> None:
    assert made(tree(tmp_path, name, text), "win-64") == []


def test_what_a_translation_loses_is_told_by_construct(tmp_path: Path) -> None:
    text = OLD.replace("  number: 2\n", "  number: 2\n  features:\n    - vc14\n")
    (first, _) = made(tree(tmp_path, "meta.yaml", text))
    assert any("features" in lost for lost in first.lost)


@pytest.mark.parametrize(
    ("name", "text"),
    [("recipe.yaml", NEW.replace("tests:", "tets:")), ("meta.yaml", OLD.replace("- thing", "- {{ thing( }}"))],
)
def test_what_cannot_be_read_is_said_with_its_file(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=rf"thing/{name}"):
        made(tree(tmp_path, name, text))
