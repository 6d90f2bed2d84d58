"""Two loops as real processes on one database: one leads, and whatever becomes of it the other one takes over."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.storage import leadership, schema
from controller.storage.database import Database
from controller.storage.leadership import LeadershipRow
from tests.kit.live_farm import free_port, wait_until

LEASE = 2
posix = pytest.mark.skipif(sys.platform == "win32", reason="no process is paused or asked to end there")


class Loop:
    """``farm loop`` as a process."""

    def __init__(self, folder: Path, name: str, database: str) -> None:
        self.log = folder / f"{name}.log"
        settings = {"FARM_LEADER_SECONDS": str(LEASE), "FARM_TICK_SECONDS": "0.1", "FARM_DATABASE_URL": database}
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "controller.cli.entry", "loop", "--data", str(folder / "data"),
                    "--broker", f"redis://127.0.0.1:{free_port()}/0",
                ],
                env=os.environ | settings, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def leads(self, row: LeadershipRow | None) -> bool:
        return row is not None and row.holder.endswith(f":{self.process.pid}")


class Loops:
    """Two of them, and what the database says of who leads."""

    def __init__(self, folder: Path, url: str) -> None:
        self.database = Database(url)
        schema.upgrade(self.database)
        self.all = [Loop(folder, name, url) for name in ("a", "b")]

    def row(self) -> LeadershipRow | None:
        with self.database.reading() as session:
            row = leadership.find(session)
            return row if row is not None and row.until > self.database.clock(session) else None

    def led_above(self, epoch: int) -> tuple[Loop, Loop, int]:
        """The leader of a later epoch, the other one, and the epoch."""

        def look() -> tuple[Loop, Loop, int] | None:
            row = self.row()
            if row is None or row.epoch <= epoch:
                return None
            first, second = self.all
            return (first, second, row.epoch) if first.leads(row) else (second, first, row.epoch)

        found: tuple[Loop, Loop, int] = wait_until(look, 60, f"a leader after epoch {epoch}")
        return found


@contextmanager
def two_loops(folder: Path, url: str) -> Iterator[Loops]:
    loops = Loops(folder, url)
    try:
        yield loops
    finally:
        for loop in loops.all:
            loop.process.kill()
            loop.process.wait()
        loops.database.close()


@posix
def test_a_leader_that_was_paused_stands_by_when_it_goes_on(tmp_path: Path, database_url: str) -> None:
    with two_loops(tmp_path, database_url) as loops:
        leader, other, epoch = loops.led_above(0)
        leader.send(signal.SIGSTOP)
        new, _, later = loops.led_above(epoch)
        assert (new, later) == (other, epoch + 1)
        leader.send(signal.SIGCONT)
        wait_until(lambda: "leads no more" in leader.said(), 30, "that the old leader finds out")
        row = loops.row()
        assert row is not None
        assert other.leads(row)
        assert row.epoch == later


@posix
def test_a_leader_that_dies_is_followed_by_the_other_and_one_that_ends_at_once(
    tmp_path: Path, database_url: str
) -> None:
    with two_loops(tmp_path, database_url) as loops:
        leader, other, epoch = loops.led_above(0)
        leader.process.kill()
        new, _, epoch = loops.led_above(epoch)
        assert new is other
        new.send(signal.SIGTERM)
        assert new.process.wait(30) == 0
        assert loops.row() is None
        assert "The loop is down" in new.said()
