"""The contract's small words: pools, queues, paths, lines."""

import pytest

from workers.contract import bells, logs, paths
from workers.contract.platforms import is_pool, pool_subdir
from workers.contract.version import OLDEST_PROTOCOL, PROTOCOL


@pytest.mark.parametrize("name", ["linux-64", "noarch", "osx-arm64", "linux-64.large", "win-64.gpu-2"])
def test_a_pool_is_a_subdir_with_an_optional_class(name: str) -> None:
    assert is_pool(name)
    assert pool_subdir(name) == name.partition(".")[0]


@pytest.mark.parametrize(
    "name", ["", "Linux-64", "linux_64", "linux-64.", ".large", "a b", "a/b", "linux-64.large.x", "a\n"]
)
def test_what_could_mean_something_else_to_a_broker_is_no_pool(name: str) -> None:
    assert not is_pool(name)


def test_each_pool_has_a_queue_of_its_own() -> None:
    assert bells.queue_of("linux-64") == "bells.linux-64"
    assert bells.queue_of("linux-64") != bells.queue_of("linux-64.large")


def test_every_path_lies_below_the_root() -> None:
    made = [paths.heartbeat("J-1.1"), paths.log("J-1.1"), paths.report("J-1.1"), paths.upload("J-1.1", "ab")]
    assert all(path.startswith("/agent/v1/attempts/J-1.1/") for path in made)
    assert paths.blob("J-1.1", "ab") == "/agent/v1/attempts/J-1.1/blobs/ab"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\nb", ["a", "b"]), ("a\n\nb\n", ["a", "", "b"]),
        ("10%\r50%\r100%\n", ["100%"]), ("\n", [""]), ("[farm] phase build\n", ["[farm] phase build"]),
    ],
)  # fmt: skip
def test_a_log_has_one_way_to_be_split_into_lines(text: str, lines: list[str]) -> None:
    assert logs.split_lines(text) == lines


def test_a_phase_is_a_note_of_the_worker() -> None:
    assert logs.PHASE_MARK.startswith(logs.NOTE_MARK)


def test_the_protocol_spoken_is_served() -> None:
    assert OLDEST_PROTOCOL <= PROTOCOL
