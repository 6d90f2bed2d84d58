"""What a change of a package would force on a tree that was pushed: asked by anybody, and so within bounds.

Only trees that the farm was pushed can be asked about, at the commit that was pushed last, whose recipes are read
already.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from controller.domain.channels import TESTING
from controller.domain.errors import NotFoundError
from controller.planning.question import Question, supposed_of
from controller.services.answers import forecast, whys
from controller.services.answers.plan_shapes import PlanAnswer
from controller.services.answers.questions import answered_plan
from controller.services.answers.shape import Shape
from controller.services.answers.why_shapes import WhyAnswer
from controller.services.farm import Farm
from controller.services.questions import ask
from controller.storage import batches, channels


class KnownTree(Shape):
    """A tree that was pushed, and the commit that was pushed last."""

    tree: str
    commit: str


@dataclass(frozen=True, slots=True)
class Affected:
    """The answer, with what it was asked of. ``supposed`` is ``lib=2.0``."""

    tree: KnownTree
    supposed: str
    plan: PlanAnswer
    why: Callable[[str], WhyAnswer]
    """Raises NotFoundError."""


def known_trees(farm: Farm) -> list[KnownTree]:
    """Every tree that was pushed, the one that was pushed last first."""
    with farm.reading() as session:
        return [KnownTree(tree=tree, commit=commit) for tree, commit in batches.last_commits(session)]


def affected_by(farm: Farm, tree: str, name: str, version: str) -> Affected:
    """What a package's move would force. Raises NotFoundError, InvalidInputError, BusyError and TreeError."""
    (supposed,) = supposed_of([f"{name}={version}"])
    known = _known_tree(farm, tree)
    with farm.reading() as session:
        testing = channels.current_of(session, TESTING)
    key: tuple[str, str, int, tuple[str, str], date] = (
        known.tree, known.commit, testing, supposed, farm.now().date(),
    )  # fmt: skip
    return farm.enquiries.answer(key, lambda: _work_out(farm, known, supposed))


def _known_tree(farm: Farm, tree: str) -> KnownTree:
    trees = known_trees(farm)
    found = next((known for known in trees if tree in ("", known.tree)), None)
    if found is None:
        raise NotFoundError(f"The farm was never pushed {tree or 'a tree'}.", remedy="Push it: `farm push TREE`.")
    return found


def _work_out(farm: Farm, known: KnownTree, supposed: tuple[str, str]) -> Affected:
    answered = ask(farm, known.tree, known.commit, Question((supposed,)))
    plan = answered_plan(answered)
    expected = forecast.of_plan(farm, answered.plan, known.tree)
    whole = plan.model_copy(update={"forecast": expected})
    return Affected(known, "=".join(supposed), whole, lambda wanted: whys.why(answered, wanted))
