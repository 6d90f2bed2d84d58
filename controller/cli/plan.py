"""``farm plan``: all of the deciding with no service up."""

import json
import tempfile
from pathlib import Path
from typing import Any

from controller.cli.output import out
from controller.domain.errors import InvalidInputError
from controller.domain.plans import Member, Membership, Plan, Rule
from controller.domain.wording import reason_sentence
from controller.services import intake
from controller.settings import Settings
from controller.wiring import open_farm

FORMS = ("text", "json", "markdown")


def run(tree: Path, rev: str | None, data: Path | None, subdirs: tuple[str, ...], form: str) -> None:
    """Read, plan, print. Against the channel of a data folder where one is named, else against nothing."""
    if form not in FORMS:
        raise InvalidInputError(f"'{form}' is no form of a plan.", remedy=f"One of {', '.join(FORMS)}.")
    if data is not None and not data.is_dir():
        raise InvalidInputError(f"There is no data folder {data}.", remedy="Name a farm's folder, or leave it out.")
    with tempfile.TemporaryDirectory(prefix="farm-plan-") as scratch:
        settings = Settings(data=data or Path(scratch), subdirs=subdirs)
        farm = open_farm(settings, "memory://")
        try:
            plan = intake.preview(farm, str(tree.resolve()), rev)
        finally:
            farm.close()
    print_plan(plan, form)


def print_plan(plan: Plan, form: str) -> None:
    """A plan in the form asked for."""
    if form == "json":
        print(json.dumps(as_data(plan), indent=2))  # noqa: T201 -- data for programs
    elif form == "markdown":
        print(as_markdown(plan))  # noqa: T201
    else:
        _print_text(plan)


def touched(plan: Plan) -> list[Member]:
    """Members that the change touches."""
    return [m for m in plan.decision.members if m.reasons and m.reasons[0].rule is not Rule.CURRENT]


def as_data(plan: Plan) -> dict[str, Any]:
    """A plan as plain data."""
    return {
        "waves": plan.waves,
        "jobs": [
            {"kind": j.kind.value, "name": j.name, "recipe": j.recipe, "subdir": j.subdir, "pool": j.pool,
             "wave": j.wave, "files": [o.file_name for o in j.outputs], "late": j.late,
             "reasons": [reason_sentence(r) for r in j.reasons]}
            for j in plan.jobs
        ],
        "members": [
            {"name": m.output.name, "version": m.output.version, "subdir": m.output.subdir,
             "membership": m.membership.value, "file": m.artifact,
             "reasons": [{"rule": r.rule.value, "about": r.about, "spec": r.spec, "path": list(r.path),
                          "sentence": reason_sentence(r)} for r in m.reasons]}
            for m in touched(plan)
        ],
        "refusals": [{"file": r.file, "line": r.line, "cause": r.cause, "remedy": r.remedy}
                     for r in plan.decision.refusals],
    }  # fmt: skip


_HEADS = (
    (Membership.REBUILD, "Rebuild"),
    (Membership.RETEST, "Retest as it is"),
    (Membership.EDIT, "Needs an edit of its recipe"),
    (Membership.NOTHING, "Left alone, though touched"),
)


def _sections(plan: Plan) -> list[tuple[str, list[Member]]]:
    found = touched(plan)
    return [(head, [m for m in found if m.membership is kind]) for kind, head in _HEADS]


def _print_text(plan: Plan) -> None:
    untouched = len(plan.decision.members) - len(touched(plan))
    out.print(f"{len(plan.jobs)} jobs in {plan.waves} waves; {untouched} outputs untouched", markup=False)
    for head, members in _sections(plan):
        if members:
            out.print(f"\n{head} ({len(members)})", markup=False)
        for member in members:
            why = reason_sentence(member.reasons[0])
            out.print(f"  {member.output.name} {member.output.version} ({member.output.subdir}): {why}", markup=False)
    for refusal in plan.decision.refusals:
        place = f"{refusal.file}:{refusal.line}" if refusal.line else refusal.file
        out.print(f"\nNot read: {place}: {refusal.cause} {refusal.remedy}", markup=False)


def as_markdown(plan: Plan) -> str:
    """A plan for a pull request."""
    lines = [f"**{len(plan.jobs)} jobs in {plan.waves} waves**"]
    for head, members in _sections(plan):
        if members:
            lines += ["", f"### {head} ({len(members)})", "", "| package | version | subdir | rule | why |",
                      "|---|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {m.output.name} | {m.output.version} | {m.output.subdir} | {m.reasons[0].rule.value} "
            f"| {reason_sentence(m.reasons[0]).replace('|', '&#124;')} |"
            for m in members
        ]
    lines += [f"\n**Not read**: `{r.file}`: {r.cause} {r.remedy}" for r in plan.decision.refusals]
    return "\n".join(lines)
