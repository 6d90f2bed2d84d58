"""A tree of one package, pushed again and again, whose tests go as a test says."""

from dataclasses import dataclass, field
from pathlib import Path

from controller.services import intake
from controller.services.farm import Farm
from controller.storage import batches, events, jobs
from controller.storage.jobs import AttemptRow, JobRow
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import Job, SimulatedWorker
from workers.contract.reports import Outcome, TestCase, TestOutcome

TEST: Job = ("test", "one")
BUILD: Job = ("build", "one")


def ran(*failing: str, passed: int = 41, skipped: int = 2, failed: int = -1) -> TestOutcome:
    """One test, of which these cases failed."""
    cases = tuple(TestCase(name=name, outcome=Outcome.FAILED, message=f"{name} broke", where="t.py:7")
                  for name in failing)  # fmt: skip
    return TestOutcome(
        index=0, kind="python", outcome=Outcome.FAILED if failing or failed > 0 else Outcome.PASSED, seconds=1.0,
        passed=passed, failed=len(cases) if failed < 0 else failed, skipped=skipped, failing=cases,
    )  # fmt: skip


@dataclass
class BrittleTree:
    """``push`` builds another version of ``one`` to its end."""

    farm: Farm
    folder: Path
    version: int = 0
    workers: list[SimulatedWorker] = field(default_factory=list)

    def say(self, tables: str) -> None:
        """Write the tree's ``farm.toml``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "farm.toml").write_text(tables)

    def push(self, *tries: TestOutcome | None, lists: list[TestCase] | None = None, **worker: set[Job]) -> str:
        """Push and do all of it. Each of ``tries`` is what a try of the test reports; those that failed fail in a way
        that may come and go. Answers the batch.
        """
        self.version += 1
        write_recipe(self.folder, "one", version=f"{self.version}.0")
        commit(self.folder, f"version {self.version}")
        answer = intake.push(self.farm, str(self.folder), None, who="ana")
        hands = SimulatedWorker(self.farm, lists={TEST: lists} if lists else {}, **worker)
        for said in tries:
            if said is not None:
                hands.brittle = {TEST} if said.outcome is Outcome.FAILED else set()
                hands.tests = {TEST: (said,)}
            while TEST not in hands.done and hands.step():
                pass
            hands.done.clear()
        hands.finish()
        return answer.batch

    def job(self, kind: str = "test") -> JobRow:
        """The newest job of this kind."""
        with self.farm.reading() as session:
            found = [job for job in jobs.jobs_of_batch(session, self._newest()) if job.kind == kind]
        return found[-1]

    def tries(self) -> list[AttemptRow]:
        """Of the newest test job."""
        with self.farm.reading() as session:
            return jobs.attempts_of(session, self.job().id or 0)

    def batch_state(self) -> str:
        """Of the newest batch."""
        with self.farm.reading() as session:
            return batches.find_batch(session, f"B-{self._newest()}").state

    def told(self, kind: str) -> list[dict[str, object]]:
        """All facts of a kind."""
        with self.farm.reading() as session:
            return [row.data for row in events.events_after(session, 0, 10_000) if row.kind == kind]

    def _newest(self) -> int:
        with self.farm.reading() as session:
            return batches.newest_batches(session, 1)[0].id or 0
