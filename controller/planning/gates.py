"""The gates of a promotion: pure questions about values, each answered with a verdict and its reasons."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.baseline_words import comparison_sentence
from controller.domain.baselines import Comparison
from controller.domain.recipes import Origin
from controller.domain.remark_words import remark_sentence
from controller.domain.remarks import EXCUSES, Remark, RemarkKind
from controller.domain.verdicts import Actor, GateAnswer, Verdict
from controller.planning.holdings import Holdings, file_of, near
from controller.planning.specs import admits, name_of
from workers.contract.reports import Outcome

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to be promoted, with the outcome of its tests: a word of ``Outcome``, or of ``RemarkKind`` where they
    failed and it was let through; empty if they never ran.
    """

    artifact: Artifact
    verdict: str
    excused: Comparison | None = None
    """How its tests, which do not pass, compare with those before, where that lets it through."""
    remarks: tuple[Remark, ...] = ()
    """Why it was let through, where its tests failed."""


def judge(
    files: Sequence[Candidate], there: Sequence[Artifact], stays: Sequence[str] = (), *, upstream: bool = False
) -> tuple[GateAnswer, ...]:
    """Every gate's answer to adding ``files`` to a channel that holds ``there``.

    ``stays`` are names that the batch leaves behind. ``upstream`` says whether other channels stand behind this one.
    """
    adding = [candidate.artifact for candidate in files]
    return (
        built(files, stays),
        tested(files, there),
        closed(adding, there, upstream=upstream),
        no_regression(adding, there),
    )


def built(files: Sequence[Candidate], stays: Sequence[str] = ()) -> GateAnswer:
    """Something is there to be promoted; what stays behind is said, and does not stop the rest."""
    left = tuple(f"{name} stays behind" for name in dict.fromkeys(stays))
    if not files:
        return GateAnswer("built", Verdict.REFUSED, ("the batch published nothing", *left), Actor.MAINTAINER)
    return GateAnswer("built", Verdict.PASS, _shortened(left))


def tested(files: Sequence[Candidate], there: Sequence[Artifact]) -> GateAnswer:
    """The tests of every file passed. No tests, and tests that never ran, are no pass.

    What fails as the file before it did passes, and what fails as expected, and what is quarantined if an older one
    is ``there``: each is named.
    """
    known = {(artifact.subdir, artifact.name) for artifact in there}
    passing = (Outcome.PASSED, Outcome.NO_TESTS, "")
    failed = [c for c in files if c.verdict not in passing and not _is_let_through(c, known)]
    unknown = [c for c in files if c.verdict in (Outcome.NO_TESTS, "")]
    if failed:
        reasons = tuple(f"{file_of(c.artifact)}: {_failed(c)}" for c in failed)
        return GateAnswer("tested", Verdict.REFUSED, _shortened(reasons), Actor.MAINTAINER)
    if unknown:
        reasons = tuple(f"{file_of(c.artifact)}: {_untested(c)}" for c in unknown)
        return GateAnswer("tested", Verdict.UNKNOWN, _shortened(reasons), Actor.MAINTAINER)
    noted = tuple(f"{file_of(c.artifact)}: {_why(c)}" for c in files if c.excused or c.verdict in _EXCUSES)
    return GateAnswer("tested", Verdict.PASS, _shortened(noted))


_EXCUSES = frozenset(kind.value for kind in EXCUSES)


def _is_let_through(candidate: Candidate, known: AbstractSet[tuple[str, str]]) -> bool:
    """A quarantined failure of what is new here is none that anybody knew."""
    if candidate.excused:
        return True
    if candidate.verdict == RemarkKind.QUARANTINED:
        return (candidate.artifact.subdir, candidate.artifact.name) in known
    return candidate.verdict == RemarkKind.EXPECTED


def _failed(candidate: Candidate) -> str:
    if candidate.verdict == RemarkKind.QUARANTINED:
        return f"it is new here, and a quarantined failure is no pass for it. {_why(candidate)}"
    return candidate.verdict.replace("_", " ")


def _why(candidate: Candidate) -> str:
    if candidate.excused:
        return comparison_sentence(candidate.excused)
    said = [remark_sentence(remark, "its test") for remark in candidate.remarks if remark.kind in EXCUSES]
    return " ".join(said) or candidate.verdict.replace("_", " ")


def _untested(candidate: Candidate) -> str:
    return "carries no tests" if candidate.verdict else "was not tested"


def closed(adding: Sequence[Artifact], there: Sequence[Artifact], *, upstream: bool = False) -> GateAnswer:
    """Every run dependency of what is added is met by what will be there (rebuild-semantics 2.7, 1)."""
    after = Holdings.of((*there, *adding))
    reasons = tuple(
        f"{file_of(artifact)} needs '{dependency.spec}', which would not be there"
        for artifact in adding
        for dependency in artifact.depends
        if not after.meets(dependency.spec, artifact.subdir, upstream=upstream)
    )
    verdict, actor = (Verdict.BLOCKED, Actor.RELEASE_MANAGER) if reasons else (Verdict.PASS, Actor.NOBODY)
    return GateAnswer("closed", verdict, _shortened(reasons), actor)


def no_regression(adding: Sequence[Artifact], there: Sequence[Artifact]) -> GateAnswer:
    """Nothing that is the newest of its name is left on an old package by an export's bound.

    Whoever is held back by text in its own recipe is named, and stops nobody.
    """
    before, news = Holdings.of(there), Holdings.of(adding)
    replaced = {(artifact.subdir, artifact.name) for artifact in adding}
    refused: list[str] = []
    noted: list[str] = []
    for artifact in before.newest():
        if (artifact.subdir, artifact.name) in replaced:
            continue
        for dependency in artifact.depends:
            new = _left_behind(artifact, dependency, before, news)
            if new is not None:
                sentence = f"{file_of(artifact)} needs '{dependency.spec}' and would stay off {new.name} {new.version}"
                (noted if dependency.origin is Origin.TEXT else refused).append(sentence)
    if refused:
        return GateAnswer("no regression", Verdict.REFUSED, _shortened((*refused, *noted)), Actor.MAINTAINER)
    return GateAnswer("no regression", Verdict.PASS, _shortened(tuple(noted)))


def _left_behind(user: Artifact, dependency: Dependency, before: Holdings, news: Holdings) -> Artifact | None:
    """The new package that ``user`` cannot go with, if it went with the newest one so far."""
    name = name_of(dependency.spec)
    found = [new for new in news.by_name.get(name, ()) if near(new.subdir, user.subdir)]
    if not found or any(admits(dependency.spec, new.version, new.build) for new in found):
        return None
    newest = [a for a in Holdings.of(before.by_name.get(name, ())).newest() if near(a.subdir, user.subdir)]
    if not any(admits(dependency.spec, old.version, old.build) for old in newest):
        return None
    return found[0]


def _shortened(reasons: tuple[str, ...]) -> tuple[str, ...]:
    more = len(reasons) - _SHOWN
    return (*reasons[:_SHOWN], f"and {more} more") if more > 0 else reasons
