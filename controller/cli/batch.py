"""``farm batch``: list, view, forecast, watch, promote, commit-numbers, release, bump, cancel."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.asking import asks
from controller.cli.output import WATCHED_FAILED, Form, Output, confirm, counted, show, table, tell, who
from controller.cli.upstream import print_moves
from controller.domain.errors import GateRefusedError, InvalidInputError
from controller.domain.priorities import Priority

if TYPE_CHECKING:
    from controller.services.answers.change_shapes import EditShape
    from controller.services.answers.forecast_shapes import ForecastShape
from controller.services.answers.shapes import BatchView, Counts, GateShape, JobSummary, MovePreview

app = typer.Typer(help="What a change caused: its jobs, its verdict, its promotion.", no_args_is_help=True)

Batch = Annotated[str, typer.Argument(help="A batch, as B-7.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the record.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")]
Dry = Annotated[bool, typer.Option("-n", "--dry-run", help="Only say what would happen.")]


@app.command("list")
@asks
def list_(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="Only batches in this state.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 20,
    output: Output = Form.TABLE,
) -> None:
    """Batches, newest first."""
    with context.obj.client() as client:
        items = client.batches(limit, state)
        waiting = client.pushes() if output is Form.TABLE else []
    rows = [(b.id, b.state, figures(b.counts), b.title, b.author, b.created_at) for b in items]
    columns = ("BATCH", "STATE", "JOBS", "TITLE", "AUTHOR", "OPENED")
    show(output, items, lambda: table(columns, rows), [b.id for b in items])
    for push in waiting:
        tell(f"{push.id} {push.summary} ({push.author}, {push.commit[:12]}): {push.sentence}")


def figures(counts: "Counts") -> str:
    """Counts in one line: what is broken first."""
    parts = (
        (counts.broken, "broken"), (counts.in_progress, "in progress"), (counts.waiting, "waiting"),
        (counts.done, "done"), (counts.not_needed, "not needed"),
    )  # fmt: skip
    return ", ".join(f"{number} {word}" for number, word in parts if number) or "none"


@app.command()
@asks
def view(context: typer.Context, batch: Batch, output: Output = Form.TABLE) -> None:
    """One batch, whole: verdict, jobs, what stays behind, what was left out, gates."""
    with context.obj.client() as client:
        found = client.batch(batch)
    show(output, found, lambda: print_batch(found), [job.id for job in found.jobs])


def _row(job: JobSummary) -> tuple[object, ...]:
    kind = f"{job.kind}, stage {job.stage}" if job.stage else job.kind
    why = job.failing_text or (job.sentence if job.remark else job.reason.sentence if job.reason else "")
    return job.id, kind, job.name, job.subdir, job.wave, job.state, why


def print_batch(batch: BatchView) -> None:
    """A batch for people."""
    tell(f"{batch.id} {batch.state}: {batch.title}  ({batch.author}, {batch.commit[:12]})")
    tell(f"  {batch.verdict}" + ("" if batch.priority == "normal" else f"  Priority {batch.priority}."))
    for bump_ in batch.bumps:
        tell(f"  {bump_.sentence}")
    print_moves(batch.moves)
    print_pushes(batch)
    if batch.forecast and batch.jobs:
        print_forecast(batch.forecast)
    elif batch.expected:
        tell(f"  expected when it was opened: {batch.expected}")
    table(("JOB", "KIND", "NAME", "SUBDIR", "WAVE", "STATE", "WHY"), [_row(job) for job in batch.jobs])
    _print_known(batch)
    if batch.again_sentence:
        tell(f"  {batch.again_sentence}")
    for refusal in batch.refusals:
        tell(f"  not read: {refusal}")
    for circle in batch.circles:
        tell(f"  {circle}")
    for notice in batch.notices:
        tell(f"  {notice.sentence}")
    for edit in batch.edits:
        tell(edit_words(edit))
    print_revisions(batch)
    print_gates(batch.gates)


def print_pushes(batch: BatchView) -> None:
    """The pushes that became one batch, oldest first."""
    for push in batch.pushes:
        tell(f"  pushed {push.at:%H:%M:%S}: {push.commit[:12]} {push.summary} ({push.author})")


def _print_known(batch: BatchView) -> None:
    for remark in batch.remarks:
        tell(f"  {remark.mark} {remark.name} ({remark.subdir}): {remark.sentence}")
    for stays in batch.stays:
        tell(f"  stays behind: {stays.file}: {stays.reason}")


def edit_words(edit: "EditShape") -> str:
    """What a person would write into a recipe."""
    by_hand = f" (by hand: {', '.join(edit.open)})" if edit.open else ""
    return f"\nTo write into {edit.recipe}{by_hand}\n{edit.diff}".rstrip()


def print_revisions(batch: BatchView) -> None:
    """What was predicted, and what came."""
    for revision in batch.revisions:
        tell(f"  decided again at {revision.at:%H:%M:%S}: {revision.sentence}")
        for change in revision.changes:
            tell(f"    {change.label}: {change.kind} of {change.name} ({change.subdir}): {change.reason.sentence}")
    for found in batch.differences:
        tell(f"  {found.file}: {' '.join(found.sentences)}")


def print_forecast(forecast: "ForecastShape") -> None:
    """What is left to be done, in words."""
    for sentence in forecast.sentences:
        tell(f"  {sentence}")


def print_gates(gates: "tuple[GateShape, ...]") -> None:
    """Gates for people."""
    if gates:
        rows = [(g.gate, g.verdict, "; ".join(g.reasons), "" if g.actor == "nobody" else g.actor) for g in gates]
        table(("GATE", "VERDICT", "REASONS", "WHO MUST ACT"), rows)


@app.command()
@asks
def forecast(context: typer.Context, batch: Batch, output: Output = Form.TABLE) -> None:
    """What is left of a batch, and how long that takes: a range, with what it rests on.

    Example: farm batch forecast B-7
    """
    with context.obj.client() as client:
        found = client.forecast(batch)
    show(output, found, lambda: print_forecast(found), [step.key for step in found.critical_path])


@app.command()
@asks
def watch(
    context: typer.Context,
    batch: Batch,
    exit_status: Annotated[bool, typer.Option("--exit-status", help="Exit with 8 unless it passed whole.")] = False,
) -> None:
    """Stay until a batch has its verdict.

    Example: farm batch watch B-7 --exit-status && farm batch promote B-7 --yes
    """
    from controller.cli.watch import watch as watch_batch

    with context.obj.client() as client:
        found = watch_batch(client, batch)
    if exit_status and found.state not in {"passed", "promoted"}:
        raise typer.Exit(WATCHED_FAILED)


@app.command()
@asks
def promote(
    context: typer.Context,
    batch: Batch,
    to: Annotated[str, typer.Option(help="The channel to promote to.")] = "stable",
    why: Why = "",
    yes: Yes = False,
    dry_run: Dry = False,
    output: Output = Form.TABLE,
) -> None:
    """Promote a tested batch in one act. The gates are asked first.

    Example: farm batch promote B-7 --why "reviewed by eva"
    """
    with context.obj.client() as client:
        preview = client.promote(batch, to=to, who=who(), why=why, dry_run=True)
        if preview.allowed and not dry_run:
            confirm(f"Promote {figures_of(preview)} of {batch} to {to}?", yes=yes)
            preview = client.promote(batch, to=to, who=who(), why=why, dry_run=False)
    show(output, preview, lambda: print_move(preview), [preview.promotion] if preview.promotion else [])
    if not preview.allowed:
        refusing = ", ".join(gate.gate for gate in preview.gates if not gate.passes)
        raise GateRefusedError(f"{batch} may not go to {to}: {refusing}.", remedy=f"See `farm batch view {batch}`.")


def figures_of(move: "MovePreview") -> str:
    """What comes and goes, in numbers: ``214 files (199 new, 15 removed) on 5 platforms``."""
    subdirs = {file.split("/", 1)[0] for file in (*move.added, *move.removed)}
    files = counted(len(move.added) + len(move.removed), "file")
    where = counted(len(subdirs), "platform")
    return f"{files} ({len(move.added)} added, {len(move.removed)} removed) on {where}"


def print_move(move: "MovePreview") -> None:
    """A move of a channel for people."""
    done = f"{move.channel}@{move.snapshot}" if move.snapshot else f"{move.channel} would move on from @{move.base}"
    tell(f"{move.act}: {done}; {figures_of(move)}")
    for file in move.added:
        tell(f"  + {file}")
    for file in move.removed:
        tell(f"  - {file}")
    print_gates(move.gates)


@app.command("commit-numbers")
@asks
def commit_numbers(
    context: typer.Context,
    batch: Batch,
    diff: Annotated[bool, typer.Option("--diff", help="Print a patch and commit nothing: the default.")] = False,
    tree: Annotated[
        Path | None, typer.Option(help="A clone of the tree: commit on a branch of it, its working files untouched.")
    ] = None,
    branch: Annotated[str, typer.Option(help="The branch; without it farm/numbers-b-7 for B-7.")] = "",
    push: Annotated[bool, typer.Option("--push", help="Push the branch to origin as well.")] = False,
) -> None:
    """Write the build numbers that a batch was given back into its recipes.

    Only what the batch has built counts. A number that is computed, or differs by selector, is told and left alone.

    Example: farm batch commit-numbers B-7 --tree ~/recipes
    """
    from controller.cli.numbers import Wanted, run

    if diff and (tree or branch or push):
        raise InvalidInputError("--diff commits nothing.", remedy="Leave it out, or --tree, --branch and --push.")
    if branch and not tree and not push:
        raise InvalidInputError("A branch of which tree?", remedy="Name a clone of it with --tree.")
    run(context.obj, Wanted(batch, tree, branch, push))


@app.command()
@asks
def release(context: typer.Context, batch: Batch, why: Why = "", output: Output = Form.TABLE) -> None:
    """Let a batch run that the circuit breaker held for its size."""
    _act(context, batch, "release", why, output)


@app.command()
@asks
def cancel(context: typer.Context, batch: Batch, why: Why = "", yes: Yes = False, output: Output = Form.TABLE) -> None:
    """Give a batch up: what runs is stopped, nothing is published."""
    confirm(f"Cancel {batch}?", yes=yes)
    _act(context, batch, "cancel", why, output)


@app.command()
@asks
def bump(
    context: typer.Context,
    batch: Batch,
    priority: Annotated[Priority, typer.Option(help="The new priority.")],
    reason: Annotated[str, typer.Option("--reason", help="Why others have to wait, or need not; for the record.")],
    output: Output = Form.TABLE,
) -> None:
    """Give a batch another priority; what waits of it is ranked by it at once.

    Example: farm batch bump B-7 --priority emergency --reason "openssl CVE"
    """
    with context.obj.client() as client:
        found = client.bump(batch, priority.value, who=who(), why=reason)
    show(output, found, lambda: tell(f"{found.id} has priority {found.priority}"), [found.id])


def _act(context: typer.Context, batch: str, act: str, why: str, form: Form) -> None:
    with context.obj.client() as client:
        found = client.act(batch, act, who=who(), why=why)
    show(form, found, lambda: tell(f"{found.id} is {found.state}"), [found.id])
