"""The command tree. Modules are imported when their command runs, so that ``farm --help`` is quick."""

import re
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import batch, channel, failures, flakes, job, parts, pausing, promotion, recipe, upstream, worker
from controller.cli.asking import Context, Data, Server, TokenFile, asks
from controller.cli.grouping import PLAN_DIFF, FarmCommands
from controller.cli.output import Form, Output, PlanForm, err, guarded, out, show
from controller.domain.pauses import PauseKind
from controller.domain.priorities import Priority
from controller.planning.policy import Scope

app = typer.Typer(
    name="farm",
    cls=FarmCommands,
    help="A build-and-test farm for conda packages.\n\nStart one with [bold]farm up[/bold]; push a tree with "
    "[bold]farm push DIR --watch[/bold]; promote what passed with [bold]farm batch promote B-1[/bold].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
pausing.add_to(batch.app, PauseKind.BATCH)
pausing.add_to(recipe.app, PauseKind.RECIPE)
pausing.add_to(pausing.pools, PauseKind.POOL)
app.command("paused")(pausing.paused)
app.command("server")(parts.server)
app.command("loop")(parts.loop)
app.add_typer(batch.app, name="batch")
app.add_typer(job.app, name="job")
app.add_typer(failures.app, name="failures")
app.add_typer(flakes.app, name="flakes")
app.add_typer(channel.app, name="channel")
app.add_typer(promotion.app, name="promotion")
app.add_typer(worker.app, name="worker")
app.add_typer(pausing.pools, name="pool")
app.add_typer(upstream.app, name="upstream")
app.add_typer(recipe.app, name="recipe")

_JOB = re.compile(r"[Jj]-[0-9]{1,18}")


def run() -> None:
    """Run the command line; errors of ours become words and exit codes."""
    guarded(app)


@app.callback()
def settings(
    context: typer.Context,
    server: Server = "",
    data: Data = None,
    token_file: TokenFile = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; the same as NO_COLOR=1.")] = False,
) -> None:
    """Where the controller is: said, or found beside the data folder."""
    context.obj = Context(server=server, data=data, token_file=token_file)
    if no_color:
        out.no_color = err.no_color = True


@app.command()
def up(
    context: typer.Context,
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Worker processes beside the controller.")] = None,
    no_workers: Annotated[bool, typer.Option("--no-workers", help="The same as --workers 0.")] = False,
    pool: Annotated[list[str] | None, typer.Option(help="Pool the workers serve; may be repeated.")] = None,
    broker: Annotated[str | None, typer.Option(help="Redis URL; without it an embedded Valkey runs.")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL; without it SQLite in the data folder.")] = None,
) -> None:
    """Run the whole farm here: broker, controller, dashboard and workers, until Ctrl-C.

    Every option has its twin FARM_... in the environment and in farm.toml.

    Example: farm up --data ~/farm --workers 4
    """
    from controller.cli.configured import settings_of
    from controller.cli.up import run as run_farm

    said = {
        "data": data or context.obj.data, "host": host, "port": port, "workers": 0 if no_workers else workers,
        "broker_url": broker, "database_url": database,
    }  # fmt: skip
    run_farm(settings_of(said), tuple(pool or ()))


_Tree = Annotated[Path, typer.Option("--tree", help="Folder or git repository of recipes.")]
_Rev = Annotated[str | None, typer.Option(help="Commit or branch; without it HEAD, or the folder as it is.")]
_Since = Annotated[str | None, typer.Option(help="Plan what changed since this commit, as if all were built there.")]
_Pins = Annotated[list[str] | None, typer.Option("--pin", help="KEY=VALUE[,VALUE]: what if a pin of the tree moved.")]
_Migrations = Annotated[
    list[Path] | None, typer.Option("--migration", help="Plan as if this migration file were in the tree; repeatable.")
]
_Policy = Annotated[Scope | None, typer.Option(help="How far to rebuild beyond what is forced.")]
_Channel = Annotated[str, typer.Option(help="Conda channel (URL or folder) or farm's data folder to plan against.")]
_Subdirs = Annotated[list[str] | None, typer.Option("--subdir", help="Subdir to plan for; may be repeated.")]
_Supposed = Annotated[list[str] | None, typer.Argument(metavar="[NAME=VERSION]...", help="What if it moved.")]


@app.command()
@asks
def plan(
    context: typer.Context,
    supposed: _Supposed = None,
    tree: _Tree = Path(),
    rev: _Rev = None,
    since: _Since = None,
    pin: _Pins = None,
    migration: _Migrations = None,
    policy: _Policy = None,
    channel: _Channel = "",
    subdir: _Subdirs = None,
    output: Annotated[PlanForm, typer.Option("-o", "--output", help="text, json or markdown.")] = PlanForm.TEXT,
) -> None:
    """Say what a push would rebuild, retest and leave out, and why. Changes nothing, needs no service.

    With NAME=VERSION, what if that package moved; with --pin or --migration, what if pins did; with --since, what a
    pull request does. With --server, that controller makes the plan instead.

    Example: farm plan --tree recipes/starter --since HEAD~1 -o markdown
    """
    from controller.cli.questions import Place, question_of, run_plan

    place = Place(tree, rev, channel, tuple(subdir or ()))
    run_plan(context.obj, place, question_of(supposed, since, channel, pin, policy, migration), output)


@app.command()
@asks
def why(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A package of the tree; or a job, as J-41.")],
    supposed: _Supposed = None,
    batch_id: Annotated[str, typer.Option("--batch", help="Of this batch, as B-7, and of no question.")] = "",
    tree: _Tree = Path(),
    rev: _Rev = None,
    since: _Since = None,
    pin: _Pins = None,
    migration: _Migrations = None,
    policy: _Policy = None,
    channel: _Channel = "",
    subdir: _Subdirs = None,
    output: Output = Form.TABLE,
) -> None:
    """Say what would become of a package, by which rule, spec and path; or why nothing would.

    With --batch, what that batch does about it. Of a job, as J-41: why it waits, and its place in the queue.

    Example: farm why numpy mkl=2026.1 --tree recipes/mkl
    """
    if batch_id or _JOB.fullmatch(name):
        from controller.cli.why import run_why_there

        run_why_there(context.obj, batch_id, name, output)
        return
    from controller.cli.questions import Place, question_of, run_why

    place = Place(tree, rev, channel, tuple(subdir or ()))
    run_why(context.obj, place, question_of(supposed, since, channel, pin, policy, migration), name, output)


@app.command()
@asks
def affected(
    context: typer.Context,
    supposed: _Supposed = None,
    tree: _Tree = Path(),
    rev: _Rev = None,
    since: _Since = None,
    pin: _Pins = None,
    migration: _Migrations = None,
    policy: _Policy = None,
    channel: _Channel = "",
    subdir: _Subdirs = None,
    output: Output = Form.TABLE,
) -> None:
    """List all that a change reaches, a line each, with how many each rule decided.

    Example: farm affected openssl=4.0 --tree recipes
    """
    from controller.cli.questions import Place, question_of, run_affected

    place = Place(tree, rev, channel, tuple(subdir or ()))
    run_affected(context.obj, place, question_of(supposed, since, channel, pin, policy, migration), output)


@app.command(PLAN_DIFF)
@asks
def plan_diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="A batch, as B-7 or B-7@0, or a file written with -o json.")],
    after: Annotated[str, typer.Argument(help="Another.")],
    output: Output = Form.TABLE,
) -> None:
    """Say how two plans differ: what comes in, what drops out, and what is done otherwise.

    B-7@0 is the plan as the batch was opened, B-7@2 after it was decided again for the second time, B-7 as it stands.

    Example: farm plan diff B-7@0 B-7
    """
    from controller.cli.plan_diff import run_diff

    run_diff(context.obj, before, after, output)


@app.command()
@asks
def push(
    context: typer.Context,
    tree: Annotated[str, typer.Argument(help="Folder or git repository of recipes.")],
    rev: Annotated[str | None, typer.Option(help="Commit or branch; without it HEAD, or the folder as it is.")] = None,
    message: Annotated[str | None, typer.Option("-m", "--message", help="What this change is.")] = None,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Stay until the batch has its verdict.")] = False,
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="Watch, and exit with 8 unless it passed.")
    ] = False,
    priority: Annotated[Priority, typer.Option(help="Of its batch, in the queue.")] = Priority.NORMAL,
    now: Annotated[bool, typer.Option("--now", help="Wait for no more pushes, whatever the tree says.")] = False,
    output: Output = Form.TABLE,
) -> None:
    """Push a tree: what changed is planned, rebuilt, tested and published to testing.

    Example: farm push recipes/starter --watch
    """
    from controller.cli.push import Pushed
    from controller.cli.push import run as run_push

    pushed = Pushed(tree, rev, message, priority.value, at_once=now)
    run_push(context.obj, pushed, watch=watch or exit_status, exit_status=exit_status, form=output)


@app.command()
def demo(
    tree: Annotated[str, typer.Option(help="starter or mkl.")] = "starter",
    keep: Annotated[Path | None, typer.Option(help="Folder to work in; without it a new temporary one.")] = None,
) -> None:
    """The whole way on real parts, each step checked: build, change, test, promote, take back."""
    from controller.cli.demo.run import run as run_demo

    run_demo(tree, keep)


@app.command()
@asks
def status(context: typer.Context, output: Output = Form.TABLE) -> None:
    """The farm at a glance: figures, pools, batches."""
    from controller.cli.status import run as run_status

    run_status(context.obj, output)


@app.command()
def doctor(
    context: typer.Context, data: Data = None, output: Output = Form.TABLE,
    deep: Annotated[bool, typer.Option("--deep", help="Read every file of the store, too.")] = False,
) -> None:  # fmt: skip
    """Look at this machine and this data folder, ask whether the farm's promises hold, and say how to mend it."""
    from controller.cli.doctor import run as run_doctor

    run_doctor(data or context.obj.data, output, deep=deep)


@app.command()
def version(output: Output = Form.TABLE) -> None:
    """The version, and the worker protocols it serves."""
    from controller.cli.output import tell
    from workers.contract.version import OLDEST_PROTOCOL, PROTOCOL, __version__

    facts = {"version": __version__, "protocol": PROTOCOL, "oldest_protocol": OLDEST_PROTOCOL}
    show(output, facts, lambda: tell(f"condafarm {__version__}, protocol {PROTOCOL}"), [__version__])
