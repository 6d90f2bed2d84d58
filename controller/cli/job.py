"""``farm job``: view, logs, why, retry."""

from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.asking import Context, asks
from controller.cli.output import Form, Output, counted, show, table, tell, who

if TYPE_CHECKING:
    from controller.services.answers.case_shapes import TestedShape
    from controller.services.answers.shapes import JobView

app = typer.Typer(help="One piece of work: a build, a test, a retest.", no_args_is_help=True)

Job = Annotated[str, typer.Argument(help="A job, as J-41.")]


@app.command()
@asks
def view(context: typer.Context, job: Job, output: Output = Form.TABLE) -> None:
    """One job, whole: state, reasons, attempts, failing lines, files."""
    with context.obj.client() as client:
        found = client.job(job)
    show(output, found, lambda: _print(found), [found.id])


def _print(job: "JobView") -> None:
    tell(f"{job.id} {job.kind} of {job.name} ({job.subdir}): {job.state}. {job.sentence}")
    if job.message:
        tell(f"  {job.message}")
    if job.consequence:
        tell(f"  {job.consequence}")
    if job.compared:
        tell(f"  {job.compared}")
    if job.suspects:
        tell(f"  {job.suspects}")
    for sentence in (*(remark.sentence for remark in job.remarks), *job.expected):
        tell(f"  {sentence}")
    for reason in job.reasons:
        tell(f"  because {reason.sentence}")
    if job.tested:
        _print_cases(job.tested)
    for line in job.failing:
        tell(f"  line {line.line} ({line.kind}): {line.text}")
    rows = [(a.id, a.worker, a.state, a.outcome, a.failure, a.act, a.phase, a.message) for a in job.tries]
    table(("ATTEMPT", "WORKER", "STATE", "OUTCOME", "CLASS", "THEN", "PHASE", "MESSAGE"), rows)
    for file in job.files:
        tell(f"  {file.file}  {file.size:,} bytes  {file.sha256[:12]}  {file.verdict}")


def _print_cases(tested: "TestedShape") -> None:
    tell(f"  cases: {tested.line}")
    rows = [
        (case.name, case.message, case.where, case.history, case.remark.label if case.remark else "")
        for case in tested.cases
    ]
    if rows:
        table(("CASE", "MESSAGE", "WHERE", "HISTORY", ""), rows)
    if tested.more:
        tell(f"  and {counted(tested.more, 'more case')} that failed")


@app.command()
@asks
def why(context: typer.Context, job: Job, output: Output = Form.TABLE) -> None:
    """Why this job exists, why it does not run yet, and why it stands where it stands in the queue."""
    say_why(context.obj, job, output)


def say_why(context: Context, job: str, form: Form) -> None:
    """The reasons of a job, what it waits for, and its place in the queue, for people."""
    with context.client() as client:
        found = client.job(job)
    order = list(found.order.sentences) if found.order else []
    facts = {"reasons": [r.sentence for r in found.reasons], "why_not": list(found.why_not), "order": order}

    def say() -> None:
        for sentence in (*facts["reasons"], *facts["why_not"], *facts["order"]):
            tell(sentence)

    show(form, facts, say, facts["reasons"])


@app.command()
@asks
def logs(
    context: typer.Context,
    job: Job,
    attempt: Annotated[int | None, typer.Option(help="Which attempt; without it the newest.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Stay while it grows.")] = False,
) -> None:
    """The log of a job, as plain text.

    Example: farm job logs J-41 -f
    """
    from controller.cli.following import follow as following

    with context.obj.client() as client:
        if follow:
            for text in following(client, job, attempt):
                print(text, end="", flush=True)  # noqa: T201 -- a log is data
            return
        first = 1
        while lines := client.log(job, attempt, first).lines:
            print("\n".join(lines))  # noqa: T201
            first += len(lines)


@app.command()
@asks
def retry(context: typer.Context, job: Job, output: Output = Form.TABLE) -> None:
    """Try a broken job again, and let what it blocked wait for it again."""
    with context.obj.client() as client:
        found = client.retry(job, who=who())
    show(output, found, lambda: tell(f"{found.id} is {found.state}"), [found.id])
