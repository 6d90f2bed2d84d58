"""Which of the changes that came together can have broken a job, as far as dependency settles that.

A job's outcome rests on what is built of the batch before it, and on nothing else of the batch. The changes that
reach that, or the job itself, are the suspects; a change that does not is none, however many came with it.
"""

from collections.abc import Iterable, Sequence

from controller.domain.culprits import Suspect
from controller.domain.plans import Reason


def suspects(own: Sequence[Reason], above: Iterable[Sequence[Reason]]) -> tuple[Suspect, ...]:
    """The changes that can have broken a job, the nearest first.

    ``own`` are the job's reasons, ``above`` those of each build that it waited for, directly or not. A reason's path
    begins at the change.
    """
    found: dict[str, Suspect] = {}
    for extra, reasons in ((0, own), *((1, reasons) for reasons in above)):
        for reason in reasons:
            if reason.path:
                known, steps = found.get(reason.path[0]), len(reason.path) - 1 + extra
                detail = reason.detail if len(reason.path) == 1 else ""
                nearest = steps if known is None else min(known.steps, steps)
                said = detail or (known.detail if known else "")
                found[reason.path[0]] = Suspect(reason.path[0], nearest, said)
    return tuple(sorted(found.values(), key=lambda suspect: (suspect.steps, suspect.name)))
