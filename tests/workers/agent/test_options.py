from pathlib import Path

import pytest

from workers.agent import machine, options
from workers.agent.options import UsageError


@pytest.fixture
def token(tmp_path: Path) -> str:
    (tmp_path / "token").write_text("t")
    return str(tmp_path / "token")


def read(*words: str, **environment: str) -> options.Options:
    return options.read(options.parser().parse_args(["run", *words]), environment)


def test_options_and_environment_say_the_same(token: str) -> None:
    said = read(
        "--server", "http://c", "--broker", "redis://b", "--pool", "linux-64", "--pool", "noarch", "--name", "w",
        "--token-file", token, "--work-dir", "/w", "--poll-seconds", "3", "--pass-env", "A", "--pass-env", "B",
        "--label", "gpu", "--label", "fast-disk",
    )  # fmt: skip
    twin = read(
        FARM_SERVER="http://c", FARM_BROKER="redis://b", FARM_POOL="linux-64, noarch", FARM_WORKER_NAME="w",
        FARM_WORKER_TOKEN_FILE=token, FARM_WORK_DIR="/w", FARM_POLL_SECONDS="3", FARM_PASS_ENV="A,B",
        FARM_LABELS="gpu, fast-disk",
    )  # fmt: skip
    assert said == twin
    assert said.cache == Path("/w/cache/w").absolute()


def test_options_beat_the_environment(token: str) -> None:
    given = read("--server", "http://a", "--broker", "r", "--token-file", token, FARM_SERVER="http://b")
    assert given.server == "http://a"


def test_the_pool_is_this_machines_unless_told_otherwise(token: str) -> None:
    words = ("--server", "s", "--broker", "b", "--token-file", token)
    assert read(*words).pools == (machine.native_subdir(),)
    assert read(*words, "--pool", "auto", "--pool", "noarch").pools == (machine.native_subdir(), "noarch")


def test_what_is_missing_is_said_all_at_once(token: str) -> None:
    with pytest.raises(UsageError, match=r"--server or FARM_SERVER.*--broker or FARM_BROKER.*--token-file"):
        read()


def test_once_needs_no_broker(token: str) -> None:
    assert read("--server", "s", "--token-file", token, "--once").once


def test_a_wrong_pool_is_said(token: str) -> None:
    with pytest.raises(UsageError, match="'Linux 64' is no pool"):
        read("--server", "s", "--broker", "b", "--token-file", token, "--pool", "Linux 64")


def test_a_wrong_label_is_said(token: str) -> None:
    with pytest.raises(UsageError, match="two words"):
        read("--server", "s", "--broker", "b", "--token-file", token, "--label", "two words")


def test_a_token_file_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="no token file /nowhere"):
        read("--server", "s", "--broker", "b", "--token-file", "/nowhere")
