"""What must hold, asked again and again of the farm itself and of what really happened."""

from typing import TYPE_CHECKING

from sqlalchemy import Integer, String, text
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from controller.domain.batches import BatchState
from controller.domain.channels import STABLE, TESTING
from controller.domain.invariant_words import breach_sentence
from controller.domain.jobs import AttemptState
from controller.services import invariants
from controller.storage import batches, channels, jobs, pauses, pushes
from controller.storage.database import UtcDateTime
from controller.storage.jobs import AttemptRow
from tests.simulate.stage import RULES
from tests.simulate.truth import Beat
from workers.contract.reports import Outcome

if TYPE_CHECKING:
    from tests.simulate.history import History
    from tests.simulate.scheduler import Host
    from tests.simulate.workers import Worker

_EVERY, _OFTEN = 60, 10
"""Commits between two looks at everything, and at who holds what."""
_WHO_LEADS = text(
    "SELECT coalesce(newest.id, 0) AS newest, led.holder AS holder, led.until AS until "
    "FROM (SELECT max(id) AS id FROM event) AS newest LEFT JOIN leadership AS led ON led.id = 1"
).columns(newest=Integer(), holder=String(), until=UtcDateTime())
_SILENT = text("SELECT id FROM attempt WHERE message = 'the worker went silent'")
"""Asked after each commit, and so without what makes objects of rows."""
_GOOD = {Outcome.PASSED, Outcome.NO_TESTS}


class Checks:
    """The eyes of a history."""

    def __init__(self, history: "History") -> None:
        self.history = history
        self._over_at, self._over = -1, False
        self._silent: set[str] = set()
        self._ended: dict[str, str] = {}
        self._told = 0

    def expected(self, what: str, error: Exception) -> None:
        """Only what a fault explains may end a request with a surprise."""
        fine = isinstance(error, OperationalError | OSError)
        self.history.hold(fine, f"{what} met {type(error).__name__}: {error}")

    def after_commit(self) -> None:
        history = self.history
        actor = history.scheduler.current
        loop = actor.host if actor is not None and actor.name.endswith(".loop") else None
        self._led(loop)
        if loop is not None:
            self._taken_away()
        if history.commits % _EVERY == 0:
            self._ask_all()
        if history.commits % _OFTEN:
            return
        self._stay_ended()
        with history.observer.reading() as session:
            found = invariants.find_quick_breaches(session)
        for breach in found:
            history.hold(False, breach_sentence(breach))

    def _led(self, host: "Host | None") -> None:
        """What a loop writes it writes while it leads, and nobody else does."""
        history = self.history
        with history.engine.connect() as connection:
            newest, holder, until = connection.execute(_WHO_LEADS).one()
        wrote, self._told = newest > self._told, newest
        if wrote and host is not None:
            leads = holder == f"{host.name}:{host.run}" and until > history.database_time()
            history.hold(leads, f"the loop of {host.name} wrote while it did not lead")

    def _taken_away(self) -> None:
        """A worker that is there keeps its job, whatever becomes of the only controller, or of one beat.

        Of several one may be dead to it while another one leads: there all its beats must have been heard.
        """
        history = self.history
        with history.engine.connect() as connection:
            silent = connection.execute(_SILENT).scalars().all()
        for attempt in silent:
            if attempt not in self._silent:
                self._silent.add(attempt)
                worker = next((w for w in history.workers if w.doing and w.doing.name == attempt), None)
                if worker is not None:
                    history.hold(
                        not self._was_there(worker, attempt), f"{attempt} was taken from a worker that was there"
                    )

    def _stay_ended(self) -> None:
        """What has ended stays as it ended, whatever a late worker says of it."""
        with self.history.observer.reading() as session:
            ended = session.exec(
                select(AttemptRow.id, AttemptRow.state).where(AttemptRow.state != AttemptState.LEASED.value)
            )
            found = {str(attempt): str(state) for attempt, state in ended.all()}
        for attempt, before in self._ended.items():
            now = found.get(attempt, "leased")
            self.history.hold(now == before, f"{attempt} had ended as {before}, and is {now}")
        self._ended |= found

    def _was_there(self, worker: "Worker", attempt: str) -> bool:
        now = self.history.scheduler.now
        began = now - RULES.lease_seconds - RULES.tick_seconds
        host, cut = worker.host, self.history.network.cut.get(worker.host.name, 0.0)
        if not host.alive or max(host.paused_until, cut) > began or host.began > began:
            return False
        lately = [beat for at, beat in self.history.truth.beats[attempt] if at > began]
        if len(self.history.controllers) > 1:
            return len(lately) > 1 and set(lately) == {Beat.HEARD}
        return Beat.OWN not in lately and lately.count(Beat.MESSAGE_LOST) <= 1

    def _ask_all(self, *, deep: bool = False) -> None:
        history = self.history
        self._stay_ended()
        known = set(history.broken)
        for breach in invariants.find_breaches(history.observer, deep=deep):
            words = breach_sentence(breach)
            if words not in known:
                history.hold(False, words)

    def is_over(self) -> bool:
        """Whether nothing is left to do; asked of the database only after a commit."""
        history = self.history
        people, workers = history.people, history.workers
        if people.pushing or people.acting or any(worker.doing for worker in workers):
            return False
        if history.commits > self._over_at:
            self._over_at = history.commits + 3
            with history.observer.reading() as session:
                busy = batches.batches_in(session, BatchState.RUNNING) or pushes.waiting(session)
                self._over = not busy and not pauses.open_pauses(session)
        return self._over

    def soon_afterwards(self) -> None:
        for breach in invariants.find_silent(self.history.observer):
            self.history.hold(False, breach_sentence(breach))

    def at_the_end(self) -> None:
        history = self.history
        history.hold(history.people.pushing == 0, "a push was never answered (the farm goes on without a person)")
        self._ask_all(deep=True)
        for breach in invariants.find_unfinished(history.observer):
            history.hold(False, breach_sentence(breach))
        self._pushes()
        self._receipts()
        self._published()

    def _pushes(self) -> None:
        """Each push that was answered is in a batch, and in one alone."""
        history = self.history
        with history.observer.reading() as session:
            for commit in sorted(history.truth.pushed):
                key = f"push:{history.stage.tree}:{commit}"
                found = [batches.change_with_key(session, key), pushes.change_of(session, key)]
                named = {
                    batch.name for change in found if change and (batch := batches.batch_of_change(session, change))
                }
                history.hold(len(named) == 1, f"the push of {commit[:7]} is in the batches {sorted(named)}")
                told = history.truth.opened.get(commit)
                history.hold(told is None or told in named, f"the push of {commit[:7]} was told {told}")

    def _receipts(self) -> None:
        """What a worker was given a receipt for stands as it said."""
        history = self.history
        with history.observer.reading() as session:
            for attempt, outcome in history.truth.receipts.items():
                row = jobs.find_attempt(session, attempt)
                kept = row.report.get("outcome", "")
                fine = kept in {outcome.value, Outcome.REFUSED.value}
                history.hold(fine, f"{attempt} has a receipt for {outcome.value}, and the farm knows '{kept}'")

    def _published(self) -> None:
        """What is published was made by the attempt that passed, and somebody really saw its tests pass."""
        truth, history = self.history.truth, self.history
        with history.observer.reading() as session:
            for channel in (TESTING, STABLE):
                for row in channels.files_in(session, channel, channels.current_of(session, channel)):
                    if row.sha256 not in truth.made:
                        continue  # it was there when the history began
                    before = truth.before[row.name]
                    as_before = (truth.tested[row.sha256] & before) - _GOOD or Outcome.UNSOLVABLE in before
                    fine = bool(truth.tested[row.sha256] & _GOOD) or (bool(row.excused) and bool(as_before))
                    history.hold(fine, f"{channel} holds {row.file}, of which no test ever passed")
                    passed = [a for a in jobs.attempts_of(session, row.job_id or 0) if a.state == "passed"]
                    said = [f["sha256"] for a in passed for f in a.report["files"]]
                    history.hold(row.sha256 in said, f"{channel} holds {row.file}, which no passed attempt reported")
