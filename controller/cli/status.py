"""``farm status``."""

from controller.cli.asking import Context
from controller.cli.batch import figures
from controller.cli.output import Form, out, show, table


def run(context: Context, form: Form) -> None:
    """The farm at a glance."""
    with context.client() as client:
        view = client.farm()

    def say() -> None:
        out.print(f"jobs: {figures(view.counts)}", markup=False)
        table(
            ("POOL", "IDLE", "BUSY", "READY", "RUNNING"),
            [(p.name, p.idle, p.busy, p.ready, p.running) for p in view.pools],
        )
        table(("BATCH", "STATE", "VERDICT", "TITLE"), [(b.id, b.state, b.verdict, b.title) for b in view.batches])
        table(("CHANNEL", "SNAPSHOT", "FILES", "URL"), [(c.name, c.snapshot, c.files, c.url) for c in view.channels])

    show(form, view, say, [batch.id for batch in view.batches])
