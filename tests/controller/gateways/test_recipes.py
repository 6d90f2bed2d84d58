"""One recipe, of either format: what its faults come to, and which of them will come again."""

from pathlib import Path
from typing import Any, cast

from controller.gateways.recipes import Recipe, read_recipe

V0 = "package: {name: a, version: 1}\n"


def recipe(folder: Path, text: str, file: str = "meta.yaml", **more: Any) -> Recipe:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text)
    return Recipe("a", file, folder, **more)


def test_a_fault_of_the_recipe_will_come_again(tmp_path: Path) -> None:
    reading, lasts = read_recipe(recipe(tmp_path, "package: {version: 1}\n"), "linux-64")
    assert lasts
    assert [refusal.cause for refusal in reading.refusals] == ["it has no package name."]


def test_a_process_that_did_not_come_back_may_have_been_the_machines_fault(tmp_path: Path) -> None:
    lines = "".join(f"  a{n + 1}: ${{{{ a{n} ~ a{n} }}}}\n" for n in range(40))
    text = (
        f"context:\n  a0: aaaaaaaaaa\n{lines}package: {{name: a, version: '1'}}\nabout: {{summary: '${{{{ a40 }}}}'}}\n"
    )
    reading, lasts = read_recipe(recipe(tmp_path, text, "recipe.yaml"), "linux-64")
    assert not lasts
    assert "brought the reading process down" in reading.refusals[0].cause


def test_a_fault_of_the_reader_stops_nobody_and_is_told_as_such(tmp_path: Path) -> None:
    broken = recipe(tmp_path, V0, pins=cast("Any", (None,)))
    reading, lasts = read_recipe(broken, "linux-64")
    assert not lasts
    (refusal,) = reading.refusals
    assert refusal.cause.startswith("the reader broke down over it: ")
    assert refusal.remedy == "This is a fault of the farm: report it with the recipe."


def test_a_recipe_of_either_format_is_the_same_values(tmp_path: Path) -> None:
    old, _ = read_recipe(recipe(tmp_path / "old", V0), "linux-64")
    new, _ = read_recipe(recipe(tmp_path / "new", "package: {name: a, version: '1'}\n", "recipe.yaml"), "linux-64")
    assert [(o.name, o.version, o.build, o.hash) for o in old.outputs] == [
        (o.name, o.version, o.build, o.hash) for o in new.outputs
    ]


def test_a_build_for_every_later_python_takes_nothing_of_what_python_exports(tmp_path: Path) -> None:
    text = "package: {name: a, version: '1'}\nbuild: {python: {version_independent: true}}\n"
    text += "requirements: {host: [python 3.10.*], run: [python >=3.10]}\n"
    reading, _ = read_recipe(recipe(tmp_path, text, "recipe.yaml"), "linux-64")
    assert reading.outputs[0].ignored_exporters == {"python"}
    assert reading.outputs[0].takes_nothing_of("python")
