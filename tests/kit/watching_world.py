"""A farm with a small tree that was built once on packages of a channel which it watches."""

from dataclasses import replace
from pathlib import Path

from controller.domain.artifacts import Artifact
from controller.domain.upstream import WatchedChannel
from controller.services import following, intake, watching
from controller.services.answers.upstream import upstream_view
from controller.services.farm import Farm
from controller.storage import batches, jobs
from controller.storage.batches import BatchRow
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker
from tests.kit.upstream_channel import UpstreamChannel, foreign

MKL, TBB, IDLE = foreign("mkl", "2025.3", exported="2026.0a0"), foreign("tbb", "1.0"), foreign("idle", "1.0")
NEXT = foreign("mkl", "2026.1", exported="2027.0a0")
"""The next major version: whoever was built with the one before excludes it."""
BUILD = foreign("mkl", "2025.3", 1, exported="2026.0a0")
"""Another build of the same version: admitted, and so only a reason to test again."""
INTERVAL = 900.0


class WatchingWorld:
    """``num`` is built with mkl and records its bound; ``above`` runs with num; ``apart`` has nothing to do with it."""

    def __init__(self, farm: Farm, tree: Path, url: str, channel: UpstreamChannel) -> None:
        self.farm, self.tree, self.url, self.channel = farm, tree, url, channel
        farm.rules = replace(farm.rules, upstream=(url,), watch=(WatchedChannel(url),))
        self.worker = SimulatedWorker(farm)
        write_recipe(tree, "num", host=("mkl",), exports=("num >=1.0,<2",))
        write_recipe(tree, "above", run=("num",))
        write_recipe(tree, "apart", host=("tbb",), run=("tbb",))
        self.hold(MKL, TBB, IDLE)

    def begin(self) -> None:
        """Everything is built and published, and the channel was looked at once."""
        self.push()
        self.worker.finish()
        self.look()
        self.worker.done.clear()

    def push(self) -> str:
        commit(self.tree, "a change")
        return intake.push(self.farm, str(self.tree), None, who="ana").batch

    def hold(self, *artifacts: Artifact) -> None:
        """The channel has these too, and whoever builds takes them."""
        self.channel.hold(*artifacts)
        self.worker.upstream = list(self.channel.held)

    def look(self, seconds: float = INTERVAL) -> None:
        """Some time later the loop looks."""
        self.farm.now.forward(seconds)  # type: ignore[attr-defined]
        watching.watch_due(self.farm)
        following.follow_due(self.farm)

    def batches(self) -> list[BatchRow]:
        """Those that came of what moved, oldest first."""
        with self.farm.reading() as session:
            found = batches.newest_batches(session, 50)
            changes = batches.changes_by_id(session, [row.change_id for row in found])
        return [row for row in reversed(found) if changes[row.change_id].kind == "upstream"]

    def jobs(self, batch: BatchRow) -> list[tuple[str, str]]:
        with self.farm.reading() as session:
            return sorted((job.kind, job.name) for job in jobs.jobs_of_batch(session, batch.id or 0))

    def moves(self) -> list[tuple[str, str, str, str]]:
        """Package, version and build before and after, and what came of it, oldest first."""
        found = upstream_view(self.farm).moves
        return [(m.name, m.before.split(" ")[0], m.after.split(" ")[0], m.batch or m.state) for m in reversed(found)]

    def errors(self) -> list[str]:
        return [watch.error for watch in upstream_view(self.farm).channels]
