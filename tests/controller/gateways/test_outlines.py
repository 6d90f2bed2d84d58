"""Outlines of recipe texts: lines that people can go to, in both formats."""

from pathlib import Path

import pytest

from controller.gateways.outlines import outline, written
from controller.gateways.tree_readings import open_folder
from controller.planning.lints.written import Node, Written

OLD = """\
{% set name = "zlib" %}
{% set version = "1.3" %}

package:
  name: {{ name|lower }}
  version: {{ version }}

source:
  url: https://example.org/{{ name }}-{{ version }}.tgz  # [linux]
  url: https://example.org/{{ name }}.zip  # [win]

build:
  number: 0
  {% if win %}
  skip: True
  {% endif %}

requirements:
  build:
    - {{ compiler('c') }}  # [unix]
    - "{{ stdlib("c") }}"
{# a comment
   of two lines #}
  run:
    - {{ pin_compatible('numpy', max_pin='x.x') }}
"""
NEW = """\
source:
  - if: win
    then: {url: a}
    else:
      - url: b
      - {url: c, sha256: d}
outputs:
  - package: {name: one}
"""


def root(text: str, *, old: bool = False) -> Node:
    found = outline(text, old=old)
    assert found is not None
    return found


def lines(node: Node, *path: str) -> list[tuple[int, str]]:
    return [(found.line, found.text) for found in node.all(*path)]


def test_lines_of_an_old_recipe_are_those_of_its_file() -> None:
    node = root(OLD, old=True)
    assert lines(node, "package", "name") == [(5, "< name|lower >")]
    assert [line for line, _ in lines(node, "source", "url")] == [9, 10]
    assert lines(node, "build", "skip") == [(15, "True")]
    assert lines(node, "requirements", "build") == [(20, "< compiler(c) >"), (21, "< stdlib(c) >")]
    assert lines(node, "requirements", "run") == [(25, "< pin_compatible(numpy, max_pin=x.x) >")]


def test_lists_and_every_branch_of_a_condition_are_opened() -> None:
    node = root(NEW)
    assert [text for _, text in lines(node, "source", "url")] == ["a", "b", "c"]
    assert [source.has("sha256") for source in node.all("source")] == [False, False, True]
    assert lines(node, "outputs", "package", "name") == [(8, "one")]
    assert not node.has("source", "git")


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- b\n", "a: [", "a: {{ b }}\n  c: d\n", "\0", "a: &a [*a]\n", "a: &a\n  b: *a\n", "[" * 3000, LAUGHS],
    ids=["empty", "list", "open", "indent", "nul", "itself", "itself below", "deep", "a billion"],
)
def test_what_is_no_bounded_mapping_has_no_outline_and_does_no_harm(text: str) -> None:
    assert outline(text, old=True) is None


def of(root: Path, folder: str) -> Written:
    return written(open_folder(root, "").recipe(folder))


def test_a_folder_with_both_is_of_the_new_format(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/meta.yaml").write_text(OLD)
    assert (of(tmp_path, "a").old, of(tmp_path, "a").file) == (True, "a/meta.yaml")
    (tmp_path / "a/recipe.yaml").write_text(NEW)
    assert (of(tmp_path, "a").old, of(tmp_path, "a").file) == (False, "a/recipe.yaml")


def test_a_recipes_own_pins_have_lines_and_those_of_the_tree_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for folder in (tmp_path, tmp_path / "a"):
        (folder / "recipe.yaml").write_text(NEW)
        (folder / "conda_build_config.yaml").write_text("# pins\npython:  # [unix]\n  - 3.12\nzip_keys: []\n")
    assert of(tmp_path, ".").pin_files == ()
    (pins,) = of(tmp_path, "a").pin_files
    assert (pins.file, pins.keys) == ("a/conda_build_config.yaml", (("python", 2), ("zip_keys", 4)))


@pytest.mark.parametrize(
    ("zipped", "groups"),
    [
        ("\n  - [python, numpy]\n  - [c, cxx]", (("python", "numpy"), ("c", "cxx"))),
        ("\n  -\n    - python\n    - numpy\n  - [c, cxx]", (("python", "numpy"), ("c", "cxx"))),
        ("\n  - python\n  - numpy", (("python", "numpy"),)),
    ],
)
def test_pins_that_go_together_are_known(zipped: str, groups: tuple[tuple[str, ...], ...], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/meta.yaml").write_text(OLD)
    (tmp_path / "a/conda_build_config.yaml").write_text(f"zip_keys:{zipped}\n")
    (pins,) = of(tmp_path, "a").pin_files
    assert pins.together == groups
    assert (pins.with_key("numpy"), pins.with_key("rust")) == (("python", "numpy"), ("rust",))
