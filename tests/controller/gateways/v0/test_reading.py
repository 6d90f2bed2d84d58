"""Old recipes as outputs: what tells one state of a recipe from another, and what does not."""

from pathlib import Path

import pytest

from controller.domain.recipes import Output
from controller.gateways.pins import NO_PINS, Pins
from controller.gateways.v0.reading import read_v0, translations
from tests.kit.old_recipes import old_recipe

BASE = """
package: {name: a, version: 1}
build: {number: 1}
requirements: {run: [zlib]}
about: {summary: one}
outputs:
  - name: a
  - name: b
    build: {number: 4}
"""


def read(folder: Path, text: str, files: str = "", pins: Pins = NO_PINS) -> tuple[Output, ...]:
    return read_v0(old_recipe(folder, text), "a", pins, "linux-64", files)


@pytest.mark.parametrize(
    ("before", "after"), [("number: 1", "number: 2"), ("number: 4", "number: 5"), ("summary: one", "summary: two")]
)
def test_neither_a_build_number_nor_prose_makes_another_recipe(tmp_path: Path, before: str, after: str) -> None:
    old, new = (read(tmp_path, text) for text in (BASE, BASE.replace(before, after)))
    assert [output.fingerprint for output in old] == [output.fingerprint for output in new]


@pytest.mark.parametrize(("before", "after"), [("run: [zlib]", "run: [zstd]"), ("version: 1", "version: 2")])
def test_what_alters_the_build_makes_another_recipe(tmp_path: Path, before: str, after: str) -> None:
    old, new = (read(tmp_path, text) for text in (BASE, BASE.replace(before, after)))
    assert not {output.fingerprint for output in old} & {output.fingerprint for output in new}


def test_so_does_another_file_beside_it(tmp_path: Path) -> None:
    old, new = (read(tmp_path, BASE, files) for files in ("one", "two"))
    assert not {output.fingerprint for output in old} & {output.fingerprint for output in new}


def test_what_cannot_be_built_is_read_and_says_why(tmp_path: Path) -> None:
    (output,) = read(tmp_path, "package: {name: a, version: 1}\nsource: {svn_url: x}\nrequirements: {run: [zlib]}\n")
    assert output.unbuildable == "source/svn_url: its source is kept in Subversion"
    assert [requirement.name for requirement in output.requirements] == ["zlib"]


def test_a_worker_gets_only_the_forms_that_it_builds(tmp_path: Path) -> None:
    text = "package: {name: a, version: 1}\nbuild:\n  script: one  # [k == 'x']\n  string: x_0  # [k == 'x']\n"
    pins = Pins({"k": ("x", "y")})
    outputs = read(tmp_path, text, pins=pins)
    assert len(outputs) == 2
    (only,) = translations(tmp_path, pins, "linux-64", [o for o in outputs if o.build == "x_0"])
    assert '"one"' in only.recipe
    assert len(translations(tmp_path, pins, "linux-64", outputs)) == 2
