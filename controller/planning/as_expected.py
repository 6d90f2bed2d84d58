"""Whether what stays behind of a batch stays only since its trees expect it to fail: then nothing broke."""

from collections.abc import Sequence

from controller.domain.jobs import SETTLED, JobState
from controller.domain.verdicts import StaysBehind
from controller.planning.subset import JobEnd

_FINE = SETTLED | {JobState.EXPECTED, JobState.BLOCKED}
"""Where every job ended in one of these, a blocked one has only expected failures above it."""


def came_as_expected(ends: Sequence[JobEnd], stays: Sequence[StaysBehind]) -> bool:
    """Whether something failed as expected, nothing else broke, and each file that stays does so for it alone."""
    expected = {end.label for end in ends if end.state is JobState.EXPECTED}
    fine = all(end.state in _FINE for end in ends)
    return bool(expected) and fine and all(stay.blocked_by and expected.issuperset(stay.blocked_by) for stay in stays)
