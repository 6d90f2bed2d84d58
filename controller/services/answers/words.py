"""What people read about a job and a batch now: the table of words, filled with the facts of the moment."""

from collections.abc import Callable, Mapping

from controller.domain.batches import BatchState
from controller.domain.jobs import JobKind, JobState
from controller.domain.remark_words import REMARK_WORDS
from controller.domain.remarks import EXCUSES, RemarkKind
from controller.domain.wording import BATCH_WORDS, JOB_WORDS, KIND_WORDS, Category
from controller.services.answers.shapes import Counts
from controller.storage.lines import JobLine

_LONGEST = 300
NOBODY = "nobody"


def field_of(category: Category) -> str:
    """A category as a field of Counts and as a class of a page: ``in_progress``."""
    return category.value.replace(" ", "_")


CATEGORIES = ("broken", "in_progress", "waiting", "done", "not_needed")
"""The fields of Counts, worst first."""
CATEGORY_MARKS = {"broken": "✖", "in_progress": "●", "waiting": "◷", "done": "✔", "not_needed": "\N{EN DASH}"}
CATEGORY_LABELS = {field_of(category): category.value for category in Category}


def count(states: dict[str, int]) -> Counts:
    """Jobs by state as jobs by category."""
    totals = dict.fromkeys(CATEGORIES, 0)
    for state, number in states.items():
        totals[field_of(JOB_WORDS[JobState(state)].category)] += number
    return Counts(**totals)


def fault(job: JobLine) -> tuple[int | None, str]:
    """The line that tells the fault best, and its text; the message where no line does."""
    for line in job.failing or ():
        return int(line["line"]), shorten(str(line["text"]))
    return None, shorten(job.message)


def shorten(text: str) -> str:
    """The first line of a text, and not too much of it."""
    first = text.strip().split("\n", 1)[0]
    return first if len(first) <= _LONGEST else first[: _LONGEST - 1] + "…"


def job_sentence(job: JobLine, worker: str) -> str:
    """What a job's state means now."""
    return _JOB_SENTENCES[JobState(job.state)](job, worker)


def _phase(job: JobLine) -> str:
    return job.phase or KIND_WORDS[JobKind(job.kind)]


def _ready(job: JobLine, _worker: str) -> str:
    again = f" Tried before: {shorten(job.message)}." if (job.losses or job.failure) and job.message else ""
    return f"Could start; waits for a free {job.pool} worker.{again}"


def _passed(job: JobLine, _worker: str) -> str:
    if job.remark in EXCUSES:
        return REMARK_WORDS[RemarkKind(job.remark)].sentence
    if job.outcome == "no_tests":
        return "It carries no tests, so none ran; that is no pass."
    return "Built, and its files are in the store." if job.kind == JobKind.BUILD else "Every test passed."


def _unexcused(job: JobLine, _worker: str) -> str:
    return f"Fails as it did without the change: {fault(job)[1] or 'no line tells why'}"


def _answered(job: JobLine, _worker: str) -> str:
    how = "every test passed" if job.outcome == "passed" else fault(job)[1] or job.outcome.replace("_", " ")
    return f"Without the change: {how}."


def _begun(text: str) -> str:
    """With a capital letter first; all others stay, as in B-7."""
    return text[:1].upper() + text[1:]


def _failed(job: JobLine, _worker: str) -> str:
    return f"Failed in {_phase(job)}: {fault(job)[1] or 'no line tells why'}"


_JOB_SENTENCES: Mapping[JobState, Callable[[JobLine, str], str]] = {
    JobState.WAITING: lambda job, _: f"Waits for {amount(job.open_parents, 'job')} before it.",
    JobState.READY: _ready,
    JobState.RUNNING: lambda job, worker: f"{_phase(job).capitalize()} on {worker or 'a worker'}.",
    JobState.PASSED: _passed,
    JobState.FAILED: _failed,
    JobState.UNSOLVABLE: lambda job, _: f"No environment satisfies it: {shorten(job.message) or 'see the log'}",
    JobState.QUARANTINED: lambda job, _: f"Its workers were lost {amount(job.losses, 'time')}; it is given to nobody.",
    JobState.BLOCKED: lambda job, _: f"Cannot be done until this is repaired: {shorten(job.message)}.",
    JobState.CANCELLED: lambda job, _: _begun(shorten(job.message)) or "Cancelled.",
    JobState.NOT_NEEDED: lambda job, _: shorten(job.message) or JOB_WORDS[JobState.NOT_NEEDED].sentence,
    JobState.CHECKING: lambda job, _: (
        f"{fault(job)[1] or 'Its tests failed'}; a control finds out whether it did before."
    ),
    JobState.NO_REGRESSION: _unexcused,
    JobState.ANSWERED: _answered,
    JobState.EXPECTED: lambda job, _: f"Failed as expected: {shorten(job.message) or 'no line tells why'}",
    JobState.ESCALATED: lambda job, _: f"As it stands it does not go with what is new: {shorten(job.message)}",
}


def batch_verdict(state: BatchState, counts: Counts, published: int, behind: int) -> tuple[str, str]:
    """One line: where a batch stands; and who must act."""
    if state is BatchState.RUNNING:
        return tally(counts), "maintainer" if counts.broken else NOBODY
    if state is BatchState.PASSED and not counts.total:
        return "Nothing had to be built or tested.", NOBODY
    sentences = {**_BATCH_SENTENCES, **_UNBROKEN} if behind and not counts.broken else _BATCH_SENTENCES
    sentence = sentences[state].format(
        jobs=amount(counts.total, "job"), broken=amount(counts.broken, "job"), published=amount(published, "package"),
        behind=amount(behind, "file"),
    )  # fmt: skip
    if state is BatchState.PASSED and behind and not published:
        return f"Nothing broke, and nothing is published: {amount(behind, 'file')} left behind as expected.", NOBODY
    return sentence, _ACTS.get(state) or BATCH_WORDS[state].acts or NOBODY


_ACTS = {BatchState.PASSED: "release manager", BatchState.RESTORED: "release manager"}
"""Who may act next, where nobody must for the batch's own sake."""
_BATCH_SENTENCES: Mapping[BatchState, str] = {
    BatchState.HELD: "Held: {jobs} are more than usual; a person must release it.",
    BatchState.PASSED: "All passed; {published} in testing, ready to be promoted.",
    BatchState.PARTIAL: "{published} in testing; {behind} left behind, since {broken} broke.",
    BatchState.FAILED: "Nothing is published: {broken} broke.",
    BatchState.PROMOTED: "{published} promoted to stable.",
    BatchState.RESTORED: "Was in stable, and was taken back.",
    BatchState.CANCELLED: "Cancelled; nothing of it is published.",
}


_UNBROKEN: Mapping[BatchState, str] = {
    BatchState.PASSED: "Nothing broke; {published} in testing, {behind} left behind as expected.",
    BatchState.PARTIAL: "{published} in testing; {behind} left behind.",
    BatchState.FAILED: "Nothing is published; {behind} left behind.",
    BatchState.CANCELLED: "Nothing is published; {behind} left behind.",
}
"""Where nothing broke: others were first, a newer push has it, or a tree expects that it fails."""


_SAID = [(name, CATEGORY_LABELS[name]) for name in CATEGORIES]


def tally(counts: Counts) -> str:
    """``3 broken, 29 in progress, 12 waiting, 170 done of 214.``"""
    parts = [f"{getattr(counts, name)} {label}" for name, label in _SAID if getattr(counts, name)]
    return f"{', '.join(parts) or 'nothing to do'} of {counts.total}."


def amount(number: int, thing: str) -> str:
    """``1 job``, ``2,140 jobs``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
