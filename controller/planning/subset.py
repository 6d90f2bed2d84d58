"""The largest safe subset: what of a batch that did not pass whole can be published, and why the rest stays behind.

It starts from every file that was built and tested well, and takes files out until nothing speaks against the
rest. Taking out is all it does, so the order does not matter and what is left is the largest such set
(rebuild-semantics 2.7).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.artifacts import Artifact
from controller.domain.jobs import BLOCKING, CLEARED, JobKind, JobState
from controller.domain.recipes import Section
from controller.domain.verdicts import StaysBehind
from controller.domain.wording import job_label
from controller.planning.holdings import Holdings, file_of, near
from controller.planning.specs import admits, name_of


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How one job of a batch ended. ``files`` are what it was to build, or the one file it tested: ``subdir/name``.

    ``id`` and ``parents`` (ids) let a blocked job name the jobs that are really at fault; without them it names itself.
    """

    kind: JobKind
    name: str
    subdir: str
    state: JobState
    files: tuple[str, ...]
    id: str = ""
    parents: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    """Of a retest that did not pass: what is built of this batch in the place of what it tested."""
    why: str = ""
    """A sentence, where its state says too little."""

    @property
    def label(self) -> str:
        """How people call it."""
        return job_label(self.kind, self.name, self.subdir)


@dataclass(frozen=True, slots=True)
class Subset:
    """``publish`` is closed; every planned file is either in it or in ``stays``.

    A planned file that the target holds already, from an earlier settling, is in ``publish`` and stays there.
    """

    publish: frozenset[str]
    stays: tuple[StaysBehind, ...]


def largest_safe_subset(
    ends: Sequence[JobEnd], base: Sequence[Artifact], built: Sequence[Artifact], *, upstream: bool = False,
    broken: Mapping[str, Sequence[str]] | None = None, overtaken: Mapping[str, str] | None = None,
) -> Subset:  # fmt: skip
    """What can be published of a settled batch.

    ``base`` is the target as it is, ``built`` what the batch staged, ``upstream`` whether other channels stand behind
    the target, ``broken`` are files of the target with the packages of the batch that lack what they use,
    ``overtaken`` files of the batch with why what others published leaves no room for them. A file stays behind when

    - its build or its test did not pass, or never ran;
    - it is overtaken;
    - another output of its build stays: what is rendered together moves together;
    - another variant of its version stays, so that nobody is held back by a mixed set;
    - a run dependency of it would not be met by what is there and what is published;
    - it was built against a file of this batch that stays;
    - a dependent that is not rebuilt, or whose rebuild stays behind, did not pass its retest with it;
    - a dependent whose rebuild stays behind excludes it by a bound that the old one met, or uses what it lacks.
    """
    sieve = _Sieve(ends, base, built, upstream=upstream, broken=broken or {})
    return sieve.run(overtaken or {})


@dataclass(slots=True)
class _Behind:
    reason: str
    blocked_by: tuple[str, ...]


@dataclass(slots=True)
class _Index:
    """Who is concerned when a file goes out."""

    together: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    """File to the builds that were to make it."""
    variants: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    """Subdir, name and version to the planned files."""
    users: dict[str, list[str]] = field(default_factory=dict)
    """Name to the built files that depend on it."""
    made_with: dict[str, list[str]] = field(default_factory=dict)
    """Built file to the built files that had it in host."""
    answers: dict[str, list[JobEnd]] = field(default_factory=dict)
    """File to the retests that did not pass, and that it is the answer to."""


class _Sieve:
    def __init__(
        self, ends: Sequence[JobEnd], base: Sequence[Artifact], built: Sequence[Artifact], *, upstream: bool,
        broken: Mapping[str, Sequence[str]],
    ) -> None:  # fmt: skip
        self.ends, self.upstream, self.broken = ends, upstream, broken
        self.built = {file_of(artifact): artifact for artifact in built}
        self.base = Holdings.of(base)
        self.whole = Holdings.of((*base, *built))
        self.base_files = {file_of(artifact): artifact for artifact in base}
        self.planned = list(dict.fromkeys(f for end in ends if end.kind is JobKind.BUILD for f in end.files))
        self.behind: dict[str, _Behind] = {}
        self.open: deque[str] = deque()
        self.index = _indexed(ends, self.planned, self.built)
        self.by_id = {end.id: end for end in ends if end.id}

    def run(self, overtaken: Mapping[str, str]) -> Subset:
        """Take out until nothing more goes."""
        self._by_their_own_jobs()
        for file, why in overtaken.items():
            self._out(file, why)
        self._by_retests()
        for file in self.planned:
            self._check_needs(file)
        while self.open:
            self._follow(self.open.popleft())
        stays = tuple(self._stays(file) for file in self.planned if file in self.behind)
        return Subset(frozenset(self.planned) - self.behind.keys(), stays)

    def _stays(self, file: str) -> StaysBehind:
        behind = self.behind[file]
        return StaysBehind(file, _identity(file, self.built)[1], behind.reason, behind.blocked_by)

    def _out(self, file: str, reason: str, blocked_by: Iterable[str] = ()) -> None:
        if file in self.behind or file in self.base_files or file not in self.index.together:
            return
        self.behind[file] = _Behind(reason, tuple(dict.fromkeys(blocked_by)))
        self.open.append(file)

    def _blame(self, file: str) -> tuple[str, ...]:
        return self.behind[file].blocked_by

    def _at_fault(self, end: JobEnd) -> list[str]:
        """The broken jobs above a blocked one, or the job itself."""
        found, seen, waiting = [], {end.id}, [end]
        while waiting:
            job = waiting.pop()
            above = [self.by_id[p] for p in job.parents if p in self.by_id and p not in seen]
            seen |= {parent.id for parent in above}
            if job.state in BLOCKING or job.state is JobState.CANCELLED:
                found.append(job.label)
            elif job.state is not JobState.PASSED:
                waiting += above
        return sorted(found) or [end.label]

    def _by_their_own_jobs(self) -> None:
        tests = {end.files[0]: end for end in self.ends if end.kind is JobKind.TEST and end.files}
        for end in self.ends:
            if end.kind is not JobKind.BUILD:
                continue
            for file in end.files:
                test = tests.get(file)
                if end.state is not JobState.PASSED or file not in self.built:
                    self._out(file, end.why or _sentence("build", end.state), self._at_fault(end))
                elif test is None:
                    self._out(file, "It was never tested.")
                elif test.state not in CLEARED:
                    self._out(file, _sentence("test", test.state), self._at_fault(test))

    def _by_retests(self) -> None:
        for end in self.ends:
            if end.kind is JobKind.RETEST and end.state not in CLEARED and not end.replaced_by:
                for file in end.files:
                    self._retest_failed(end, file)

    def _retest_failed(self, end: JobEnd, file: str) -> None:
        kept = "whose rebuild stays behind" if end.replaced_by else "which is not rebuilt"
        why = f"{end.name} ({end.subdir}), {kept}, {_ended_retest(end.state)} with it."
        for artifact in self._drawn_in(file, end.subdir):
            self._out(file_of(artifact), why, self._at_fault(end))

    def _drawn_in(self, file: str, subdir: str) -> Iterator[Artifact]:
        """What was built of all that a file of the target runs with."""
        start = self.base_files.get(file)
        seen = {file}
        waiting = [start] if start else []
        while waiting:
            for dependency in waiting.pop().depends:
                for artifact in self.whole.admitted(dependency.spec, subdir):
                    if file_of(artifact) not in seen:
                        seen.add(file_of(artifact))
                        waiting.append(artifact)
                        if file_of(artifact) in self.built:
                            yield artifact

    def _check_needs(self, file: str) -> None:
        artifact = self.built.get(file)
        if artifact is None or file in self.behind:
            return
        for dependency in artifact.depends:
            if not self._is_met(dependency.spec, artifact.subdir):
                lacking = [file_of(a) for a in self.whole.admitted(dependency.spec, artifact.subdir)]
                blame = [job for other in lacking if other in self.behind for job in self._blame(other)]
                self._out(file, f"It needs '{dependency.spec}', which would not be there.", blame)
                return

    def _is_met(self, spec: str, subdir: str) -> bool:
        if not self.whole.meets(spec, subdir, upstream=self.upstream):
            return False
        found = [file_of(artifact) for artifact in self.whole.admitted(spec, subdir)]
        return not found or any(file not in self.behind for file in found)

    def _follow(self, file: str) -> None:
        """Everything that cannot go without ``file``."""
        subdir, name, version = _identity(file, self.built)
        blame = self._blame(file)
        for unit in self.index.together[file]:
            for other in unit:
                self._out(other, f"It is made together with {name}, which stays behind.", blame)
        for other in self.index.variants[subdir, name, version]:
            self._out(other, f"Another variant of {name} {version} stays behind; a mixed set holds users back.", blame)
        for user in self.index.users.get(name, ()):
            self._check_needs(user)
        for user in self.index.made_with.get(file, ()):
            self._out(user, f"It was built against {file.split('/', 1)[1]}, which stays behind.", blame)
        self._hold_for_old(subdir, name, blame)
        for end in self.index.answers.get(file, ()):
            for tested in end.files:
                self._retest_failed(end, tested)

    def _hold_for_old(self, subdir: str, name: str, blame: tuple[str, ...]) -> None:
        """The old ``name`` stays what users have: nothing may come that its bounds exclude, if it went along so far."""
        for old in self._newest(subdir, name):
            for lacking in self.broken.get(file_of(old), ()):
                for new in self._coming(lacking, old.subdir):
                    self._out(file_of(new), f"{name} stays as it is, and uses what is gone from {lacking}.", blame)
            for dependency in old.depends:
                news = self._coming(name_of(dependency.spec), old.subdir)
                if not news or any(admits(dependency.spec, new.version, new.build) for new in news):
                    continue
                if any(True for _ in self.base.admitted(dependency.spec, old.subdir)):
                    why = f"{name} stays as it is, and its '{dependency.spec}' excludes it."
                    for new in news:
                        self._out(file_of(new), why, blame)

    def _newest(self, subdir: str, name: str) -> list[Artifact]:
        here = [artifact for artifact in self.base.by_name.get(name, ()) if artifact.subdir == subdir]
        return list(Holdings.of(here).newest())

    def _coming(self, name: str, subdir: str) -> list[Artifact]:
        here = (a for a in self.whole.by_name.get(name, ()) if near(a.subdir, subdir))
        return [artifact for artifact in here if (file := file_of(artifact)) in self.built and file not in self.behind]


def _indexed(ends: Sequence[JobEnd], planned: Sequence[str], built: Mapping[str, Artifact]) -> _Index:
    index = _Index()
    for end in ends:
        if end.kind is JobKind.BUILD:
            for file in end.files:
                index.together.setdefault(file, []).append(end.files)
        for file in end.replaced_by:
            index.answers.setdefault(file, []).append(end)
    for file in planned:
        index.variants.setdefault(_identity(file, built), []).append(file)
    for file, artifact in built.items():
        for name in {name_of(dependency.spec) for dependency in artifact.depends}:
            index.users.setdefault(name, []).append(file)
        for used in artifact.used:
            if used.section == Section.HOST.value and used.direct:
                index.made_with.setdefault(f"{used.subdir}/{used.file_stem}.conda", []).append(file)
    return index


def _identity(file: str, built: Mapping[str, Artifact]) -> tuple[str, str, str]:
    """Subdir, name and version of a file that may never have been built."""
    artifact = built.get(file)
    if artifact is not None:
        return artifact.subdir, artifact.name, artifact.version
    subdir, _, stem = file.partition("/")
    name, version, _ = stem.rsplit("-", 2)
    return subdir, name, version


def _sentence(what: str, state: JobState) -> str:
    endings = {
        JobState.FAILED: "failed",
        JobState.EXPECTED: "failed as expected",
        JobState.UNSOLVABLE: "could not be solved",
        JobState.QUARANTINED: "took down every worker that tried it",
        JobState.BLOCKED: "could not start, since a job before it failed",
        JobState.CANCELLED: "was cancelled",
    }
    return f"Its {what} {endings.get(state, 'did not end')}."


def _ended_retest(state: JobState) -> str:
    if state in (JobState.FAILED, JobState.ESCALATED):
        return "failed its tests"
    return "could not be installed" if state is JobState.UNSOLVABLE else "could not be tested"
