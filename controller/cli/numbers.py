"""``farm batch commit-numbers``: the build numbers that a batch was given, as a patch or as a commit on a branch."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from controller.cli.asking import Context
from controller.cli.output import counted, note, tell
from controller.domain.errors import InvalidInputError
from controller.gateways.branch_commits import LocalRepository, NewText
from controller.gateways.trees import is_repository
from controller.services.answers.forecast_shapes import NumbersAnswer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to: without a tree the patch is printed. ``branch`` is made where it is not there."""

    batch: str
    tree: Path | None
    branch: str
    push: bool


def run(context: Context, wanted: Wanted) -> None:
    """Ask the controller for the edits, and print or commit them."""
    with context.client() as client:
        found = client.numbers(wanted.batch)
    for edit in found.edits:
        if edit.why_not:
            note(f"not edited: {edit.file or edit.recipe} (number {edit.number}): {edit.why_not}")
    if not any(edit.text for edit in found.edits):
        note("There is no number to write.")
    elif wanted.tree is None and not wanted.push:
        _print_patch(found)
    else:
        _commit(found, wanted)


def _print_patch(found: NumbersAnswer) -> None:
    """As bytes: the text of a recipe is not ours to change, not even its line ends."""
    sys.stdout.flush()
    sys.stdout.buffer.write("".join(edit.diff for edit in found.edits).encode("utf-8"))
    sys.stdout.buffer.flush()


def _commit(found: NumbersAnswer, wanted: Wanted) -> None:
    place = (wanted.tree or Path()).resolve()
    if not place.is_dir() or not is_repository(str(place)):
        raise InvalidInputError(f"{place} is no git repository.", remedy="Name a clone of the tree with --tree.")
    branch = wanted.branch or f"farm/numbers-{found.batch.lower()}"
    files = {edit.file: NewText(edit.old_sha256, edit.text.encode("utf-8")) for edit in found.edits if edit.text}
    with tempfile.TemporaryDirectory(prefix="farm-git-") as scratch:
        repository = LocalRepository(place, Path(scratch))
        done = repository.commit(found.commit, branch, files, _message(found, len(files)))
        for path in done.stale:
            note(f"not edited: {path} is another on {branch} than the one that was built")
        if not done.commit:
            note(f"There is no number to write on {branch}.")
            return
        if wanted.push:
            repository.push(branch)
    number = counted(len(files) - len(done.stale), "recipe")
    tell(f"{branch} {done.commit[:12]}: {number}{', pushed to origin' if wanted.push else ''}")


def _message(found: NumbersAnswer, recipes: int) -> str:
    return f"Build numbers of {counted(recipes, 'recipe')}, as {found.batch} built them\n"
