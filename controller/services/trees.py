"""Several trees form one farm: a push of one plans on all of them, each at the commit that was pushed last.

A dependent may lie in another tree than the library that moved; it is rebuilt from its own tree and commit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from controller.domain.errors import TreeError
from controller.domain.recipes import Output, Reading, Refusal
from controller.gateways.checkouts import Checkout
from controller.gateways.tree_migrations import NOTHING_ASKED, AskedPins
from controller.gateways.tree_readings import Name, name_outputs
from controller.planning.policy import MINIMAL, Policy
from controller.services.farm import Farm
from controller.services.readings import read
from controller.storage import batches

_HERE = ""
"""The tree that is pushed: its recipes are known by their folder alone."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What all trees say together. A recipe of another tree is known as ``TREE:folder``."""

    reading: Reading
    checkouts: Mapping[str, Checkout] = field(default_factory=dict)
    tree: str = ""
    """Address of the tree that is pushed."""
    policy: Policy = MINIMAL
    """What the tree that is pushed says, with the overrides of all."""
    commits: Mapping[str, str] = field(default_factory=dict)
    """Address of each tree to the commit at which it was read."""

    def by_checkout(self, recipes: Iterable[str]) -> Iterator[tuple[Checkout, dict[str, str]]]:
        """Each tree with those of ``recipes`` that lie in it, and their folders there."""
        found: dict[str, dict[str, str]] = {}
        for recipe in recipes:
            tree, folder = self._split(recipe)
            found.setdefault(tree, {})[recipe] = folder
        yield from ((self.checkouts[tree], folders) for tree, folders in found.items())

    def named(self, numbers: Mapping[Name, int]) -> tuple[Output, ...]:
        """The outputs that ``numbers`` speaks of, as they are named with those build numbers."""
        own: dict[str, list[Output]] = {tree: [] for tree in self.checkouts}
        for output in self.reading.outputs:
            tree, folder = self._split(output.recipe)
            own[tree].append(replace(output, recipe=folder) if tree else output)
        return tuple(
            _of_tree(output, tree)
            for tree, outputs in own.items()
            for output in name_outputs(self.checkouts[tree], replace(self.reading, outputs=tuple(outputs)), numbers)
        )

    def _split(self, recipe: str) -> tuple[str, str]:
        tree, sign, folder = recipe.partition(":")
        return (tree, folder) if sign and tree in self.checkouts else (_HERE, recipe)


def stand(
    farm: Farm, tree: str, commit: str, commits: Mapping[str, str] | None = None,
    asked: AskedPins = NOTHING_ASKED,
) -> Standing:  # fmt: skip
    """The tree at a commit, and with it all others that the farm is told of. Raises TreeError for the tree itself.

    The others stand where they were pushed last, or at ``commits``, as an earlier plan found them.
    ``asked`` is what the pins of the tree are supposed to be.
    """
    reading, checkout = read(farm, tree, commit, asked)
    checkouts, found = {_HERE: checkout}, {tree: commit}
    before, after = list[tuple[str, Reading]](), list[tuple[str, Reading]]()
    refusals = list(reading.refusals)
    for label, url, at, earlier in _others(farm, tree, commits):
        try:
            theirs, checkouts[label] = read(farm, url, at)
        except TreeError as error:
            refusals.append(Refusal(label, url, f"the tree cannot be read at {at}: {error.what}", remedy=error.remedy))
            continue
        (before if earlier else after).append((label, theirs))
        found[url] = at
    outputs = _together([*before, (_HERE, reading), *after], refusals)
    overrides = tuple(o for other in checkouts.values() for o in other.tree_file.policy.overrides)
    needs = tuple(rule for other in checkouts.values() for rule in other.tree_file.policy.needs)
    expected = tuple(entry for other in checkouts.values() for entry in other.tree_file.policy.expected)
    policy = replace(checkout.tree_file.policy, overrides=overrides, needs=needs, expected=expected)
    return Standing(replace(reading, outputs=tuple(outputs), refusals=tuple(refusals)), checkouts, tree, policy, found)


def _others(farm: Farm, tree: str, known: Mapping[str, str] | None) -> Iterator[tuple[str, str, str, bool]]:
    """Name, address and commit of every other tree, and whether it comes before this one in the settings."""
    known_as = told(farm)
    here = _address(tree)
    if here not in known_as:
        return
    with farm.reading() as session:
        last = {url: batches.last_commit(session, url) for url in known_as if url != here} if known is None else {}
    commits: Mapping[str, str | None] = last if known is None else known
    names = dict(zip(known_as, _names(known_as), strict=True))
    for place, url in enumerate(known_as):
        commit = commits.get(url)
        if commit is not None:
            yield names[url], url, commit, place < known_as.index(here)


def told(farm: Farm) -> list[str]:
    """The addresses of the trees that form one farm, in order."""
    return [_address(url) for url in farm.rules.trees]


def _address(url: str) -> str:
    return str(Path(url).resolve()) if Path(url).is_dir() else url


def _names(urls: Sequence[str]) -> list[str]:
    """A short name for each, no two the same."""
    names: list[str] = []
    for url in urls:
        name = PurePosixPath(url.rstrip("/")).name.removesuffix(".git").replace(":", "-") or "tree"
        same = sum(known.split("~")[0] == name for known in names)
        names.append(f"{name}~{same + 1}" if same else name)
    return names


def _together(readings: Sequence[tuple[str, Reading]], refusals: list[Refusal]) -> Iterator[Output]:
    """All outputs; of two trees that make one file the one that the settings name first."""
    made: dict[tuple[str, str], str] = {}
    for tree, reading in readings:
        for output in reading.outputs:
            first = made.setdefault((output.subdir, output.file_name), tree)
            if first == tree:
                yield _of_tree(output, tree)
            elif tree == _HERE:
                refusals.append(_made_by_two(output, first))


def _made_by_two(output: Output, first: str) -> Refusal:
    cause = f"{output.subdir}/{output.file_name} is made by the tree {first} already, which the settings name first"
    remedy = "Take the recipe out of one of the two trees, or give it another name, version or build string."
    return Refusal(output.recipe, output.recipe, cause, remedy=remedy)


def _of_tree(output: Output, tree: str) -> Output:
    return replace(output, recipe=f"{tree}:{output.recipe}") if tree else output
