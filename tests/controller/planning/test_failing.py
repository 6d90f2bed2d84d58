"""What a failed try was, and what follows: bounded, never a repetition of what is real, never a pass."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.failures import Decision, FailureClass, NextAct
from controller.domain.jobs import JobKind
from controller.planning.diagnosis import FaultKind, diagnose
from controller.planning.failing import Facts, Hands, Past, classify, decide, next_larger
from workers.contract.reports import Outcome

BAD = sorted(set(Outcome) - {Outcome.PASSED, Outcome.NO_TESTS})
TRIES = 3
kinds = st.lists(st.sampled_from(sorted(FaultKind)), max_size=4).map(tuple)
facts = st.builds(
    Facts, kind=st.sampled_from(sorted(JobKind)), outcome=st.sampled_from(BAD),
    phase=st.sampled_from(["", "fetch", "solve", "build", "test", "upload"]), kinds=kinds, said=kinds,
)  # fmt: skip
pasts = st.lists(
    st.builds(Past, st.sampled_from(sorted(FailureClass)), st.sampled_from(sorted(NextAct)), st.booleans()), max_size=6
)
hands = st.builds(
    Hands, worker=st.just("w1"), others=st.booleans(), larger=st.sampled_from(["", "linux-64.large"]),
    roomier=st.sampled_from([0, 2**36]),
)  # fmt: skip
BUILD, TEST, RETEST = JobKind.BUILD, JobKind.TEST, JobKind.RETEST


def lines(*texts: str) -> tuple[str, ...]:
    return tuple(line.kind for line in diagnose(texts))


@pytest.mark.parametrize(
    ("known", "failure"),
    [
        (Facts(BUILD, Outcome.FAILED, "build", lines("a.c:3: error: expected ';'")), "compile"),
        (Facts(BUILD, Outcome.FAILED, "build", lines("ld: undefined reference to `cblas_dgemm'")), "link"),
        (Facts(BUILD, Outcome.FAILED, "build", lines("No space left on device", "a.c: error: no")), "disk"),
        (Facts(BUILD, Outcome.FAILED, "build", lines("x: error: y", "Killed signal terminated program")), "memory"),
        (Facts(BUILD, Outcome.FAILED, "fetch", lines("curl: could not resolve host: example.org")), "network"),
        (Facts(BUILD, Outcome.FAILED, "build", lines("FAILED tests/test_a.py::test_b")), "test"),
        (Facts(BUILD, Outcome.FAILED, "build", lines("the script exited with code 1")), "unknown"),
        (Facts(BUILD, Outcome.FAILED, "build"), "unknown"),
        (Facts(TEST, Outcome.FAILED, "test"), "test"),
        (Facts(TEST, Outcome.FAILED, "test", lines("ModuleNotFoundError: No module named 'x'")), "test"),
        (Facts(TEST, Outcome.FAILED, "test", lines("undefined symbol: zgemm3m")), "link"),
        (Facts(BUILD, Outcome.TIMEOUT, "build", lines("a.c: error: x")), "timeout"),
        (Facts(BUILD, Outcome.SILENT, "build"), "silence"),
        (Facts(BUILD, Outcome.UNSOLVABLE, "solve"), "unsolvable"),
        (Facts(BUILD, Outcome.REFUSED, "verify"), "unknown"),
        (Facts(TEST, Outcome.NOT_RUNNABLE), "unknown"),
        (Facts(BUILD, Outcome.INFRASTRUCTURE, said=lines("The child died with signal 9 before.")), "memory"),
        (Facts(BUILD, Outcome.INFRASTRUCTURE, said=lines("[Errno 28] No space left on device")), "disk"),
        (Facts(BUILD, Outcome.INFRASTRUCTURE, kinds=lines("a.c: error: x")), "infrastructure"),
    ],
)
def test_the_class_is_said_by_the_outcome_and_by_the_log_where_that_does_not_tell(known: Facts, failure: str) -> None:
    assert classify(known) == failure


def ends(known: Facts, given_hands: Hands) -> Iterator[Decision]:
    """What follows, as often as the same happens again."""
    past: list[Past] = []
    while True:
        decision = decide(known, past, given_hands, TRIES)
        yield decision
        if not decision.repeats:
            return
        past.append(Past(decision.failure, decision.act, lost=known.outcome is Outcome.INFRASTRUCTURE))


def acts(known: Facts, given_hands: Hands) -> list[str]:
    return [decision.act.value for decision in ends(known, given_hands)]


SHARED, SOLE, BIG = Hands("w1", others=True), Hands("w1"), Hands("w1", others=True, larger="linux-64.large")


@pytest.mark.parametrize(
    ("known", "given_hands", "expected"),
    [
        (Facts(BUILD, Outcome.INFRASTRUCTURE), SHARED, ["elsewhere", "elsewhere", "nothing"]),
        (Facts(BUILD, Outcome.FAILED, kinds=lines("connection refused")), SHARED, ["elsewhere", "nothing"]),
        (Facts(BUILD, Outcome.FAILED, kinds=lines("std::bad_alloc")), SOLE, ["alone", "nothing"]),
        (
            Facts(BUILD, Outcome.FAILED, kinds=lines("std::bad_alloc")), BIG,
            ["larger", "larger", "larger", "alone", "nothing"],
        ),
        (
            Facts(BUILD, Outcome.FAILED, kinds=lines("std::bad_alloc")), Hands("w1", others=True, roomier=2**36),
            ["larger", "larger", "larger", "alone", "nothing"],
        ),
        (Facts(BUILD, Outcome.TIMEOUT), SHARED, ["longer", "nothing"]),
        (Facts(BUILD, Outcome.SILENT), SHARED, ["longer", "nothing"]),
        (Facts(TEST, Outcome.FAILED, "test"), SHARED, ["alone", "nothing"]),
        (Facts(RETEST, Outcome.FAILED, "test", lines("E   assert 1 == 2")), SHARED, ["alone", "nothing"]),
        (Facts(TEST, Outcome.FAILED, "test", lines("ImportError: no x")), SHARED, ["nothing"]),
        (Facts(BUILD, Outcome.FAILED, "build", lines("a.c: error: x")), SHARED, ["nothing"]),
        (Facts(BUILD, Outcome.FAILED, "build"), SHARED, ["nothing"]),
        (Facts(BUILD, Outcome.UNSOLVABLE), SHARED, ["nothing"]),
    ],
)  # fmt: skip
def test_each_class_has_its_act_so_many_times_and_no_more(
    known: Facts, given_hands: Hands, expected: list[str]
) -> None:
    assert acts(known, given_hands) == expected


@given(st.lists(facts, min_size=30, max_size=30), hands)
def test_whatever_comes_a_job_is_given_up_in_the_end(story: list[Facts], given_hands: Hands) -> None:
    past: list[Past] = []
    for known in story:
        decision = decide(known, past, given_hands, TRIES)
        if not decision.repeats:
            break
        past.append(Past(decision.failure, decision.act, lost=known.outcome is Outcome.INFRASTRUCTURE))
    assert len(past) <= 2 * (TRIES - 1) + 1 + TRIES + 1 + 1


@given(facts, pasts, hands)
def test_what_is_real_is_never_repeated(known: Facts, past: list[Past], given_hands: Hands) -> None:
    decision = decide(known, past, given_hands, TRIES)
    lost = known.outcome is Outcome.INFRASTRUCTURE
    if not lost and decision.failure in (
        FailureClass.COMPILE, FailureClass.LINK, FailureClass.UNKNOWN, FailureClass.UNSOLVABLE
    ):  # fmt: skip
        assert decision.act is NextAct.NOTHING


@given(facts, pasts, hands)
def test_a_lost_worker_does_not_get_the_job_again_where_another_one_serves(
    known: Facts, past: list[Past], given_hands: Hands
) -> None:
    decision = decide(known, past, given_hands, TRIES)
    if decision.act is NextAct.ELSEWHERE:
        assert decision.avoid == (given_hands.worker if given_hands.others else "")
    assert (decision.pool != "" or decision.memory_bytes > 0) == (decision.act is NextAct.LARGER)
    assert not (decision.pool and decision.memory_bytes)
    assert decision.reason


def test_the_next_larger_pool_is_of_the_same_subdir_and_has_the_least_more() -> None:
    memory = {"linux-64": 8, "linux-64.large": 32, "linux-64.huge": 128, "linux-64.odd": 8, "win-64.large": 16}
    assert next_larger("linux-64", memory) == "linux-64.large"
    assert next_larger("linux-64.large", memory) == "linux-64.huge"
    assert next_larger("linux-64.huge", memory) == ""
    assert next_larger("win-64.large", memory) == ""


@given(st.dictionaries(st.sampled_from(["a", "a.b", "a.c", "a.d"]), st.integers(1, 9)), st.sampled_from(["a", "a.b"]))
def test_going_to_larger_pools_comes_to_an_end(memory: dict[str, int], pool: str) -> None:
    seen = [pool]
    while larger := next_larger(seen[-1], memory):
        seen.append(larger)
    assert len(set(seen)) == len(seen)
