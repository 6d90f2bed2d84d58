"""What a controller may answer, and what becomes of it."""

import pytest

from controller.cli.client import Client
from controller.cli.following import follow
from controller.domain.errors import GateRefusedError, NotFoundError, NotPermittedError, ServerError

from .fake_controller import FakeController, batch, job


@pytest.fixture
def client(fake: FakeController):
    client = Client(fake.url, fake.token)
    yield client
    client.close()


def test_the_controllers_error_is_ours_with_its_words(fake: FakeController, client: Client) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.batch("B-99")
    assert caught.value.what == "There is no batch B-99."
    assert caught.value.remedy == "See `farm batch list`."


def test_a_gate_that_refuses_and_a_door_that_is_shut_are_told_apart(fake: FakeController, client: Client) -> None:
    fake.batches["B-7"] = batch(state="passed")
    fake.gates = [{"gate": "tested", "verdict": "refused", "passes": False}]
    with pytest.raises(GateRefusedError):
        client.promote("B-7", to="stable", who="eva", why="", dry_run=False)
    stranger = Client(fake.url, "wrong")
    with pytest.raises(NotPermittedError):
        stranger.act("B-7", "cancel", who="eva", why="")
    stranger.close()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ((502, "text/html", b"<h1>Bad gateway</h1>"), "502"),
        ((500, "application/json", b"[1]"), "500"),
        ((503, "application/problem+json", b'{"code": "brand_new", "detail": "Later."}'), "Later"),
        ((200, "text/html", b"<h1>Some other site</h1>"), "no JSON"),
        ((200, "application/json", b'{"id": 7}'), "no BatchView"),
        ((200, "application/json", b"[]"), "no BatchView"),
    ],
)
def test_what_is_no_answer_of_a_controller_is_said_in_words(
    fake: FakeController, client: Client, raw: tuple[int, str, bytes], words: str
) -> None:
    fake.raw = raw
    with pytest.raises(ServerError, match=words):
        client.batch("B-7")


def test_a_list_that_is_none_is_said_in_words(fake: FakeController, client: Client) -> None:
    fake.raw = (200, "application/json", b'{"items": 3}')
    with pytest.raises(ServerError, match="no list"):
        client.batches()


def test_nobody_there_names_the_address_and_the_way_out(fake: FakeController) -> None:
    client = Client("http://127.0.0.1:9")
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:9") as caught:
        client.farm()
    assert "--server" in caught.value.remedy
    client.close()


def test_following_a_log_gives_every_byte_once_though_its_last_line_grows(fake: FakeController, client: Client) -> None:
    fake.logs["J-1"], fake.running = [], {"J-1"}
    stages = iter(
        [["one"], ["one", "tw"], ["one", "two"], ["one", "two", "three", "fo"], ["one", "two", "three", "four"]]
    )

    def pause(_seconds: float) -> None:
        fake.logs["J-1"] = next(stages)
        if fake.logs["J-1"][-1] == "four":
            fake.running = set()

    assert "".join(follow(client, "J-1", pause=pause)) == "one\ntwo\nthree\nfour\n"


def test_following_a_line_that_was_drawn_anew_starts_a_new_one(fake: FakeController, client: Client) -> None:
    fake.logs["J-1"], fake.running = ["10 %"], {"J-1"}

    def pause(_seconds: float) -> None:
        fake.logs["J-1"], fake.running = ["90 %"], set()

    assert "".join(follow(client, "J-1", pause=pause)) == "10 %\n90 %\n"


def test_following_waits_for_a_job_that_has_not_begun(fake: FakeController, client: Client) -> None:
    fake.jobs["J-1"] = job(1, "build", "zlib", "ready")

    def pause(_seconds: float) -> None:
        fake.logs["J-1"] = ["at last"]

    assert "".join(follow(client, "J-1", pause=pause)) == "at last\n"


def test_following_a_job_that_never_ran_and_never_will_ends(fake: FakeController, client: Client) -> None:
    fake.jobs["J-1"] = job(1, "build", "zlib", "blocked")
    with pytest.raises(NotFoundError):
        list(follow(client, "J-1"))
    with pytest.raises(NotFoundError):
        list(follow(client, "J-2"))


def test_a_long_log_comes_whole(fake: FakeController, client: Client) -> None:
    fake.logs["J-1"] = [f"line {number}" for number in range(2500)]
    assert "".join(follow(client, "J-1", pause=lambda _: None)) == "".join(f"line {n}\n" for n in range(2500))
