import re
from dataclasses import fields
from pathlib import Path

import pytest

from controller.gateways.tree_file import LAYOUTS, NO_TREE_FILE, ForeignFile, TreeFile, TreeFileError, read_tree_file

GUIDE = Path(__file__).parents[3] / "docs" / "howto" / "recipe-trees.md"

WHOLE = b"""\
[farm]
port = 8000

[tree]
layout = "recipe-dir"
recipes = ["recipes/", "more/recipes"]
pins = [
  {tree = "https://git.example.org/pinning.git", rev = "main", file = "recipe/conda_build_config.yaml"},
  "pins/ours.yaml",
]
environment = {CF_CUDA_ENABLED = "True"}
subdirs = ["linux-64", "osx-arm64"]
"""


def refusal(text: str) -> TreeFileError:
    with pytest.raises(TreeFileError) as raised:
        read_tree_file(text.encode())
    assert raised.value.remedy
    return raised.value


def test_all_that_a_tree_may_say_of_itself_is_read() -> None:
    pinning = ForeignFile("https://git.example.org/pinning.git", "recipe/conda_build_config.yaml", "main")
    assert read_tree_file(WHOLE) == TreeFile(
        layout="recipe-dir",
        recipes=("recipes", "more/recipes"),
        pins=(pinning, "pins/ours.yaml"),
        environment={"CF_CUDA_ENABLED": "True"},
        subdirs=("linux-64", "osx-arm64"),
    )


@pytest.mark.parametrize("text", ["", "[tree]\n", "port = 8000\ntoken = 'x'\n", "[other]\nlayout = 1\n"])
def test_a_file_that_says_nothing_of_the_tree_changes_nothing(text: str) -> None:
    assert read_tree_file(text.encode()) == NO_TREE_FILE


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[tree]\nlayot = 'bioconda'\n", 2, "Did you mean layout?"),
        ("[other]\nx = 1\n[tree]\nx = 1\n", 4, "It may hold layout, recipes"),
        ("[tree]\nlayout = 'bioconada'\n", 2, "Did you mean bioconda?"),
        ("[tree]\npins = [\n  {tre = 'x', file = 'y'}\n]\n", 3, "Did you mean tree?"),
        ("[tree]\npins = [{tree = 'x'}]\n", 2, "lacks its tree or its file"),
        ("[tree]\npins = [3]\n", 2, "3 is no variant file"),
        ("[tree]\npins = ['../other.yaml']\n", 2, "no path within a tree"),
        ("[tree]\nrecipes = ['/etc']\n", 2, "no path within a tree"),
        ("[tree]\nrecipes = 'recipes'\n", 2, "recipes is no list"),
        ("[tree]\nrecipes = [1]\n", 2, "no text"),
        ("[tree]\nenvironment = {CUDA = true}\n", 2, "CUDA is no text"),
        ("[tree]\nenvironment = 'x'\n", 2, "environment is no table"),
        ("[tree.environment]\nCUDA = 1\n", 2, "CUDA is no text"),
        ("[tree]\nsubdirs = ['linux64']\n", 2, "no subdir"),
        ("tree = 3\n", 1, "tree is no table"),
        ("[tree]\nlayout = \n", 2, "it is no TOML"),
        ("[tree]\n# x = 1\nx = 1\n", 3, "x that means nothing"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line_and_the_next_step(text: str, line: int, words: str) -> None:
    error = refusal(text)
    assert words in str(error)
    assert error.line == line
    assert f"farm.toml, line {line}: " in error.what


def test_hostile_files_are_refused() -> None:
    assert "bytes" in refusal("#" * 200_000).what
    assert "nested" in refusal("[tree]\npins = " + "[" * 40_000).what
    with pytest.raises(TreeFileError, match="no UTF-8"):
        read_tree_file(b"[tree]\nlayout = '\xff'\n")


EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_guide_says_something(example: str) -> None:
    assert read_tree_file(example.encode()) != NO_TREE_FILE


def test_the_guide_shows_every_key_and_names_every_layout() -> None:
    said = "".join(EXAMPLES)
    shown = [f"{key.name} = " in said or f"tree.{key.name}]" in said for key in fields(TreeFile)]
    assert all(shown)
    assert all(f"`{layout}`" in GUIDE.read_text(encoding="utf-8") for layout in LAYOUTS)
