"""Questions to the decision that open no batch: what if, since when, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from controller.domain.artifacts import Artifact
from controller.domain.errors import NotFoundError
from controller.domain.plans import Decision, Plan, Rule
from controller.domain.recipes import Output
from controller.gateways.channel_records import channel_records
from controller.gateways.checkouts import Checkout
from controller.gateways.migration_files import read_migration
from controller.gateways.tree_migrations import NOTHING_ASKED, AskedPins
from controller.gateways.variant_files import PinFile
from controller.gateways.variants import Environment, pins_for
from controller.planning.migrations import MigrationError
from controller.planning.moves import Move
from controller.planning.numbers import Name
from controller.planning.question import Question
from controller.planning.supposing import as_built, guessed, moved_to, renumbered, what_if
from controller.services.farm import Farm
from controller.services.noticing import with_notices
from controller.services.planned import Target, plan_on
from controller.services.proposals import Proposal, proposals
from controller.services.trees import Standing, stand


@dataclass(frozen=True, slots=True)
class Answered:
    """A plan that stays one, and what only its making could tell."""

    plan: Plan
    standing: Standing
    text_only: tuple[str, ...] = ()
    """Recipes that differ since then in what alters no build."""
    edits: tuple[Proposal, ...] = ()


def ask(farm: Farm, tree: str, rev: str | None, question: Question) -> Answered:
    """The plan that answers a question. Changes nothing. Raises TreeError, and NotFoundError for an unknown package."""
    commit = farm.trees.resolve(tree, rev)
    standing = stand(farm, tree, commit, asked=_asked(farm, tree, commit, question))
    before = stand(farm, tree, farm.trees.resolve(tree, question.since)) if question.since else None
    there = as_built(before.reading.outputs) if before else _base(farm, standing, question)
    outputs, moves = _supposed(standing.reading.outputs, there, question.supposed)
    moved = bool(question.pins or question.migrations)
    if (question.supposed or moved) and not there:
        there = as_built(stand(farm, tree, commit).reading.outputs if moved else standing.reading.outputs)
        outputs, moves = _supposed(standing.reading.outputs, there, question.supposed)
    asked = replace(standing, reading=replace(standing.reading, outputs=outputs))
    plan = _planned(farm, asked, there, moves, question)
    text_only = tuple(_text_only(standing, before, plan.decision)) if before else ()
    return Answered(plan, standing, text_only, proposals(standing, plan.decision, there))


def _asked(farm: Farm, tree: str, commit: str, question: Question) -> AskedPins:
    """What is asked of the tree's pins. Raises NotFoundError and MigrationError."""
    if not (question.pins or question.migrations):
        return NOTHING_ASKED
    checkout = farm.trees.open(tree, commit)
    environment = tuple(sorted(checkout.tree_file.environment.items()))
    _check_keys(checkout, farm.rules.subdirs, environment, question.pins)
    for name, text in question.migrations:
        _check_migration(PinFile(name, text.encode()), farm.rules.subdirs, environment)
    return AskedPins(dict(question.pins), question.migrations)


def _check_migration(file: PinFile, subdirs: Sequence[str], environment: Environment) -> None:
    for subdir in subdirs:
        try:
            read_migration(file, subdir, environment)
        except MigrationError as error:
            place = f"{file.name}, line {error.line}" if error.line else file.name
            raise MigrationError(f"{place}: {error.what}", file=file.name, remedy=error.remedy) from error


def _check_keys(
    checkout: Checkout, subdirs: Sequence[str], environment: Environment, asked: Sequence[tuple[str, object]]
) -> None:
    """Raises NotFoundError for a pin that the tree has on none of the subdirs."""
    known = {key for subdir in subdirs for key in pins_for(checkout.pins, subdir, environment).values} if asked else ()
    for key, _ in asked:
        if key not in known:
            near = get_close_matches(key, known, 1)
            remedy = f"Did you mean {near[0]}?" if near else "Name a key of its variant files."
            raise NotFoundError(f"The tree has no pin {key}.", remedy=remedy)


def _base(farm: Farm, standing: Standing, question: Question) -> Sequence[Artifact]:
    if question.channel:
        names = {output.name for output in standing.reading.outputs} | {name for name, _ in question.supposed}
        return channel_records(question.channel, farm.rules.subdirs, names)
    with farm.reading() as session:
        return farm.standings.base(session)[1]


def _supposed(
    outputs: tuple[Output, ...], there: Sequence[Artifact], supposed: Sequence[tuple[str, str]]
) -> tuple[tuple[Output, ...], tuple[Move, ...]]:
    moves = []
    for name, version in supposed:
        if any(output.name == name for output in outputs):
            outputs = what_if(outputs, name, version)
            continue
        before = guessed(name, there)
        if before is None and there:
            remedy = "Name a package of the tree, or one that something in it was built with."
            raise NotFoundError(f"Nothing in the tree makes {name} or was built with it.", remedy=remedy)
        moves += [moved_to(before, version)] if before else []
    return outputs, tuple(moves)


def _planned(
    farm: Farm, standing: Standing, there: Sequence[Artifact], moves: tuple[Move, ...], question: Question
) -> Plan:
    wanted = standing.policy.on(farm.now().date())
    policy = replace(wanted, scope=question.scope) if question.scope else wanted

    def supposed(numbers: Mapping[Name, int]) -> tuple[Output, ...]:
        return renumbered(standing.reading.outputs, numbers)

    target = Target(there, lambda outputs: farm.standings.beside(standing.tree, outputs, there))
    named = supposed if question.supposed else standing.named
    return with_notices(farm, standing, plan_on(farm, standing.reading, target, named, policy, moves))


def _text_only(now: Standing, before: Standing, decision: Decision) -> Iterator[str]:
    """Recipes whose files differ, and none of whose outputs do."""
    own = {Rule.CHANGED, Rule.NEW, Rule.R3, Rule.R14, Rule.R20, Rule.R11}
    touched = {member.output.recipe for member in decision.members if member.reasons[0].rule in own}
    for tree, checkout in now.checkouts.items():
        old = before.checkouts.get(tree)
        for folder, entries in checkout.files.items() if old is not None else ():
            label = f"{tree}:{folder}" if tree else folder
            if old is not None and folder in old.files and entries != old.files[folder] and label not in touched:
                yield label
