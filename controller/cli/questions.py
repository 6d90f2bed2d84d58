"""``farm plan``, ``farm why``, ``farm affected``: the decision asked, with no service up or by one."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from controller.cli.asking import Context
from controller.cli.configured import settings_of
from controller.cli.output import Form, PlanForm, counted, note, show, tell
from controller.cli.plan import print_plan
from controller.cli.why import print_why
from controller.domain.errors import DataFolderError, InvalidInputError
from controller.planning.policy import Scope
from controller.planning.question import Question, migrations_of, pins_of, supposed_of
from controller.services.answers import forecast
from controller.services.answers.plan_shapes import AffectedAnswer, PlanAnswer
from controller.services.answers.questions import affected, answered_plan
from controller.services.answers.shapes import MemberShape
from controller.services.answers.whys import why
from controller.services.farm import Farm
from controller.services.questions import Answered, ask
from controller.storage import schema
from controller.storage.database import Database
from controller.wiring import open_farm

A = TypeVar("A")
_NO_BROKER = "redis://nobody.invalid/0"
"""Planning rings no bell, and nothing connects before it rings."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question is answered: a tree at a commit, the target, and the subdirs."""

    tree: Path
    rev: str | None = None
    channel: str = ""
    """A farm's data folder, or a conda channel: a URL, or a folder with an index."""
    subdirs: tuple[str, ...] = ()


def question_of(
    supposed: Sequence[str] | None, since: str | None, channel: str, pins: Sequence[str] | None, policy: Scope | None,
    migrations: Sequence[Path] | None = None,
) -> Question:  # fmt: skip
    """The question as it was asked on the command line. Raises InvalidInputError."""
    conda = "" if not channel or _is_data(channel) else channel
    moving = migrations_of([(path.name, _text_of(path)) for path in migrations or ()])
    return Question(supposed_of(supposed or ()), since, conda, pins_of(pins or ()), moving, policy)


def _text_of(path: Path) -> str:
    remedy = "Name a migration file, in conda-forge's form."
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InvalidInputError(f"{path} cannot be read: {said}.", remedy=remedy) from error


def _is_data(channel: str) -> bool:
    """Whether it is a folder that holds no conda channel, and so a farm's."""
    folder = Path(channel)
    return folder.is_dir() and not any(folder.glob("*/repodata.json*"))


def run_plan(context: Context, place: Place, question: Question, form: PlanForm) -> None:
    """Read, plan, print. By a controller where one was named, else here."""
    if context.server and not (place.channel and _is_data(place.channel)):
        with context.client() as client:
            answer = client.plan(str(place.tree.resolve()), place.rev, question)
    else:
        answer = plan_here(context, place, question)
    print_plan(answer, form)


def plan_here(context: Context, place: Place, question: Question) -> PlanAnswer:
    """The plan that answers a question, with its forecast."""

    def answer(farm: Farm, answered: Answered) -> PlanAnswer:
        plan = answered_plan(answered)
        expected = forecast.of_plan(farm, answered.plan, str(place.tree.resolve()))
        return plan.model_copy(update={"forecast": expected})

    return _answered(context, place, question, answer)


def run_why(context: Context, place: Place, question: Question, name: str, form: Form) -> None:
    """What becomes of every output of a name, and why."""
    found = _answered(context, place, question, lambda _, answered: why(answered, name.lower()))
    show(form, found, lambda: print_why(found), ())


def run_affected(context: Context, place: Place, question: Question, form: Form) -> None:
    """All that a change reaches, a line each, with counts by rule."""
    found = _answered(context, place, question, lambda _, answered: affected(answered))
    show(form, found, lambda: _print_affected(found), ())


def _answered(context: Context, place: Place, question: Question, answer: Callable[[Farm, Answered], A]) -> A:
    """In a scratch folder, on the target that is at hand: the one named, else the data folder's, else none."""
    if place.channel and not question.channel and not Path(place.channel).is_dir():
        remedy = "Name a farm's folder, or leave it out."
        raise InvalidInputError(f"There is no data folder {place.channel}.", remedy=remedy)
    data = Path(place.channel) if place.channel and not question.channel else context.folder
    with tempfile.TemporaryDirectory(prefix="farm-plan-") as scratch:
        database = database_of(settings_of({"data": data}).database) if data.is_dir() else ""
        note(_against(database, data, question))
        settings = settings_of(
            {"data": Path(scratch), "database_url": database or f"sqlite:///{scratch}/empty.sqlite3"}
        )
        if place.subdirs:
            settings = settings.model_copy(update={"subdirs": place.subdirs})
        farm = open_farm(settings, _NO_BROKER)
        try:
            return answer(farm, ask(farm, str(place.tree.resolve()), place.rev, question))
        finally:
            farm.close()


def database_of(url: str) -> str:
    """The URL, if its schema is this version's; a plan upgrades nobody's database."""
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return ""
    database = Database(url)
    try:
        at = schema.revision(database)
    finally:
        database.close()
    if at is None:
        return ""
    if at != schema.head():
        raise DataFolderError(
            f"The database is at schema {at}, and this version's is {schema.head()}.",
            remedy="Run `farm up` of this version on it once, or plan without it.",
        )
    return url


def _against(database: str, data: Path, question: Question) -> str:
    if question.since:
        return f"against the tree at {question.since}, as if all of it were built"
    if question.channel:
        return f"against what {question.channel} holds"
    if database:
        return f"against testing of {data}"
    if question.supposed or question.pins or question.migrations:
        return "against the tree, as if all of it were built"
    return "against nothing: every package is new"


def _print_affected(found: AffectedAnswer) -> None:
    tell(f"{counted(len(found.members), 'output')} reached, {counted(found.untouched, 'output')} untouched")
    for rule in found.rules:
        tell(f"  {rule.count:6}  {rule.membership}: {rule.title} [{rule.rule}]")
    for member in found.members:
        tell(f"{member.membership:12} {member.name} {member.version} ({member.subdir}): {_line(member)}")


def _line(member: MemberShape) -> str:
    return f"{member.reasons[0].sentence} [{member.reasons[0].rule}]"
