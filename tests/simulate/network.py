"""Messages between processes: lost, late, twice, answered to nobody. Bodies cross it as JSON, as on the wire."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from controller.domain.errors import FarmError, UploadError
from controller.services.farm import Farm
from controller.web.problems import status_of
from tests.simulate.scheduler import Actor, Host, Killed
from workers.contract.messages import Message

if TYPE_CHECKING:
    from tests.simulate.controllers import Controller
    from tests.simulate.history import History

M = TypeVar("M", bound=Message)


class UnreachableError(Exception):
    """No answer came. Whether it was done, nobody knows. ``message``: one message was lost, and nothing else failed."""

    def __init__(self, words: str, *, message: bool = False) -> None:
        super().__init__(words)
        self.message = message


class AnsweredError(Exception):
    """The controller refused, with an HTTP status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{words} (HTTP {status})")
        self.status = status


class OffsetError(Exception):
    """An upload stands elsewhere than thought."""


def wire(message: M) -> M:
    """The message as it is read on the other side."""
    return type(message).model_validate_json(message.model_dump_json())


@dataclass(eq=False)
class _Reply:
    waiting: Actor
    come: bool = False
    awaited: bool = True
    value: Any = None
    error: Exception | None = None


class Network:
    """Who can speak to whom. ``ask`` is one HTTP request."""

    def __init__(self, history: "History") -> None:
        self.history = history
        self.cut: dict[str, float] = {}
        """Process to when it can be reached again."""

    def ask(self, sender: Host, what: str, act: Callable[[Farm], Any], timeout: float = 30.0) -> Any:
        """Ask a controller, whichever answers. Raises UnreachableError, AnsweredError, OffsetError."""
        history, faults = self.history, self.history.faults
        scheduler = history.scheduler
        actor = scheduler.current
        assert actor is not None
        if faults.strikes("worker cut off"):
            seconds = history.rng.choice([5.0, 50.0, 90.0, 300.0])
            history.say(f"FAULT {sender.name} is cut off for {seconds:g} s")
            self.cut[sender.name] = scheduler.now + seconds
        scheduler.sleep(history.delay())
        controller = self._way(sender)
        reply = _Reply(actor)
        lost = faults.strikes("request lost")
        if lost:
            history.say(f"FAULT request lost: {what}")
        else:
            self._serve(controller, what, act, reply)
            if faults.strikes("request twice"):
                history.say(f"FAULT request comes twice: {what}")
                self._serve(
                    controller, what, act, _Reply(actor, awaited=False), after=history.rng.choice([0.0, 1.0, 40.0])
                )
        return self._await(reply, what, timeout, lost=lost)

    def _way(self, sender: Host) -> "Controller":
        history = self.history
        if self.cut.get(sender.name, 0.0) > history.scheduler.now:
            history.scheduler.sleep(5.0)
            raise UnreachableError("no route")
        alive = [controller for controller in history.controllers if controller.host.alive]
        if not alive:
            history.scheduler.sleep(0.1)
            raise UnreachableError("connection refused")
        return history.rng.choice(alive)

    def _serve(
        self, controller: "Controller", what: str, act: Callable[[Farm], Any], reply: _Reply, after: float = 0.0
    ) -> None:
        farm = controller.farm

        def handle() -> None:
            try:
                reply.value = act(farm)
            except Killed:
                raise
            except UploadError as error:
                reply.error = OffsetError(str(error))
            except FarmError as error:
                reply.error = AnsweredError(int(status_of(error)), error.what)
            except Exception as error:  # noqa: BLE001 -- what the web answers 500 for
                self.history.surprised(what, error)
                reply.error = AnsweredError(500, repr(error)[:200])
            reply.come = True
            scheduler = self.history.scheduler
            if reply.awaited and not reply.waiting.gone:
                scheduler.wake(reply.waiting)

        self.history.scheduler.spawn(what, controller.host, handle, after)

    def _await(self, reply: _Reply, what: str, timeout: float, *, lost: bool) -> Any:
        history = self.history
        end = history.scheduler.now + timeout
        while not reply.come and history.scheduler.now < end:
            history.scheduler.sleep(end - history.scheduler.now)
        reply.awaited = False
        cut = self.cut.get(reply.waiting.host.name, 0.0) > history.scheduler.now
        if not reply.come or cut:
            raise UnreachableError("no answer", message=lost)
        if history.faults.strikes("answer lost"):
            history.say(f"FAULT answer lost: {what}")
            raise UnreachableError("the answer was lost", message=True)
        if reply.error is not None:
            raise reply.error
        return reply.value
