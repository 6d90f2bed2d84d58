"""The farm's promises in words."""

from collections.abc import Mapping
from types import MappingProxyType

from controller.domain.invariants import Breach, Invariant

PROMISES: Mapping[Invariant, str] = MappingProxyType(
    {
        Invariant.KEPT: "Nothing that was verified is lost: each recorded file lies whole in the store.",
        Invariant.ONCE: "Nothing is published twice: a name stands once in a channel, and means one file for ever.",
        Invariant.TESTED: "Nothing is published untested, or on the word of a test of another file.",
        Invariant.ENDS: "Every job comes to an end: what runs is held by a worker that is heard.",
        Invariant.ONE_EFFECT: "At most one attempt of a job has an effect.",
        Invariant.INDEXED: "An index lists exactly the files of its snapshot, under their right digests.",
        Invariant.WHOLE: "A batch is promoted whole or not at all, and a channel's pointer shows a whole snapshot.",
        Invariant.TOLD: "The events tell what is: the last word about a job or a batch is its state.",
        Invariant.GOES_ON: "What can go on does: no job waits for what has come, no batch for jobs that have ended.",
    }
)


def breach_sentence(breach: Breach) -> str:
    """What is wrong, of what, and which promise that breaks."""
    return f"{breach.subject}: {breach.fact} ({PROMISES[breach.invariant]})"
