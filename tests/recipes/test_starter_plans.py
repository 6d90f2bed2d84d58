"""The real planner, on facts read from really built files, says of each change what the README of the recipes says."""

from dataclasses import replace
from pathlib import Path

from controller.domain.artifacts import Artifact
from controller.domain.plans import Membership
from controller.domain.recipes import Reading
from controller.gateways.packages import inspect
from controller.gateways.tree_readings import read_tree
from controller.planning.impact import decide

from .conftest import HERE, Workshop


def published(workshop: Workshop, reading: Reading) -> list[Artifact]:
    """The built files as the farm would record them: read from the file, completed from the plan they were built by."""
    planned = {(output.subdir, output.name, output.version): output for output in reading.outputs}
    found = []
    for file in workshop.built.values():
        artifact = inspect(file, file.parent.name, file.name)
        output = planned[artifact.subdir, artifact.name, artifact.version]
        found.append(
            replace(
                artifact,
                recipe=output.recipe,
                hash=output.hash,
                fingerprint=output.fingerprint,
                variant=dict(output.variant),
            )
        )
    return found


def decided(reading: Reading, base: list[Artifact]) -> dict[Membership, set[str]]:
    members = decide(reading, base).members
    return {kind: {each.output.name for each in members if each.membership is kind} for kind in Membership}


def read(tree: Path) -> Reading:
    return read_tree(tree, [HERE], "a commit")


def test_nothing_to_do_where_nothing_changed(workshop: Workshop) -> None:
    reading = read(workshop.tree)
    assert not reading.refusals
    found = decided(reading, published(workshop, reading))
    assert found[Membership.REBUILD] == found[Membership.RETEST] == set()


def test_the_abi_break_rebuilds_the_violated_and_retests_what_stands_on_them(workshop: Workshop) -> None:
    before = published(workshop, read(workshop.tree))
    workshop.apply("abi-break")
    found = decided(read(workshop.tree), before)
    assert found[Membership.REBUILD] == {"libtally", "libledger", "ledger", "pytally"}
    assert found[Membership.RETEST] == {"split-bill", "tallybook"}
    assert found[Membership.EDIT] == set()


def test_the_second_change_rebuilds_what_it_edits_and_retests_what_stands_on_libtally(workshop: Workshop) -> None:
    workshop.apply("abi-break")
    for recipe, number in {"libtally": 0, "ledger": 1, "pytally": 1}.items():
        workshop.build(recipe, number)
    before = published(workshop, read(workshop.tree))
    workshop.apply("breaks-a-test")
    found = decided(read(workshop.tree), before)
    assert found[Membership.REBUILD] == {"libtally", "motto"}
    assert found[Membership.RETEST] == {"libledger", "ledger", "split-bill", "pytally", "tallybook"}
    assert found[Membership.EDIT] == set()
