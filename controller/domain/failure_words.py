"""How the class of a failure and the act that follows are said."""

from collections.abc import Mapping
from types import MappingProxyType

from controller.domain.failures import FailureClass, NextAct
from controller.domain.wording import Category, Words

_C, _A = FailureClass, NextAct
_BROKEN, _BUSY = Category.BROKEN, Category.IN_PROGRESS
_MAINTAINER, _OPERATOR = "maintainer", "operator, if repeated"

FAILURE_WORDS: Mapping[FailureClass, Words] = MappingProxyType(
    {
        _C.INFRASTRUCTURE: Words("infrastructure", "↻", "The worker was at fault, or lost.", _BUSY, _OPERATOR),
        _C.UNSOLVABLE: Words("unsolvable", "⊘", "An environment cannot be solved.", _BROKEN, _MAINTAINER),
        _C.COMPILE: Words("compile", "✖", "It did not compile.", _BROKEN, _MAINTAINER),
        _C.LINK: Words("link", "✖", "A symbol or a library was not found.", _BROKEN, _MAINTAINER),
        _C.TEST: Words("test", "✖", "A test failed.", _BROKEN, _MAINTAINER),
        _C.TIMEOUT: Words("timeout", "⧖", "It took longer than its limit.", _BROKEN, _MAINTAINER),
        _C.SILENCE: Words("silence", "⧖", "It wrote nothing for longer than its limit.", _BROKEN, _MAINTAINER),
        _C.MEMORY: Words("memory", "✖", "Memory ran out.", _BROKEN, "operator, or maintainer"),
        _C.DISK: Words("disk", "✖", "The worker's disk was full.", _BUSY, _OPERATOR),
        _C.NETWORK: Words("network", "✖", "Something could not be reached.", _BROKEN, _OPERATOR),
        _C.UNKNOWN: Words("unknown", "?", "It failed, and nothing tells why.", _BROKEN, _MAINTAINER),
    }
)
ACT_WORDS: Mapping[NextAct, str] = MappingProxyType(
    {
        _A.ELSEWHERE: "tried again elsewhere",
        _A.LARGER: "tried again on a larger worker",
        _A.LONGER: "tried again once, with longer limits",
        _A.ALONE: "tried again once, alone on its machine",
        _A.NOTHING: "not tried again",
    }
)


def failure_sentence(failure: str, act: str, reason: str) -> str:
    """``Memory ran out; tried again on a larger worker: linux-64.large has more.`` Empty for no failure."""
    if not failure:
        return ""
    said = FAILURE_WORDS[FailureClass(failure)].sentence.rstrip(".")
    return f"{said}; {ACT_WORDS[NextAct(act)]}: {reason}."
