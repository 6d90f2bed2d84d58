"""``farm plan``: all of the deciding with no service up."""

import tempfile
from pathlib import Path

from controller.cli.asking import Context
from controller.cli.configured import settings_of
from controller.cli.output import Form, PlanForm, counted, note, show, tell
from controller.domain.errors import DataFolderError, InvalidInputError
from controller.domain.plans import Membership
from controller.services import intake
from controller.services.answers.plans import plan_answer
from controller.services.answers.shapes import MemberShape, PlanAnswer
from controller.storage import schema
from controller.storage.database import Database
from controller.wiring import open_farm

_NO_BROKER = "redis://nobody.invalid/0"
"""Planning rings no bell, and nothing connects before it rings."""


def run(
    context: Context, tree: Path, rev: str | None, channel: Path | None, subdirs: tuple[str, ...], form: PlanForm
) -> None:
    """Read, plan, print. By a controller where one was named, else here."""
    if context.server and channel is None:
        with context.client() as client:
            answer = client.plan(str(tree.resolve()), rev)
    else:
        answer = plan_here(tree, rev, _base(channel, context), subdirs)
    print_plan(answer, form)


def _base(channel: Path | None, context: Context) -> Path | None:
    """The data folder planned against: the one named, else the one at hand, else none."""
    if channel is not None and not channel.is_dir():
        raise InvalidInputError(f"There is no data folder {channel}.", remedy="Name a farm's folder, or leave it out.")
    found = channel or context.folder
    return found if found.is_dir() else None


def plan_here(tree: Path, rev: str | None, data: Path | None, subdirs: tuple[str, ...]) -> PlanAnswer:
    """The plan against what ``data``'s testing channel holds; against nothing where there is no such folder.

    Only the database of ``data`` is read; checkouts and all else go to a scratch folder.
    """
    with tempfile.TemporaryDirectory(prefix="farm-plan-") as scratch:
        database = _database(settings_of({"data": data}).database) if data is not None else ""
        note(f"against testing of {data}" if database else "against nothing: every package is new")
        here = f"sqlite:///{Path(scratch) / 'empty.sqlite3'}"
        settings = settings_of({"data": Path(scratch), "database_url": database or here})
        if subdirs:
            settings = settings.model_copy(update={"subdirs": subdirs})
        farm = open_farm(settings, _NO_BROKER)
        try:
            return plan_answer(intake.preview(farm, str(tree.resolve()), rev))
        finally:
            farm.close()


def _database(url: str) -> str:
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


def print_plan(plan: PlanAnswer, form: PlanForm) -> None:
    """A plan in the form asked for."""
    if form is PlanForm.MARKDOWN:
        print(as_markdown(plan))  # noqa: T201 -- data for programs
    else:
        show(Form.JSON if form is PlanForm.JSON else Form.TABLE, plan, lambda: _print_text(plan), ())


_HEADS = (
    (Membership.REBUILD, "Rebuild"),
    (Membership.RETEST, "Retest as it is"),
    (Membership.EDIT, "Needs an edit of its recipe"),
    (Membership.NOTHING, "Left alone, though touched"),
)


def _sections(plan: PlanAnswer) -> list[tuple[str, list[MemberShape]]]:
    found = [(head, [m for m in plan.members if m.membership == kind.value]) for kind, head in _HEADS]
    return [(head, members) for head, members in found if members]


def _print_text(plan: PlanAnswer) -> None:
    tell(f"{_figures(plan)}; {counted(plan.untouched, 'output')} untouched")
    builds = [job for job in plan.jobs if job.kind == "build"]
    for wave in sorted({job.wave for job in builds}):
        tell(f"  wave {wave}: {', '.join(f'{job.name} ({job.subdir})' for job in builds if job.wave == wave)}")
    for head, members in _sections(plan):
        tell(f"\n{head} ({len(members)})")
        for member in members:
            tell(f"  {member.name} {member.version} ({member.subdir}): {_why(member)}")
    for refusal in plan.refusals:
        tell(f"\nNot read: {refusal}")


def _figures(plan: PlanAnswer) -> str:
    kinds = [job.kind for job in plan.jobs]
    parts = [counted(kinds.count(kind), kind) for kind in ("build", "test", "retest") if kind in kinds]
    waves = counted(plan.waves, "wave")
    return f"{', '.join(parts)} in {waves}" if parts else "Nothing to do"


def _why(member: MemberShape) -> str:
    """Rule and sentence; the first reason decides."""
    return f"{member.reasons[0].sentence} [{member.reasons[0].rule}]"


def as_markdown(plan: PlanAnswer) -> str:
    """A plan for a pull request."""
    lines = [f"**{_figures(plan)}; {counted(plan.untouched, 'output')} untouched**"]
    for head, members in _sections(plan):
        lines += ["", f"### {head} ({len(members)})", "", "| package | version | subdir | rule | why |",
                  "|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {m.name} | {m.version} | {m.subdir} | {m.reasons[0].rule} | {_escaped(m.reasons[0].sentence)} |"
            for m in members
        ]
    lines += [f"\n**Not read**: {_escaped(refusal)}" for refusal in plan.refusals]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text that neither ends a table's cell nor starts a tag."""
    return text.replace("&", "&amp;").replace("|", "&#124;").replace("<", "&lt;").replace("\n", " ")
