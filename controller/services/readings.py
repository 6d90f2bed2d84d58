"""What a tree says at a commit: only what was never read before is read, and by all cores.

A reading is known by a digest of all that it depends on; it is looked for in memory, then in the database.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice

from controller.domain.recipes import Reading, RecipeReading
from controller.gateways.bodies import readings_of, uncollected
from controller.gateways.checkouts import Checkout
from controller.gateways.layouts import RecipePlace
from controller.gateways.parallel import Done, Task, read_many
from controller.gateways.tree_migrations import NOTHING_ASKED, AskedPins
from controller.gateways.tree_readings import put_together
from controller.planning.ancestry import with_ancestors
from controller.services.farm import Farm
from controller.storage.readings import find_readings, keep_readings, prune_readings, touch_readings

Wanted = Mapping[str, tuple[RecipePlace, str]]
"""Key of a reading to the recipe and the subdir."""
_KEPT_DAYS = 60
_AT_ONCE = 400
"""So many are written together, so that a push that is cut off has not read in vain."""


def read(farm: Farm, tree: str, commit: str, asked: AskedPins = NOTHING_ASKED) -> tuple[Reading, Checkout]:
    """The reading of a tree, and the tree itself; with what is ``asked`` of its pins. Raises TreeError.

    A migration that has a list of those whom it is for is also for what these need, which a first reading tells.
    """
    with uncollected():
        checkout = farm.trees.open(tree, commit)
        checkout = checkout.asking(asked) if asked else checkout
    reading = _read_all(farm, tree, checkout)
    limits = checkout.migrations.limits
    if not any(limits.values()):
        return reading, checkout
    behind = {name: with_ancestors(reading.outputs, named) for name, named in limits.items() if named}
    whole = checkout.limited({**limits, **behind})
    return _read_all(farm, tree, whole), whole


def _read_all(farm: Farm, tree: str, checkout: Checkout) -> Reading:
    with uncollected():
        wanted = checkout.keys(checkout.readings(farm.rules.subdirs))
        found = farm.readings.having(wanted)
    found |= _stored(farm, [key for key in wanted if key not in found])
    found |= _read(farm, checkout, {key: at for key, at in wanted.items() if key not in found})
    _note_use(farm, tree, wanted)
    with uncollected():
        return put_together(checkout.commit, (found[key] for key in wanted))


def _note_use(farm: Farm, tree: str, wanted: Wanted) -> None:
    """Once a day; then what no push has used for long is forgotten too."""
    today = farm.now().date()
    if farm.readings.is_first_use(tree, today):
        with farm.transaction() as session:
            touch_readings(session, wanted, today)
            prune_readings(session, today - timedelta(days=_KEPT_DAYS))


def _stored(farm: Farm, keys: list[str]) -> dict[str, RecipeReading]:
    if not keys:
        return {}
    with farm.reading() as session:
        bodies = find_readings(session, keys)
    found = readings_of(bodies)
    farm.readings.keep(found)
    return found


def _read(farm: Farm, checkout: Checkout, wanted: Wanted) -> dict[str, RecipeReading]:
    found: dict[str, RecipeReading] = {}
    for done in _portions(read_many(_tasks(checkout, wanted), len(wanted))):
        with farm.transaction() as session:
            keep_readings(session, {one.key: one.body for one in done if one.lasts}, farm.now().date())
        read = readings_of({one.key: one.body for one in done})
        farm.readings.keep({one.key: read[one.key] for one in done if one.lasts})
        found |= read
    return found


def _tasks(checkout: Checkout, wanted: Wanted) -> Iterator[Task]:
    """Files are fetched as their turn comes, and written by whoever reads them."""
    keys: dict[str, list[tuple[str, str]]] = {}
    for key, (place, subdir) in wanted.items():
        keys.setdefault(place.folder, []).append((key, subdir))
    for recipe, unwritten in checkout.unwritten(place for place, _ in wanted.values()):
        for key, subdir in keys[recipe.recipe]:
            yield Task(key, recipe, subdir, unwritten)


def _portions(done: Iterator[Done]) -> Iterator[list[Done]]:
    while some := list(islice(done, _AT_ONCE)):
        yield some
