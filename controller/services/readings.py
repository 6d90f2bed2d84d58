"""What a tree says at a commit: only what was never read before is read."""

from controller.domain.recipes import Reading
from controller.gateways.checkouts import Checkout
from controller.gateways.recipes import read_recipe
from controller.gateways.tree_readings import put_together
from controller.services.farm import Farm


def read(farm: Farm, tree: str, commit: str) -> tuple[Reading, Checkout]:
    """The reading of a tree, and the tree itself. Raises TreeError."""
    checkout = farm.trees.open(tree, commit)
    wanted = list(checkout.readings(farm.rules.subdirs))
    recipes = checkout.recipes(place for place, _ in wanted)
    found = (read_recipe(recipes[place.folder], subdir)[0] for place, subdir in wanted)
    return put_together(commit, found), checkout
