"""The sentences of the moment: every state has one, filled with what is so now."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.domain.batches import BatchState
from controller.domain.jobs import JobState
from controller.services.answers.shapes import Counts
from controller.services.answers.words import batch_verdict, count, job_sentence, shorten, tally
from controller.storage.lines import JobLine

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def job(state: str, **values: Any) -> JobLine:
    fields: dict[str, Any] = {
        "id": 7, "batch_id": 1, "kind": "build", "recipe": "libs/scipy", "name": "scipy", "subdir": "linux-64",
        "pool": "linux-64", "wave": 2, "attempts": 1, "losses": 0, "open_parents": 0, "outcome": "", "phase": "",
        "message": "", "failing": [], "reasons": [], "artifact": "", "started_at": NOON, "ended_at": None,
        "ready_at": None, "state": state,
    }  # fmt: skip
    return JobLine(**(fields | values))


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_of_a_job_has_a_sentence(state: JobState) -> None:
    sentence = job_sentence(job(state.value), "")
    assert sentence
    assert "{" not in sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (job("waiting", open_parents=3), "Waits for 3 jobs before it."),
        (job("waiting", open_parents=1), "Waits for 1 job before it."),
        (job("ready", losses=1, message="the worker went silent"),
         "Could start; waits for a free linux-64 worker. Tried before: the worker went silent."),
        (job("running", phase="solve"), "Solve on lin-01."),
        (job("failed", phase="test", failing=[{"line": 4, "text": "ImportError"}]), "Failed in test: ImportError"),
        (job("failed", message="the script ended with 1\nmore"), "Failed in build: the script ended with 1"),
        (job("passed", kind="test", outcome="no_tests"), "It carries no tests, so none ran; that is no pass."),
        (job("quarantined", losses=3), "Its workers were lost 3 times; it is given to nobody."),
    ],
)  # fmt: skip
def test_a_sentence_is_filled_with_what_is_so_now(line: JobLine, sentence: str) -> None:
    assert job_sentence(line, "lin-01") == sentence


@pytest.mark.parametrize("state", list(BatchState))
def test_every_state_of_a_batch_has_a_verdict_and_somebody_or_nobody_to_act(state: BatchState) -> None:
    verdict, actor = batch_verdict(state, Counts(done=3, broken=1), published=2, behind=1)
    assert verdict
    assert "{" not in verdict
    assert actor in ("nobody", "maintainer", "release manager", "operator")


def test_a_batch_that_runs_needs_nobody_until_something_breaks() -> None:
    assert batch_verdict(BatchState.RUNNING, Counts(done=3, waiting=1), 0, 0) == ("1 waiting, 3 done of 4.", "nobody")
    assert batch_verdict(BatchState.RUNNING, Counts(broken=1), 0, 0)[1] == "maintainer"


def test_a_batch_without_jobs_says_so() -> None:
    assert batch_verdict(BatchState.PASSED, Counts(), 0, 0) == ("Nothing had to be built or tested.", "nobody")


def test_states_are_counted_by_category_and_none_is_forgotten() -> None:
    counts = count({state.value: 1 for state in JobState})
    assert counts == Counts(waiting=3, in_progress=2, done=2, broken=3, not_needed=5)
    assert counts.total == len(JobState)
    assert tally(counts) == "3 broken, 2 in progress, 3 waiting, 2 done, 5 not needed of 15."


def test_only_the_first_line_is_shown_and_not_too_much_of_it() -> None:
    assert shorten("  one\ntwo") == "one"
    assert len(shorten("x" * 1000)) == 300
