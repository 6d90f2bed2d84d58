import pytest

from workers.builders.solving import Contradiction, Question, Solved, Unreachable, ask_again, last_question

LOG = """\
Starting build of 1 outputs
  Platform: linux-64 [__unix=0=0, __glibc=2.36=0]
  Channels: 
   - file:///first/
  Specs:
   - gcc
some table
  Platform: linux-64 [__unix=0=0, __glibc=2.36=0, __archspec=1=x86_64_v4]
  Channels: 
   - file:///out/
   - http://127.0.0.1/c/
  Specs:
   - liba ==1.0 h_7
   - python 3.11.* *_cpython
subdir linux-64 of channel file:///out/ was not found, ignoring
   - no spec
"""  # noqa: W291 -- the builder writes it so


def test_the_last_question_is_read_from_the_builders_log() -> None:
    assert last_question(LOG.splitlines()) == Question(
        "linux-64", ("__unix=0=0", "__glibc=2.36=0", "__archspec=1=x86_64_v4"),
        ("liba ==1.0 h_7", "python 3.11.* *_cpython"), ("file:///out/", "http://127.0.0.1/c/"),
    )  # fmt: skip


def test_a_log_without_a_question_has_none() -> None:
    assert last_question(["Starting build of 1 outputs"]) is None


@pytest.fixture
def channel(controller) -> str:
    return f"{controller.url}/channels/main"


def question(channel: str, *specs: str) -> Question:
    return Question("linux-64", ("__glibc=2.36=0",), specs, (channel,))


def test_a_contradiction_comes_in_the_solvers_words(channel: str) -> None:
    answer = ask_again(question(channel, "nothing >=3"), "disabled")
    assert isinstance(answer, Contradiction)
    assert "No candidates were found for nothing" in answer.words


def test_virtual_packages_count(channel: str) -> None:
    assert ask_again(question(channel, "__glibc >=2.17"), "disabled") == Solved()
    assert isinstance(ask_again(question(channel, "__glibc >=3"), "strict"), Contradiction)


def test_a_channel_that_is_away_is_no_contradiction() -> None:
    assert isinstance(ask_again(question("http://127.0.0.1:1/c", "x"), "disabled"), Unreachable)
