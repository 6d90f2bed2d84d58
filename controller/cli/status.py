"""``farm status``."""

from controller.cli.asking import Context
from controller.cli.batch import figures
from controller.cli.output import Form, show, table, tell


def run(context: Context, form: Form) -> None:
    """The farm at a glance."""
    with context.client() as client:
        view = client.farm()
        addresses = [client.absolute(channel.url) for channel in view.channels]

    def say() -> None:
        tell(f"jobs: {figures(view.counts)}")
        for alarm in view.idle:
            tell(f"{alarm.sentence}\n  next: {alarm.remedy}")
        if view.leader:
            tell(view.leader.sentence)
        table(
            ("POOL", "IDLE", "BUSY", "READY", "RUNNING"),
            [(p.name, p.idle, p.busy, p.ready, p.running) for p in view.pools],
        )
        table(("BATCH", "STATE", "VERDICT", "TITLE"), [(b.id, b.state, b.verdict, b.title) for b in view.batches])
        channels = zip(view.channels, addresses, strict=True)
        table(("CHANNEL", "SNAPSHOT", "FILES", "URL"), [(c.name, c.snapshot, c.files, url) for c, url in channels])

    show(form, view, say, [batch.id for batch in view.batches])
