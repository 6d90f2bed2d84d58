"""``farm recipe new``: what was made is told on stderr, what was written on stdout."""

from collections.abc import Sequence
from pathlib import Path

import typer

from controller.cli.output import FAILED, Form, confirm, note, show
from controller.cli.recipe_lines import finding_lines, write
from controller.services.answers.recipe_shapes import NewRecipe
from controller.services.generating import draft, keep, runs_foreign_code


def run(package: str, into: Path, *, yes: bool, dry_run: bool, subdirs: Sequence[str], form: Form) -> None:
    """Draft, tell, ask where something would be lost, write; 1 where the linter has an error."""
    if runs_foreign_code(package):
        confirm("A rockspec is a Lua program, which the generator runs on this machine. Fetch and run it?", yes=yes)
    recipe = draft(package, into, subdirs)
    _tell(recipe)
    if not dry_run:
        recipe = _kept(recipe, yes=yes)
    lines = recipe.text.splitlines() if dry_run else [recipe.file]
    show(form, recipe, lambda: write(lines), [recipe.file])
    if recipe.lint.errors:
        raise typer.Exit(FAILED)


def _kept(recipe: NewRecipe, *, yes: bool) -> NewRecipe:
    if recipe.there and not recipe.diff and Path(recipe.file).is_file():
        note(f"{recipe.file} is the same already")
        return recipe
    if recipe.there:
        note(recipe.diff or f"{Path(recipe.file).parent.as_posix()} has a meta.yaml, which would be read no more")
        confirm(f"Replace the recipe in {Path(recipe.file).parent.as_posix()}?", yes=yes)
    return keep(recipe)


def _tell(recipe: NewRecipe) -> None:
    for head, sentences in (("repaired", recipe.repairs), ("look at", recipe.remarks)):
        for sentence in sentences:
            note(f"{head}: {sentence}")
    for finding in recipe.lint.findings:
        for line in finding_lines(finding):
            note(line)
