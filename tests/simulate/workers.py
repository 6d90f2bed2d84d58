"""A worker as a process: it speaks the contract as the agent does, and dies, freezes, lies and comes back."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.domain.jobs import JobKind
from controller.services import leases, results, transfers, workers
from controller.services.farm import Farm
from controller.storage import artifacts
from tests.kit.rows import MACHINE
from tests.kit.simulated_worker import SimulatedWorker, job_of
from tests.simulate.network import AnsweredError, OffsetError, UnreachableError, wire
from tests.simulate.scheduler import FOREVER, Actor, Host
from tests.simulate.truth import Beat
from workers.contract.jobs import BuildOrder, PlannedFile, TestOrder
from workers.contract.leases import Claim, ClaimRequest, Heartbeat, WorkerState
from workers.contract.reports import Outcome, ProducedFile, Report

if TYPE_CHECKING:
    from tests.simulate.history import History

_LOST = frozenset({401, 403, 404, 409, 410})
_POLL = 15.0
_UPLOAD_TRIES = 5


class LostError(Exception):
    """The lease is over: the work is dropped."""


class GivenUpError(Exception):
    """The controller does not take a file."""


class Maker(SimulatedWorker):
    """Makes package files; two builds of one recipe differ, as they do in the world, unless it is reproducible."""

    def _content(self, output, hosts) -> bytes:
        return super()._content(output, hosts) + (b"" if output.name in self.same else self.name.encode())


@dataclass(eq=False)
class _Attempt:
    claim: Claim
    deaf: bool = False
    """It does not hear that it is to stop."""
    lost: bool = False
    over: bool = False
    phase: str = ""

    @property
    def name(self) -> str:
        return self.claim.attempt


class Worker:
    """One worker process, started again when it dies."""

    def __init__(self, history: "History", name: str, pools: tuple[str, ...], pace: float) -> None:
        self.history, self.pools, self.pace = history, pools, pace
        self.host = Host(name, skew=history.rng.choice([0.0, 7200.0, -7200.0]))
        self.actor: Actor | None = None
        self.doing: _Attempt | None = None
        self.retired = False
        history.scheduler.spawn(name, history.outside, self._begin, after=history.rng.uniform(0, 5))

    def _begin(self) -> None:
        self.host.alive, self.host.paused_until = True, 0.0
        self.host.run += 1
        self.host.began = self.history.scheduler.now
        self.doing = None
        self.actor = self.history.scheduler.spawn(self.host.name, self.host, self._serve)

    def die(self, after: float | None = None) -> None:
        """Killed; its supervisor starts it again."""
        history = self.history
        history.scheduler.end(self.host)
        if self in history.broker.resting:
            history.broker.resting.remove(self)
        back = history.rng.uniform(1, 120) if after is None else after
        history.scheduler.spawn(f"{self.host.name} again", history.outside, self._begin, after=back)

    def _sleep(self, seconds: float) -> None:
        self.history.scheduler.sleep(seconds)

    def _ask(self, what: str, act: Callable[[Farm], Any], timeout: float = 30.0) -> Any:
        return self.history.network.ask(self.host, f"{what} of {self.host.name}", act, timeout)

    def _serve(self) -> None:
        self._tell("idle")
        while True:
            claim = self._claim()
            if claim is None:
                self._rest()
                continue
            self.doing = _Attempt(claim, deaf=self.history.faults.strikes("worker deaf"))
            try:
                self._attempt(self.doing)
            except (LostError, AnsweredError) as error:
                self.history.say(f"{self.host.name} drops {claim.attempt}: {error}")
            finally:
                self.doing.over = True
                self.doing = None
            if self.history.faults.strikes("drain"):
                self._drain()

    def _drain(self) -> None:
        self.history.say(f"{self.host.name} drains")
        self._tell("draining")
        self._tell("gone")
        self.die(after=self.history.rng.uniform(5, 300))
        self._sleep(0)

    def _tell(self, state: str) -> None:
        said = wire(WorkerState(worker=self.host.name, pools=self.pools, machine=MACHINE, state=state))
        try:
            self._ask(f"state {state}", lambda farm: workers.note_state(farm, said), 5.0)
        except (UnreachableError, AnsweredError):
            return

    def _claim(self) -> Claim | None:
        asked = wire(ClaimRequest(worker=self.host.name, pools=self.pools, machine=MACHINE))
        try:
            claim = self._ask("claim", lambda farm: leases.claim(farm, asked))
        except (UnreachableError, AnsweredError):
            return None
        return wire(claim) if claim else None

    def _rest(self) -> None:
        broker = self.history.broker
        broker.resting.append(self)
        broker.deliver()
        self._sleep(0.0 if self not in broker.resting else _POLL)
        if self in broker.resting:
            broker.resting.remove(self)

    def _attempt(self, doing: _Attempt) -> None:
        history, faults, host = self.history, self.history.faults, self.host
        claim = doing.claim
        history.say(f"{host.name} begins {claim.attempt}: {' '.join(job_of(claim))}")
        history.scheduler.spawn(f"heart of {doing.name}", host, lambda: self._beat_on(doing))
        if job_of(claim)[1] in history.plot.poison and claim.spec.order.kind == JobKind.BUILD:
            history.truth.poisoned.add(claim.spec.job)
            self._work(doing, history.rng.uniform(1, 20))
            history.say(f"{host.name} dies of {claim.attempt}")
            self.die()
            self._sleep(0)
        if faults.strikes("worker hangs"):
            history.say(f"FAULT {host.name} hangs over {claim.attempt}, its heart beats on")
            doing.deaf = False  # nobody could ever help one that is deaf too, and it may be the only worker
            self._work(doing, FOREVER)
        self._mishap(doing)
        found = self._carry_out(doing)
        if faults.strikes("worker frozen"):
            self._freeze(doing)
        self._report(doing, found)

    def _mishap(self, doing: _Attempt) -> None:
        history = self.history
        part = history.rng.uniform(0, 60) * self.pace
        if history.faults.strikes("worker killed"):
            self._work(doing, part)
            history.say(f"FAULT {self.host.name} is killed at {doing.name}")
            self.die()
            self._sleep(0)
        if history.faults.strikes("worker frozen"):
            self._work(doing, part)
            self._freeze(doing)

    def _freeze(self, doing: _Attempt) -> None:
        """It stands still with all its threads, and goes on as if no time had passed."""
        seconds = self.history.rng.choice([30.0, 90.0, 400.0])
        self.history.say(f"FAULT {self.host.name} is frozen for {seconds:g} s at {doing.name}")
        self.history.pause(self.host, seconds)

    def _work(self, doing: _Attempt, seconds: float) -> None:
        """Time passes; an agent that was told to stop stops at once."""
        end = self.history.scheduler.now + seconds
        while self.history.scheduler.now < end:
            self._sleep(min(15.0, end - self.history.scheduler.now))
            self._mind(doing)

    def _mind(self, doing: _Attempt) -> None:
        if doing.lost and not doing.deaf:
            raise LostError("it was told to stop")

    def _beat_on(self, doing: _Attempt) -> None:
        claim = doing.claim
        while not doing.over:
            beat = wire(Heartbeat(lease=claim.lease, phase=doing.phase))
            began = self.history.scheduler.now
            heard = Beat.HEARD
            try:
                answer = self._ask(
                    f"beat of {doing.name}", lambda farm, beat=beat: leases.heartbeat(farm, claim.attempt, claim.token, beat),
                    claim.lease_seconds / 3,
                )  # fmt: skip
                if answer.stop:
                    doing.lost = True
                    return
            except UnreachableError as error:
                lost = Beat.MESSAGE_LOST if error.message else Beat.UNHEARD
                heard = Beat.OWN if self._own_fault(began) else lost
            except AnsweredError as error:
                heard = Beat.UNHEARD
                if error.status in _LOST:
                    doing.lost = True
                    return
            self.history.truth.beats[doing.name].append((began, heard))
            self._sleep(claim.lease_seconds / (3 if heard is Beat.HEARD else 12))

    def _own_fault(self, began: float) -> bool:
        return self.history.network.cut.get(self.host.name, 0.0) > began or self.host.paused_until > began

    def _carry_out(self, doing: _Attempt) -> Report:
        history, rng = self.history, self.history.rng
        claim, plot = doing.claim, history.plot
        kind, name = job_of(claim)
        doing.phase = "solve"
        self._log(doing, f"[farm] phase solve\nsolving for {name}\n".encode())
        doing.phase = kind
        self._work(doing, rng.uniform(2, 60) * self.pace)
        if history.faults.strikes("own fault"):
            return Report(lease=claim.lease, outcome=Outcome.INFRASTRUCTURE, message="the disk is full")
        if isinstance(claim.spec.order, TestOrder):
            self._look_for(claim.spec.order)
        if not isinstance(claim.spec.order, BuildOrder):
            return self._test(doing, name) if kind == "test" else self._control(doing, name)
        outcome = plot.builds.get(name, Outcome.PASSED)
        if outcome is not Outcome.PASSED:
            return Report(lease=claim.lease, outcome=outcome, phase="build", message="as it is written")
        return self._build(doing)

    def _test(self, doing: _Attempt, name: str) -> Report:
        history, order = self.history, doing.claim.spec.order
        outcome = history.plot.tests.get(name, Outcome.PASSED)
        if name in history.plot.flaky and history.rng.random() < 0.5:
            outcome = Outcome.FAILED
        history.truth.tested[order.sha256].add(outcome)
        return Report(lease=doing.claim.lease, outcome=outcome, phase="test", message="as it is written")

    def _look_for(self, order: TestOrder) -> None:
        """What is to be tested lies where the order says, and is the file that it says."""
        with self.history.observer.reading() as session:
            found = artifacts.find_file(session, *order.url.removeprefix("/store/").split("/", 1))
        fine = found is not None and found.sha256 == order.sha256
        self.history.hold(fine, f"{order.url} is not the file that was ordered to be tested")

    def _control(self, doing: _Attempt, name: str) -> Report:
        """The tests of what was there before, without the change."""
        outcome = self.history.plot.before.get(name, Outcome.PASSED)
        self.history.truth.before[name].add(outcome)
        return Report(lease=doing.claim.lease, outcome=outcome, phase="test", message="as it was")

    def _build(self, doing: _Attempt) -> Report:
        maker = Maker(self.history.observer, name=doing.name, same=set(self.history.plot.same))
        maker.exports = dict(self.history.plot.exports)
        claim = doing.claim
        doing.phase = "upload"
        try:
            files = tuple(self._deliver(doing, file, maker.make(claim, file)) for file in claim.spec.order.files)
        except GivenUpError as error:
            return Report(lease=claim.lease, outcome=Outcome.INFRASTRUCTURE, phase="upload", message=str(error))
        return Report(lease=claim.lease, outcome=Outcome.PASSED, phase="upload", files=files)

    def _deliver(self, doing: _Attempt, file: PlannedFile, data: bytes) -> ProducedFile:
        digest = hashlib.sha256(data).hexdigest()
        self.history.truth.made.setdefault(digest, doing.name)
        if not self.history.faults.strikes("upload truncated"):
            self._upload(doing, data, digest)
        else:
            self.history.say(f"FAULT {doing.name} reports a file that it never sent whole")
            self._upload_once(doing, data[: len(data) // 2], digest, len(data))
        return ProducedFile(file_name=file.file_name, subdir=file.subdir, sha256=digest, size=len(data))

    def _upload(self, doing: _Attempt, data: bytes, digest: str) -> None:
        """As the agent does: ask where it stands, go on from there; refused too often, give up."""
        best, refusals = -1, 0
        for _ in self._tries(doing):
            try:
                at = self._call(doing, "offset", lambda farm, a: transfers.upload_offset(farm, *a, digest))
                refusals = 0 if at > best else refusals + 1
                best = max(at, best)
                while at < len(data):
                    at = self._piece(doing, data, digest, at)
            except OffsetError as error:
                if refusals >= _UPLOAD_TRIES:
                    raise GivenUpError(str(error)) from None
                self._sleep(1.0)
            except (UnreachableError, AnsweredError):
                self._sleep(3.0)
            else:
                return

    def _upload_once(self, doing: _Attempt, data: bytes, digest: str, length: int) -> None:
        try:
            self._call(
                doing, "upload", lambda farm, a: transfers.append_upload(farm, *a, digest, 0, length, iter([data]))
            )
        except (OffsetError, UnreachableError, AnsweredError):
            return

    def _piece(self, doing: _Attempt, data: bytes, digest: str, at: int) -> int:
        history = self.history
        size = history.rng.choice([400, 900, 100_000])
        piece = data[at : at + size]
        if history.faults.strikes("upload corrupt"):
            history.say(f"FAULT bytes of an upload of {doing.name} are changed on the way")
            piece = bytes([piece[0] ^ 1]) + piece[1:]
        broken = history.faults.strikes("upload cut off")

        def chunks() -> Iterator[bytes]:
            half = len(piece) // 2
            yield piece[:half]
            if broken:
                raise ConnectionError("the sender is gone")
            yield piece[half:]

        return self._call(
            doing, "upload",
            lambda farm, a: transfers.append_upload(farm, *a, digest, at, len(data), chunks()),
        )  # fmt: skip

    def _log(self, doing: _Attempt, data: bytes) -> None:
        for _ in self._tries(doing):
            try:
                self._call(doing, "log", lambda farm, a: transfers.append_log(farm, *a, 0, data))
            except (UnreachableError, AnsweredError):
                self._sleep(2.0)
            else:
                return

    def _call(self, doing: _Attempt, what: str, act: Callable[[Farm, tuple[str, str]], Any]) -> Any:
        """A request under the lease. Raises LostError once it is over."""
        token = (doing.name, doing.claim.token)
        try:
            return self._ask(f"{what} of {doing.name}", lambda farm: act(farm, token))
        except AnsweredError as error:
            if error.status in _LOST:
                raise LostError(str(error)) from None
            raise

    def _tries(self, doing: _Attempt) -> Iterator[int]:
        """Until it is through, or the lease is lost."""
        number = 0
        while True:
            self._mind(doing)
            number += 1
            yield number

    def _report(self, doing: _Attempt, said: Report) -> None:
        history = self.history
        said = wire(said)
        for number in self._tries(doing):
            try:
                receipt = self._call(doing, "report", lambda farm, a: results.report(farm, *a, said))
            except (UnreachableError, AnsweredError):
                self._sleep(min(2.0 * number, 30.0))
                continue
            assert receipt.accepted
            history.say(f"{self.host.name} has the receipt of {doing.name}: {said.outcome.value}")
            history.truth.receipts.setdefault(doing.name, said.outcome)
            break
        self._again(doing, said)

    def _again(self, doing: _Attempt, said: Report) -> None:
        """A report that is sent again, as it was or saying something else, changes nothing."""
        history = self.history
        if history.faults.strikes("report twice"):
            history.say(f"FAULT {doing.name} reports again")
            self._once_more(doing, said)
        if history.faults.strikes("report changed"):
            history.say(f"FAULT {doing.name} reports again, and otherwise")
            other = Outcome.FAILED if said.outcome is Outcome.PASSED else Outcome.NO_TESTS
            self._once_more(doing, said.model_copy(update={"outcome": other}))

    def _once_more(self, doing: _Attempt, said: Report) -> None:
        try:
            self._call(doing, "report", lambda farm, a: results.report(farm, *a, said))
        except (UnreachableError, AnsweredError, LostError):
            return
