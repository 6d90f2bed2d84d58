"""The build numbers that a batch was given, as edits of the recipes' texts: nothing is written here."""

from collections.abc import Iterable
from hashlib import sha256

from controller.gateways.checkouts import Checkout
from controller.gateways.number_edits import edit_number
from controller.gateways.patches import patch_of
from controller.gateways.recipes import Recipe
from controller.gateways.renumbered import Reread, reread
from controller.services.answers.forecast_shapes import NumberEditShape, NumbersAnswer
from controller.services.farm import Farm
from controller.storage import artifacts, batches


def number_edits(farm: Farm, batch: str) -> NumbersAnswer:
    """What would write the numbers of all that a batch has built into its tree, at the commit that was built.

    An edit counts only when the recipe, read again with it, makes the same packages under exactly that number.
    Raises NotFoundError, and TreeError where the tree cannot be read any more.
    """
    with farm.reading() as session:
        row = batches.find_batch(session, batch)
        change = batches.changes_by_id(session, [row.change_id])[row.change_id]
        built = [file.value() for file in artifacts.of_batch(session, row.id or 0)]
    numbers = _numbers((artifact.recipe, artifact.build_number) for artifact in built)
    checkout = farm.trees.open(change.tree, change.commit)
    edits = tuple(
        edit for recipe, number in numbers if (edit := _edit(checkout, recipe, number, farm.rules.subdirs)) is not None
    )
    return NumbersAnswer(batch=row.name, tree=change.tree, commit=change.commit, edits=edits)


def _numbers(built: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    highest: dict[str, int] = {}
    for recipe, number in built:
        highest[recipe] = max(number, highest.get(recipe, 0))
    return sorted(highest.items())


def _edit(checkout: Checkout, folder: str, number: int, subdirs: tuple[str, ...]) -> NumberEditShape | None:
    """The edit of one recipe, or why there is none; None where it says that number already."""
    if folder not in checkout.places:
        tree = folder.partition(":")[0]
        return NumberEditShape(recipe=folder, number=number, why_not=f"it lies in another tree, {tree}")
    recipe = checkout.recipe(folder)
    old = (recipe.folder / recipe.file).read_bytes()
    before = reread(recipe, old, subdirs)
    if before.numbers <= {number} and not before.fault:
        return None
    said = NumberEditShape(recipe=folder, file=recipe.path, number=number, old_sha256=sha256(old).hexdigest())
    return said.model_copy(update=_changed(recipe, old, number, subdirs, before))


def _changed(
    recipe: Recipe, old: bytes, number: int, subdirs: tuple[str, ...], before: Reread
) -> dict[str, str]:  # fmt: skip
    try:
        text = old.decode("utf-8")
    except UnicodeDecodeError:
        return {"why_not": "its text is no UTF-8"}
    edited = edit_number(text, recipe.file, number)
    if edited.why_not:
        return {"why_not": edited.why_not}
    after = reread(recipe, edited.text.encode("utf-8"), subdirs)
    why_not = _differs(before, after, number)
    if why_not:
        return {"why_not": why_not}
    return {"text": edited.text, "diff": patch_of(recipe.path, text, edited.text)}


def _differs(before: Reread, after: Reread, number: int) -> str:
    if after.fault:
        return f"read again with that number, {after.fault}"
    if after.numbers != {number}:
        others = ", ".join(map(str, sorted(after.numbers - {number})))
        return f"its number is said elsewhere too: read again with the edit, it has {others}"
    return "" if after.makes == before.makes else "more than its build strings depends on its number"
