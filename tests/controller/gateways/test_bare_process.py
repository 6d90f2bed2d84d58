"""No recipe sees the environment of the process that reads it."""

from pathlib import Path

import pytest
from rattler_build import VariantConfig

from controller.domain.errors import RecipeError
from controller.gateways.bare_process import asks_environment, needs_bare
from controller.gateways.bodies import readings_of
from controller.gateways.parallel import FEW, Task, read_many
from controller.gateways.recipes import Recipe
from controller.gateways.rendering import render

ASKING = """
package:
  name: a
  version: ${{ env.get("FARM_TOP_SECRET", default="1.0") }}
"""


def asking(folder: Path, text: str = ASKING) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(text)
    return folder / "recipe.yaml"


def test_the_environment_of_the_controller_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_TOP_SECRET", "6.6.6")
    (made,) = render(asking(tmp_path), VariantConfig({"k": ["1"]}), "linux-64")
    assert made.version == "1.0"


def test_neither_is_it_where_many_recipes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_TOP_SECRET", "6.6.6")
    folders = [asking(tmp_path / str(number)).parent for number in range(FEW + 1)]
    tasks = [Task(str(folder), Recipe(folder.name, "recipe.yaml", folder), "linux-64") for folder in folders]
    found = readings_of({done.key: done.body for done in read_many(tasks, len(tasks), processes=1)})
    assert {output.version for reading in found.values() for output in reading.outputs} == {"1.0"}
    assert len(found) == FEW + 1


def test_a_fault_of_such_a_recipe_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="requirments"):
        render(asking(tmp_path, ASKING + "requirments: {}\n"), VariantConfig(), "linux-64")


def test_a_context_that_doubles_itself_ends_its_own_process_alone(tmp_path: Path) -> None:
    lines = "".join(f"  a{n + 1}: ${{{{ a{n} ~ a{n} }}}}\n" for n in range(40))
    text = f"context:\n  a0: aaaaaaaaaa\n{lines}package: {{name: a, version: '1'}}\n"
    with pytest.raises(RecipeError, match="brought the reading process down"):
        render(asking(tmp_path, text + 'about: {summary: "${{ a40 }}"}\n'), VariantConfig(), "linux-64")


def test_a_context_as_recipes_have_it_is_read_here() -> None:
    lines = "".join(f"  a{n}: ${{{{ version | replace('.', '_') }}}}-{n}\n" for n in range(8))
    assert not needs_bare(f"context:\n  version: 1.2\n{lines}package: {{name: a, version: 1}}\n")


def test_the_word_alone_is_suspicious() -> None:
    assert asks_environment("x: ${{ env['A'] }}")
    assert not asks_environment("x: environment, venv and env_vars")
