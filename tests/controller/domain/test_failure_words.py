"""No class and no act lacks its words, and the sentences are these."""

import pytest
from inline_snapshot import snapshot

from controller.domain.failure_words import ACT_WORDS, FAILURE_WORDS, failure_sentence
from controller.domain.failures import FailureClass, NextAct
from controller.domain.jobs import JobKind
from controller.domain.wording import Category
from controller.planning.diagnosis import FaultKind
from controller.planning.failing import Facts, Hands, decide
from workers.contract.reports import Outcome


def test_every_class_and_every_act_has_words() -> None:
    assert set(FAILURE_WORDS) == set(FailureClass)
    assert set(ACT_WORDS) == set(NextAct)
    for words in FAILURE_WORDS.values():
        assert words.sentence.endswith(".")
        assert words.acts or words.category is not Category.BROKEN


@pytest.mark.parametrize("failure", FailureClass)
@pytest.mark.parametrize("act", NextAct)
def test_every_pair_makes_a_sentence(failure: FailureClass, act: NextAct) -> None:
    said = failure_sentence(failure, act, "that is why")
    assert said[0].isupper()
    assert said.endswith(": that is why.")


def said(facts: Facts, hands: Hands) -> str:
    decision = decide(facts, (), hands, 3)
    return failure_sentence(decision.failure, decision.act, decision.reason)


def test_what_people_read_of_a_failed_try() -> None:
    shared = Hands("lin-01", others=True, larger="linux-64.large")
    facts = [
        Facts(JobKind.BUILD, Outcome.INFRASTRUCTURE),
        Facts(JobKind.BUILD, Outcome.FAILED, "build", (FaultKind.MEMORY,)),
        Facts(JobKind.BUILD, Outcome.TIMEOUT),
        Facts(JobKind.TEST, Outcome.FAILED, "test"),
        Facts(JobKind.TEST, Outcome.FAILED, "test", (FaultKind.MISSING_FILE,)),
        Facts(JobKind.BUILD, Outcome.FAILED, "build", (FaultKind.COMPILER,)),
        Facts(JobKind.BUILD, Outcome.FAILED, "build"),
    ]
    assert [said(known, shared) for known in facts] == snapshot(
        [
            "The worker was at fault, or lost; tried again elsewhere: not on lin-01 again.",
            "Memory ran out; tried again on a larger worker: the workers of linux-64.large have more.",
            "It took longer than its limit; tried again once, with longer limits: a busy worker may be slow once.",
            "A test failed; tried again once, alone on its machine: it may come and go.",
            "A test failed; not tried again: a missing file fault does not come and go.",
            "It did not compile; not tried again: the same sources give the same errors.",
            "It failed, and nothing tells why; not tried again: what nothing explains is taken for real.",
        ]
    )
    assert failure_sentence("", "", "") == ""
