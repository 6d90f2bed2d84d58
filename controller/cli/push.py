"""``farm push``."""

from pathlib import Path

from controller.cli.asking import Context
from controller.cli.output import Form, err, out, show, who
from controller.cli.watch import watch as watch_batch


def run(context: Context, tree: str, rev: str | None, message: str | None, *, watch: bool, form: Form) -> None:
    """Push, say what became of it, and stay if asked."""
    where = str(Path(tree).resolve()) if Path(tree).exists() else tree
    with context.client() as client:
        answer = client.push(where, rev, message, who())
        again = " (pushed before; this is its batch)" if answer.again else ""
        said = f"{answer.batch}: {answer.jobs} jobs, {answer.state}{again}"
        show(form, answer, lambda: out.print(said, markup=False), [answer.batch])
        if watch:
            err.print(f"{client.url}/batches/{answer.batch}", markup=False)
            watch_batch(client, answer.batch)
