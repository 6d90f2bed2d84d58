"""The hand that does what the schedule says, and undoes it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from tests.nemesis.parts import Part
from tests.nemesis.schedule import Fault, Kind
from tests.nemesis.servers import end_sessions
from tests.nemesis.stage import Stage

_LOOK = 0.1


def targets(stage: Stage) -> Mapping[Kind, Sequence[str]]:
    """Whom each kind of fault can meet here; kinds that meet nobody are left out."""
    workers, controllers = tuple(stage.workers), tuple(stage.controllers)
    found: dict[Kind, Sequence[str]] = {
        Kind.WORKER_KILLED: workers, Kind.WORKER_STOPPED: workers,
        Kind.CONTROLLER_KILLED: controllers, Kind.CONTROLLER_STOPPED: controllers,
        Kind.BROKER_WIPED: ("broker",), Kind.BROKER_KILLED: ("broker",),
        Kind.DATABASE_RESTARTED: ("postgres",) if stage.postgres else (),
        Kind.SESSIONS_ENDED: ("postgres",) if stage.database_url and not stage.postgres else (),
        Kind.WORK_DISK_FULL: tuple(name for name in stage.disks if name != "data"),
        Kind.DATA_DISK_FULL: tuple(name for name in stage.disks if name == "data"),
        Kind.NETWORK_CUT: tuple(stage.cables),
    }  # fmt: skip
    return {kind: names for kind, names in found.items() if names}


@dataclass(slots=True)
class Hand:
    """Faults that are to come, and those that last. ``done`` has the instants of each, in seconds of ``clock``."""

    stage: Stage
    faults: tuple[Fault, ...]
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.time
    done: list[tuple[Fault, float, float]] = field(default_factory=list)
    _lasting: list[tuple[Fault, float]] = field(default_factory=list)

    def go(self, seconds: float) -> None:
        """Until all that time has gone; then everything stands again."""
        began, coming = self.clock(), list(self.faults)
        while (now := self.clock() - began) < seconds:
            for fault, since in [pair for pair in self._lasting if pair[0].end <= now]:
                self._finish(fault, since)
            while coming and coming[0].at <= now:
                self._begin(coming.pop(0))
            self.look()
            time.sleep(_LOOK)
        self.heal()

    def look(self) -> None:
        """What ended by itself is started again."""
        for part in self.stage.parts:
            part.look()

    def heal(self) -> None:
        """Undo every fault that lasts."""
        for fault, since in list(self._lasting):
            self._finish(fault, since)

    def _begin(self, fault: Fault) -> None:
        self.tell(str(fault))
        since = self.clock()
        self._do(fault)
        self._lasting.append((fault, since))

    def _finish(self, fault: Fault, since: float) -> None:
        self._lasting.remove((fault, since))
        self._undo(fault)
        self.done.append((fault, since, self.clock()))

    def _do(self, fault: Fault) -> None:
        stage, kind = self.stage, fault.kind
        if kind in (Kind.WORKER_KILLED, Kind.CONTROLLER_KILLED, Kind.BROKER_KILLED):
            self._part(fault).kill()
        elif kind in (Kind.WORKER_STOPPED, Kind.CONTROLLER_STOPPED):
            self._part(fault).freeze()
        elif kind is Kind.BROKER_WIPED:
            stage.broker.wipe()
        elif kind is Kind.DATABASE_RESTARTED and stage.postgres:
            stage.postgres.stop(fault.manner)
        elif kind is Kind.SESSIONS_ENDED:
            _end_sessions(stage.database_url)
        elif kind in (Kind.WORK_DISK_FULL, Kind.DATA_DISK_FULL):
            stage.disks[fault.target].fill()
        elif kind is Kind.NETWORK_CUT:
            stage.cables[fault.target].cut(fault.manner)

    def _undo(self, fault: Fault) -> None:
        kind = fault.kind
        if kind in (Kind.WORKER_KILLED, Kind.CONTROLLER_KILLED, Kind.BROKER_KILLED, Kind.DATABASE_RESTARTED):
            self._part(fault).start()
        elif kind in (Kind.WORKER_STOPPED, Kind.CONTROLLER_STOPPED):
            self._part(fault).thaw()
        elif kind in (Kind.WORK_DISK_FULL, Kind.DATA_DISK_FULL):
            self.stage.disks[fault.target].empty()
        elif kind is Kind.NETWORK_CUT:
            self.stage.cables[fault.target].mend()

    def _part(self, fault: Fault) -> Part:
        return next(part for part in self.stage.parts if part.name == fault.target)


def _end_sessions(url: str) -> None:
    try:
        end_sessions(url)
    except SQLAlchemyError:
        return
