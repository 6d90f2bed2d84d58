"""A plan as people read it: as text, as markdown for a pull request, and as JSON for programs."""

from collections.abc import Iterator, Sequence

from controller.cli.batch import edit_words, print_forecast
from controller.cli.output import Form, PlanForm, counted, show, tell
from controller.domain.plans import Membership
from controller.services.answers.change_shapes import EditShape
from controller.services.answers.plan_shapes import PlanAnswer, PlannedJobShape
from controller.services.answers.plan_words import figures
from controller.services.answers.shapes import MemberShape


def print_plan(plan: PlanAnswer, form: PlanForm) -> None:
    """A plan in the form asked for."""
    if form is PlanForm.MARKDOWN:
        print(as_markdown(plan))  # noqa: T201 -- data for programs
    else:
        show(Form.JSON if form is PlanForm.JSON else Form.TABLE, plan, lambda: _print_text(plan), ())


_SHOWN = 12
_HEADS = (
    (Membership.REBUILD, "Rebuild"),
    (Membership.RETEST, "Retest as it is"),
    (Membership.EDIT, "Needs an edit of its recipe, or of a pin"),
    (Membership.BLOCKED, "Waits for an edit of another recipe, or of a pin"),
    (Membership.NOTHING, "Left alone, though touched"),
)


def _sections(plan: PlanAnswer) -> list[tuple[str, list[MemberShape]]]:
    found = [(head, [m for m in plan.members if m.membership == kind.value]) for kind, head in _HEADS]
    return [(head, members) for head, members in found if members]


def _print_text(plan: PlanAnswer) -> None:
    tell(f"{figures(plan)}; {counted(plan.untouched, 'output')} untouched")
    builds = [job for job in plan.jobs if job.kind == "build"]
    for wave in sorted({job.wave for job in builds}):
        tell(f"  wave {wave}: {', '.join(map(_built, [job for job in builds if job.wave == wave]))}")
    for head, members in _sections(plan):
        tell(f"\n{head} ({len(members)})")
        for member in members:
            tell(f"  {member.name} {member.version} ({member.subdir}): {_why(member)}")
    for line in _besides(plan):
        tell(f"\n{line}")
    for edit in plan.edits:
        tell(edit_words(edit))
    if plan.forecast and plan.jobs:
        tell("\nForecast")
        print_forecast(plan.forecast)


def _built(job: PlannedJobShape) -> str:
    return f"{job.name} ({job.subdir}{f', stage {job.stage}' if job.stage else ''})"


def _besides(plan: PlanAnswer) -> Iterator[str]:
    """What a plan says beside its members."""
    for notice in plan.notices:
        yield notice.sentence
    for move in plan.moves:
        yield move.sentence
    for about in dict.fromkeys(bump.about for bump in plan.bumps):
        bumps = [f"{bump.bump}: {_listed(bump.packages)}" for bump in plan.bumps if bump.about == about]
        yield f"What {about} moving is, to whom: {'; '.join(bumps)}"
    yield from plan.circles
    for gone in plan.gone:
        yield f"Made no more: {gone.file}. {gone.sentence}"
    if plan.text_only:
        yield f"Differ in what alters no build: {_listed(plan.text_only)}"
    for refusal in plan.refusals:
        yield f"Not read: {refusal}"


def _for_a_person(edit: EditShape) -> str:
    return f" (by hand: {', '.join(edit.open)})" if edit.open else ""


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _why(member: MemberShape) -> str:
    """Rule and sentence; the first reason decides."""
    return f"{member.reasons[0].sentence} [{member.reasons[0].rule}]"


def as_markdown(plan: PlanAnswer) -> str:
    """A plan for a pull request."""
    lines = [f"**{figures(plan)}; {counted(plan.untouched, 'output')} untouched**"]
    for head, members in _sections(plan):
        lines += ["", f"### {head} ({len(members)})", "", "| package | version | subdir | rule | why |",
                  "|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {m.name} | {m.version} | {m.subdir} | {m.reasons[0].rule} | {_escaped(m.reasons[0].sentence)} |"
            for m in members
        ]
    lines += [f"\n{_escaped(line)}" for line in _besides(plan)]
    for edit in plan.edits:
        lines += [
            "",
            f"To write into `{edit.recipe}`{_escaped(_for_a_person(edit))}",
            "",
            "```diff",
            edit.diff.rstrip(),
            "```",
        ]
    if plan.forecast and plan.jobs:
        lines += ["", "### Forecast", "", *(f"- {_escaped(sentence)}" for sentence in plan.forecast.sentences)]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text that neither ends a table's cell nor starts a tag."""
    return text.replace("&", "&amp;").replace("|", "&#124;").replace("<", "&lt;").replace("\n", " ")
