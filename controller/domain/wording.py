"""One voice: the label, the mark and the sentence of every state, the same in page, command, API and log.

A test holds every enumeration against these tables, so that nothing can lack its words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from controller.domain.batches import BatchState
from controller.domain.differences import Turn
from controller.domain.jobs import AttemptState, JobKind, JobState
from controller.domain.plans import Membership, Reason, Rule
from controller.domain.recipes import Origin
from controller.domain.verdicts import Actor, Verdict
from workers.contract.reports import Outcome


class Category(StrEnum):
    """Five categories carry the five colours; mark and word always stand beside the colour."""

    DONE = "done"
    IN_PROGRESS = "in progress"
    WAITING = "waiting"
    BROKEN = "broken"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True)
class Words:
    """How one state is said. ``acts`` is who must act, where anybody must."""

    label: str
    mark: str
    sentence: str
    category: Category
    acts: str = ""


_DONE, _BUSY, _WAIT, _BROKEN, _NONE = Category
_J, _B, _A, _V, _O, _M = JobState, BatchState, AttemptState, Verdict, Outcome, Membership

K = TypeVar("K", bound=StrEnum)


def _frozen(table: dict[K, Words]) -> Mapping[K, Words]:
    return MappingProxyType(table)


JOB_WORDS = _frozen(
    {
        _J.WAITING: Words("waiting", "◷", "Waits for the jobs before it.", _WAIT),
        _J.READY: Words("ready", "▷", "Could start; waits for a free worker.", _WAIT, "operator, if it is long"),
        _J.RUNNING: Words("running", "●", "A worker is at it.", _BUSY),
        _J.PASSED: Words("passed", "✔", "Done, and what it made was verified.", _DONE),
        _J.FAILED: Words("failed", "✖", "Its script or its tests failed.", _BROKEN, "maintainer"),
        _J.UNSOLVABLE: Words("unsolvable", "⊘", "Its environment cannot be solved.", _BROKEN, "maintainer"),
        _J.QUARANTINED: Words(
            "quarantined", "⊠", "It took down every worker that tried it, and is tried no more.", _BROKEN, "operator"
        ),
        _J.BLOCKED: Words("blocked", "⊟", "Waits until a job before it is repaired.", _WAIT, "maintainer of that"),
        _J.CANCELLED: Words("cancelled", "□", "Somebody took it back.", _NONE),
        _J.NOT_NEEDED: Words("not needed", "∘", "What was built before it left nothing for it to do.", _NONE),
        _J.ESCALATED: Words("escalated", "↥", "As it stands it does not go with what is new; it is rebuilt.", _NONE),
        _J.CHECKING: Words("checking", "◔", "Its tests failed; whether they did before is being found out.", _BUSY),
        _J.NO_REGRESSION: Words("no regression", "≈", "Its tests fail, as they did without the change.", _DONE),
        _J.ANSWERED: Words("answered", "✓", "A control: it told how the tests go without the change.", _NONE),
        _J.EXPECTED: Words("fails as expected", "≈", "It failed, as its tree says that it would.", _NONE),
    }
)
BATCH_WORDS = _frozen(
    {
        _B.HELD: Words("held", "‖", "Larger than usual: waits for a person to release it.", _WAIT, "release manager"),
        _B.RUNNING: Words("running", "●", "Its jobs are being worked on.", _BUSY),
        _B.PASSED: Words(
            "passed", "✔", "Nothing broke; all of it is in testing, but for what fails as expected.", _DONE
        ),
        _B.PARTIAL: Words(
            "partly passed", "◐", "What could be published safely is in testing; the rest stays behind.", _BROKEN,
            "maintainer",
        ),
        _B.FAILED: Words("failed", "✖", "Nothing of it could be published safely.", _BROKEN, "maintainer"),
        _B.PROMOTED: Words("promoted", "▲", "What was published of it is in stable.", _DONE),
        _B.RESTORED: Words("restored", "↺", "It was in stable and was taken back.", _NONE),
        _B.CANCELLED: Words("cancelled", "□", "Somebody took it back.", _NONE),
    }
)  # fmt: skip
ATTEMPT_WORDS = _frozen(
    {
        _A.LEASED: Words("leased", "●", "A worker holds the lease.", _BUSY),
        _A.PASSED: Words("passed", "✔", "The worker did it.", _DONE),
        _A.FAILED: Words("failed", "✖", "The job failed in the worker's hands.", _BROKEN, "maintainer"),
        _A.LOST: Words("lost", "↻", "The worker went silent or was at fault.", _BUSY, "operator, if repeated"),
        _A.STOPPED: Words("stopped", "□", "The controller took the job away.", _NONE),
        _A.EXCUSED: Words("excused", "≈", "Tests failed, and all that failed is quarantined, or expected to.", _DONE),
    }
)
VERDICT_WORDS = _frozen(
    {
        _V.PASS: Words("pass", "✔", "Nothing stands against it.", _DONE),
        _V.WAIVED: Words("waived", "≈", "A person overrides it, with a reason and an end.", _DONE),
        _V.WAIT: Words("wait", "◷", "Will pass by itself in time; nobody needs to act.", _WAIT),
        _V.BLOCKED: Words("blocked by another", "⊟", "Waits for something else to be repaired.", _WAIT),
        _V.REFUSED: Words("refused", "✖", "It does not pass.", _BROKEN, "maintainer"),
        _V.UNKNOWN: Words(
            "cannot tell", "?", "There is too little to judge by; that is no pass.", _BROKEN, "maintainer"
        ),
    }
)
OUTCOME_WORDS = _frozen(
    {
        _O.PASSED: Words("passed", "✔", "All went well.", _DONE),
        _O.FAILED: Words("failed", "✖", "The recipe's own script or test failed.", _BROKEN, "maintainer"),
        _O.UNSOLVABLE: Words("unsolvable", "⊘", "An environment could not be solved.", _BROKEN, "maintainer"),
        _O.TIMEOUT: Words("out of time", "⧖", "It took longer than its limit.", _BROKEN, "maintainer"),
        _O.SILENT: Words("silent", "⧖", "It wrote nothing for longer than its limit.", _BROKEN, "maintainer"),
        _O.NO_TESTS: Words("no tests", "∅", "The package carries no test, which is not the same as passed.", _NONE),
        _O.NOT_RUNNABLE: Words("not runnable", "?", "The tests cannot run on this machine.", _BROKEN, "operator"),
        _O.REFUSED: Words("refused", "✖", "What was made is not what was ordered.", _BROKEN, "maintainer"),
        _O.OVER_LIMIT: Words("over the limit", "✖", "Its log or output grew past its limit.", _BROKEN, "maintainer"),
        _O.INFRASTRUCTURE: Words("lost", "↻", "The worker was at fault; no recipe is to blame.", _BUSY, "operator"),
    }
)
MEMBERSHIP_WORDS = _frozen(
    {
        _M.REBUILD: Words("rebuild", "●", "Is built again.", _BUSY),
        _M.RETEST: Words("retest", "◐", "Stays as it is and is tested against what is new.", _BUSY),
        _M.EDIT: Words("recipe edit", "✎", "Text in its recipe, or a pin, is in the way.", _BROKEN, "maintainer"),
        _M.BLOCKED: Words(
            "blocked", "⊟", "Cannot be rebuilt before something beside it is repaired.", _WAIT, "maintainer of that"
        ),
        _M.NOTHING: Words("nothing", "·", "Nothing needs to be done.", _NONE),
    }
)
TURN_WORDS = _frozen(
    {
        Turn.ADDED: Words("added", "+", "Was not foreseen, and is done as well.", _BUSY),
        Turn.DROPPED: Words("dropped", "∘", "Was foreseen, and is not needed after all.", _NONE),
        Turn.ESCALATED: Words("escalated", "↥", "Was to stay as it is, and is rebuilt.", _BUSY),
        Turn.STOPPED: Words(
            "stopped here", "■", "Came out the same as before; what would follow is left alone.", _NONE
        ),
    }
)
KIND_WORDS: Mapping[JobKind, str] = MappingProxyType(
    {JobKind.BUILD: "build", JobKind.TEST: "test", JobKind.RETEST: "retest", JobKind.CONTROL: "control"}
)
ACTOR_WORDS: Mapping[Actor, str] = MappingProxyType(
    {
        Actor.NOBODY: "nobody needs to act",
        Actor.MAINTAINER: "the maintainer must act",
        Actor.OPERATOR: "the operator must act",
        Actor.RELEASE_MANAGER: "the release manager must act",
    }
)
ORIGIN_WORDS: Mapping[Origin, str] = MappingProxyType(
    {
        Origin.TEXT: "written in its recipe",
        Origin.EXACT_PIN: "an exact pin",
        Origin.PIN_SUBPACKAGE: "pinned to what its recipe makes",
        Origin.PIN_COMPATIBLE: "pinned to what it was built against",
        Origin.VARIANT: "a pin of the tree",
        Origin.RUN_EXPORT: "an export",
    }
)

_SHOWN = 6
_SENTENCES: Mapping[Rule, str] = MappingProxyType(
    {
        Rule.NEW: "The target has no artifact of it.",
        Rule.CHANGED: "It changed itself: {detail}.",
        Rule.R1: "The new {about} falls outside of '{spec}', which it got from {origin}.",
        Rule.R2: "Its '{spec}' admits the new {about}, so it need not be rebuilt.",
        Rule.R3: "A pin of the tree moved: {spec}.",
        Rule.R4: "Its recipe asks for '{spec}', which keeps it on the old {about}.",
        Rule.R5: "The new {about} falls outside of '{spec}', which a tool that builds it exports.",
        Rule.R6: "It is built with the help of {about}, which leaves no trace in it.",
        Rule.R7: "It runs with {about}, and its '{spec}' admits the new one.",
        Rule.R8: "Its recipe asks for '{spec}', which excludes the new {about}.",
        Rule.R9: "Its tests use {about}.",
        Rule.R10: (
            "It is built against {about} and records nothing of it, so it links it statically or takes its headers; "
            "the policy is to rebuild such."
        ),
        Rule.R11: "An exact pin ties it to one build of {about}.",
        Rule.R12: "What it took from {about} goes by another name now; the old stays installable beside it.",
        Rule.R13: "It is a noarch Python package: any {about} that '{spec}' admits will do.",
        Rule.R14: "It is a variant that was not there before.",
        Rule.R15: "Its variant is no longer asked for.",
        Rule.R16: "It was built for the stable interface of Python and goes with every later one.",
        Rule.R17: "Symbols that it uses are gone from {about}.",
        Rule.R18: "Its constraint '{spec}' excludes the new {about}.",
        Rule.R19: "It cannot be installed together with the new {about}.",
        Rule.R20: "What the machines offer moved: {spec}.",
        Rule.MOVED: "Another channel has {about} as {detail} now.",
        Rule.OVERRIDDEN: "It would be rebuilt for {about}, but a person said no ({detail}).",
        Rule.UNBUILDABLE: "It cannot be built as its recipe is written: {detail}.",
        Rule.RETEST: "Its record admits the new {about}, but its tests fail with it: {detail}.",
        Rule.UNCHANGED: "What was built of {about} is the same as before, so nothing follows from it.",
        Rule.CURRENT: "Nothing it is made of, and nothing it runs with, is touched.",
    }
)
# Where a rule has two sides, its detail tells them apart.
_OTHERWISE: Mapping[tuple[Rule, bool], str] = MappingProxyType(
    {
        (Rule.R2, True): "The policy '{detail}' rebuilds what is built with {about}, though nothing forces it.",
        (Rule.R4, True): "A pin of the tree asks for '{spec}', which keeps it on the old {about}: {detail}.",
        (Rule.R5, True): "It is built with {about}; {detail}.",
        (Rule.R6, True): "It is built with {about}, whose output is part of it: a {detail} by policy.",
        (Rule.R10, True): "It is built against {about} and records nothing of it; {detail}.",
        (Rule.R15, True): "The target holds it, and {detail}.",
        (Rule.R7, True): "It runs with {about} {detail}, and its '{spec}' admits what is there.",
        (Rule.R11, True): "{about} has an exact pin on it, '{spec}': {detail}.",
        (Rule.R17, True): "It uses what is gone from {about}: {detail}.",
        (Rule.R19, True): "It cannot be installed together with the new {about}: {detail}.",
        (Rule.R13, True): "It is a noarch Python package and runs with {about} {detail}.",
    }
)


def reason_sentence(reason: Reason) -> str:
    """The reason as people read it, with its path where that tells more than the sentence."""
    template = _OTHERWISE.get((reason.rule, bool(reason.detail)), _SENTENCES[reason.rule])
    sentence = template.format(
        about=reason.about,
        spec=reason.spec,
        origin=origin_words(reason.origin),
        detail=reason.detail or "its recipe differs",
    )
    return sentence if len(reason.path) < 3 else f"{sentence} ({path_words(reason.path)})"


def path_words(path: tuple[str, ...]) -> str:
    """``mkl → blas → scipy``; the middle of a long path is left out."""
    if len(path) <= _SHOWN:
        return " → ".join(path)
    return " → ".join((*path[:3], "…", *path[-2:]))


def job_label(kind: JobKind, name: str, subdir: str) -> str:
    """How a job is called where its id would say nothing: ``test of numpy (linux-64)``."""
    return f"{KIND_WORDS[kind]} of {name} ({subdir})"


def origin_words(text: str) -> str:
    """Where a spec came from: ``the exports of lib`` for ``run_export of lib``."""
    kind, _, exporter = text.partition(" of ")
    if kind == Origin.RUN_EXPORT.value and exporter:
        return f"the exports of {exporter}"
    return next((words for origin, words in ORIGIN_WORDS.items() if origin.value == kind), text)
