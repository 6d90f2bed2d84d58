"""Staying with a batch until its verdict."""

import pytest

from controller.cli import watch as watching
from controller.cli.client import Client
from controller.cli.watch import watch

from .conftest import Type
from .fake_controller import FakeController, batch, job


class Story:
    """A batch that moves on whenever the watcher rests."""

    def __init__(self, fake: FakeController, *states: dict) -> None:
        self.fake, self.states = fake, list(states)
        self(0)

    def __call__(self, _seconds: float) -> None:
        if self.states:
            self.fake.batches["B-7"] = self.states.pop(0)


@pytest.fixture
def client(fake: FakeController):
    client = Client(fake.url)
    yield client
    client.close()


def test_each_end_is_a_line_and_the_verdict_the_last(
    fake: FakeController, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(
        fake,
        batch(jobs=(job(1, "build", "zlib", "running"), job(2, "test", "zlib"))),
        batch(jobs=(job(1, "build", "zlib", "passed"), job(2, "test", "zlib", "running"))),
        batch(jobs=(job(1, "build", "zlib", "passed"), job(2, "test", "zlib", "failed", failing_text="2 != 3"))),
        batch(state="failed", jobs=(job(1, "build", "zlib", "passed"), job(2, "test", "zlib", "failed"))),
    )
    assert watch(client, "B-7", story).state == "failed"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "  passed      build   zlib (linux-64)",
        "  failed      test    zlib (linux-64)  2 != 3",
        "B-7 failed: It is failed.",
    ]


def test_a_job_that_is_tried_again_may_end_again(
    fake: FakeController, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = [job(1, "build", "zlib", state) for state in ("failed", "running", "passed")]
    watch(client, "B-7", Story(fake, *(batch(jobs=(end,)) for end in ends), batch(state="passed", jobs=(ends[-1],))))
    said = capsys.readouterr().err
    assert said.count("  failed ") == 1
    assert said.count("  passed ") == 1


def test_a_held_batch_says_once_who_must_act(
    fake: FakeController, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    watch(client, "B-7", Story(fake, batch(state="held"), batch(state="held"), batch(state="passed")))
    assert capsys.readouterr().err.count("farm batch release B-7") == 1


def test_a_controller_that_goes_away_is_waited_for(
    fake: FakeController, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    down = (503, "text/plain", b"starting")
    fake.batches["B-7"] = batch()
    rests = iter([down, down, None])

    def rest(_seconds: float) -> None:
        fake.raw = next(rests, None)
        if fake.raw is None:
            fake.batches["B-7"] = batch(state="passed")

    assert watch(client, "B-7", rest).state == "passed"
    assert capsys.readouterr().err.count("Waiting for it") == 1


def test_a_controller_that_stays_away_ends_the_watch(
    fake: FakeController, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_PATIENCE", 0.0)
    fake.batches["B-7"] = batch()

    def rest(_seconds: float) -> None:
        fake.raw = (503, "text/plain", b"gone")

    with pytest.raises(watching.ServerError):
        watch(client, "B-7", rest)


@pytest.mark.parametrize(("state", "code"), [("passed", 0), ("promoted", 0), ("partial", 8), ("failed", 8)])
def test_the_exit_status_tells_the_verdict_when_asked(asked: Type, fake: FakeController, state: str, code: int) -> None:
    fake.batches["B-7"] = batch(state=state)
    assert asked("batch", "watch", "B-7", "--exit-status").code == code
    assert asked("batch", "watch", "B-7").code == 0
    assert asked("push", "/srv/recipes", "--exit-status").code == code


def test_watching_what_is_not_there_ends_at_once(asked: Type) -> None:
    assert asked("batch", "watch", "B-404").code == 5
