"""Faults that belong to no single call: clocks, locks, the broker, the database."""

from typing import TYPE_CHECKING

from controller.storage import leadership
from tests.simulate.scheduler import Host

if TYPE_CHECKING:
    from tests.simulate.history import History


class Nemesis:
    """About every ten seconds it looks whether something is to break."""

    def __init__(self, history: "History") -> None:
        self.history = history
        history.scheduler.spawn("nemesis", Host("nemesis"), self._go)

    def _go(self) -> None:
        while not self.history.faults.calm:
            self.history.scheduler.sleep(10.0)
            self._clock()
            self._lock()
            self._broker()
            self._database()

    def _clock(self) -> None:
        history = self.history
        if history.faults.strikes("clock jumps"):
            for controller in history.controllers:
                by = history.rng.choice([20.0, 90.0, 7200.0, -15.0, -600.0, -3600.0])
                history.say(f"FAULT the clock of {controller.host.name} jumps by {by:g} s")
                controller.host.skew += by

    def _lock(self) -> None:
        history = self.history
        if history.faults.strikes("leader's lease ended") and not history.database_away:
            with history.observer.database.writing() as session:
                row = leadership.find(session)
                if row is not None:
                    history.say(f"FAULT the lease of {row.holder} is over before its time")
                    row.until = history.database_time()

    def _broker(self) -> None:
        history = self.history
        if history.faults.strikes("broker wiped"):
            history.say("FAULT the broker forgets all bells")
            history.broker.wipe()
        if history.faults.strikes("broker away"):
            history.say("FAULT the broker is away for 60 s")
            history.broker.away_until = history.scheduler.now + 60.0

    def _database(self) -> None:
        history = self.history
        if history.faults.strikes("database away"):
            seconds = history.rng.choice([5.0, 40.0, 100.0, 400.0])
            history.say(f"FAULT the database is away for {seconds:g} s")
            history.database_away_until = history.scheduler.now + seconds
