"""``farm why`` for people: the words of the page, line by line."""

from controller.cli.asking import Context
from controller.cli.job import say_why
from controller.cli.output import Form, show, tell
from controller.services.answers.why_shapes import WhyAnswer
from controller.services.answers.whys import facts, following, head

_SHOWN = 30


def run_why_there(context: Context, batch: str, name: str, form: Form) -> None:
    """What a batch does about a package, and why; without a batch the name is that of a job."""
    if not batch:
        say_why(context, name, form)
        return
    with context.client() as client:
        found = client.why(batch, name.lower())
    show(form, found, lambda: print_why(found), [job.id for member in found.members for job in member.jobs])


def print_why(found: WhyAnswer) -> None:
    """Each output, what is done about it, and what stands behind that."""
    for member in found.members:
        tell(f"{head(member)}: {member.label}")
        for reason in member.reasons:
            tell(f"  {reason.sentence} [{reason.rule}]")
            for name, text in facts(reason):
                tell(f"    {name:6} {text}")
        for job in member.jobs:
            tell(f"  {job.id} {job.kind}: {job.label}")
    more = found.following - _SHOWN
    listed = ", ".join(found.followers[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    tell(f"{following(found)}{f' {listed}' if listed else ''}")
