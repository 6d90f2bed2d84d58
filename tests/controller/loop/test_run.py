"""The loop goes on whatever a watched channel does, and follows what moves there by itself."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.upstream import WatchedChannel
from controller.gateways import clock
from controller.loop.run import run_loop
from controller.services import reconcile
from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.upstream_channel import UpstreamChannel, in_folder
from tests.kit.watching_world import NEXT, WatchingWorld

PATIENCE = 60.0


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path)
    yield farm
    farm.close()


@contextmanager
def looping(farm: Farm) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_loop, args=(farm, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        farm.wake.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until(true: Callable[[], bool]) -> None:
    """Wait until it is, however long that takes within reason."""
    pause, last = threading.Event(), clock.now().timestamp() + PATIENCE
    while not true():
        assert clock.now().timestamp() < last, "it never came"
        pause.wait(0.02)


def test_what_moves_in_a_watched_channel_becomes_a_batch_by_itself(farm: Farm, tmp_path: Path) -> None:
    folder = tmp_path / "channel"
    world = WatchingWorld(farm, tmp_path / "tree", str(folder), UpstreamChannel(in_folder(folder)))
    world.begin()
    world.hold(NEXT)
    farm.now.forward(1000)  # type: ignore[attr-defined]
    with looping(farm):
        until(lambda: bool(world.batches()))
    assert [batch.title for batch in world.batches()] == ["mkl 2026.1 in channel"]


def test_a_channel_that_does_not_answer_keeps_the_loop_from_nothing(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.rules = replace(farm.rules, watch=(WatchedChannel("https://example.org/silent"),))
    silent, rung = threading.Event(), threading.Event()
    asked = threading.Event()

    def ask(_: Farm) -> None:
        asked.set()
        silent.wait(PATIENCE)

    monkeypatch.setattr(reconcile, "OUTSIDE", (("ask a silent channel", ask),))
    monkeypatch.setattr(reconcile, "STEPS", (("ring", lambda _: rung.set() if asked.is_set() else None),))
    with looping(farm):
        until(rung.is_set)
        assert not silent.is_set()
        silent.set()


def test_a_step_that_fails_is_told_and_the_others_go_on(farm: Farm) -> None:
    def fail(_: Farm) -> None:
        raise ValueError("no")

    done: list[str] = []
    steps = (("fail", fail), ("go on", lambda _: done.append("it did")))
    assert [(name, str(error)) for name, error in reconcile.tick(farm, steps)] == [("fail", "no")]
    assert done == ["it did"]
