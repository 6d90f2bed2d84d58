"""Persons at their consoles: they push, cancel, retry, promote and restore, when it suits them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from controller.domain.channels import STABLE
from controller.domain.pauses import PauseKind
from controller.services import intake, pausing, promotion, requests
from controller.services.farm import Farm
from controller.storage import batches, channels, jobs
from tests.simulate.network import AnsweredError, OffsetError, UnreachableError
from tests.simulate.scheduler import Host

if TYPE_CHECKING:
    from tests.simulate.history import History


class People:
    """All who ask something of the farm by hand. A push is asked again until it is answered."""

    def __init__(self, history: "History") -> None:
        self.history, self.host = history, Host("people")
        plot, rng = history.plot, history.rng
        self.pushing, self.acting = len(plot.pushes), plot.acts
        for at, commit in plot.pushes:
            sha = history.stage.commits[commit]
            history.scheduler.spawn("push", self.host, lambda sha=sha: self._push(sha), at)
        for _ in range(plot.acts):
            history.scheduler.spawn("act", self.host, self._act, rng.uniform(20, 500))

    def _ask(self, what: str, act: Callable[[Farm], Any]) -> Any:
        return self.history.network.ask(self.host, what, act)

    def _push(self, commit: str) -> None:
        history = self.history
        at_once = history.rng.random() < 0.2
        while True:
            try:
                opened = self._ask(
                    f"push {commit[:7]}",
                    lambda farm: intake.push(farm, history.stage.tree, commit, who="ana", at_once=at_once),
                )
                break
            except (UnreachableError, AnsweredError) as error:
                history.say(f"push {commit[:7]}: {error}")
                history.scheduler.sleep(history.rng.uniform(1, 60))
        history.say(f"push {commit[:7]} is {opened.batch} with {opened.jobs} jobs{', known' if opened.again else ''}")
        history.truth.pushed.add(commit)
        if opened.batch:
            same = history.truth.opened.setdefault(commit, opened.batch) == opened.batch
            history.hold(same, "one commit, two batches")
        self.pushing -= 1

    def _act(self) -> None:
        history, rng = self.history, self.history.rng
        with history.observer.reading() as session:
            known = batches.newest_batches(session, 5)
            batch = rng.choice(known)
            work = jobs.jobs_of_batch(session, batch.id or 0)
            stable = channels.current_of(session, STABLE)
        chosen = rng.choice(work) if work else None
        job, named = (chosen.public, chosen.recipe) if chosen else ("J-1", "nothing")
        acts: dict[str, Callable[[Farm], Any]] = {
            f"pause {batch.name}": lambda farm: pausing.pause(
                farm, PauseKind.BATCH, batch.name, who="eva", until=_in(farm, 60)
            ),
            f"resume {batch.name}": lambda farm: pausing.resume(farm, PauseKind.BATCH, batch.name, who="bob"),
            f"pause recipe {named}": lambda farm: pausing.pause(
                farm, PauseKind.RECIPE, named, who="eva", until=_in(farm, 90)
            ),
            f"cancel {batch.name}": lambda farm: requests.cancel(farm, batch.name, who="eva"),
            f"retry {job}": lambda farm: requests.retry(farm, job, who="eva"),
            f"promote {batch.name}": lambda farm: promotion.promote(farm, batch.name, who="eva"),
            f"promote it again, {batch.name}": lambda farm: promotion.promote(farm, batch.name, who="bob"),
            f"restore stable@{stable}": lambda farm: promotion.restore(farm, f"stable@{stable}", who="eva"),
        }
        what = rng.choice(sorted(acts))
        try:
            self._ask(what, acts[what])
            history.say(f"{what}: done")
        except (UnreachableError, AnsweredError, OffsetError) as error:
            history.say(f"{what}: {error}")
        finally:
            self.acting -= 1


def _in(farm: Farm, seconds: float) -> datetime:
    return farm.now() + timedelta(seconds=seconds)
