"""A worker at the level of services: it claims, makes real package files, uploads and reports, without processes.

What it writes into a file is what the recipe asked for and what the farm's channels hold: run dependencies,
exports of what was in host, and the table of what the file was built against.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rattler

from controller.domain.artifacts import Artifact
from controller.domain.channels import TESTING, staging
from controller.domain.recipes import Output, RunExports, Section
from controller.planning.specs import name_of
from controller.services import baselines, leases, reconcile, redeciding, results, transfers
from controller.services.farm import Farm
from controller.storage import artifacts, channels, jobs
from controller.storage.artifacts import ArtifactRow
from controller.storage.tables import from_json, to_json
from tests.kit.packages import Package
from tests.kit.rows import asking
from workers.contract.interfaces import InterfaceFacts
from workers.contract.jobs import BuildOrder, PlannedFile, TestOrder
from workers.contract.leases import Claim
from workers.contract.reports import Outcome, ProducedFile, Report, TestCase, TestOutcome

CHUNK = 700
Job = tuple[str, str]
"""Kind and name, as ``("build", "libtoy")``."""


def chunked(data: bytes, size: int = CHUNK) -> Iterator[bytes]:
    """The bytes in pieces, as they come over a wire."""
    return (data[start : start + size] for start in range(0, len(data), size))


@dataclass
class SimulatedWorker:
    """One worker. The sets name jobs that go wrong: ``fail``, ``lose`` (once each), ``spoil``; ``done`` is a diary."""

    farm: Farm
    name: str = "w1"
    fail: set[Job] = field(default_factory=set)
    lose: set[Job] = field(default_factory=set)
    """The lease lapses while the worker is at it."""
    lines: dict[Job, str] = field(default_factory=dict)
    """What a job that fails writes, where that is something of its own."""
    cases: dict[Job, tuple[str, ...]] = field(default_factory=dict)
    """The cases of a test that fail in it."""
    flaky: set[Job] = field(default_factory=set)
    """Fails once, with a line that may come and go."""
    brittle: set[Job] = field(default_factory=set)
    """Fails each time, with a line that may come and go."""
    tests: dict[Job, tuple[TestOutcome, ...]] = field(default_factory=dict)
    """What the next report of a job tells of its tests."""
    lists: dict[Job, list[TestCase]] = field(default_factory=dict)
    """All cases of a job's test, uploaded with each of its reports that tells of tests."""
    spoil: set[Job] = field(default_factory=set)
    """A build delivers another package under the ordered name."""
    unsolvable: set[Job] = field(default_factory=set)
    same: set[str] = field(default_factory=set)
    """Packages that come out the same whatever they are built from; all others hold what they were made of."""
    exports: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Package to what its file exports in place of what its recipe says."""
    libraries: dict[str, InterfaceFacts] = field(default_factory=dict)
    """Package to the programs and libraries that are found in its file."""
    upstream: list[Artifact] = field(default_factory=list)
    """Packages of other channels that stand below those of the farm."""
    done: list[Job] = field(default_factory=list)

    def work(self) -> list[Job]:
        """Do what there is to do until nothing is; answers what was done, in order."""
        before = len(self.done)
        while self.step():
            pass
        return self.done[before:]

    def finish(self) -> list[Job]:
        """Do everything, and let the loop look."""
        done = self.work()
        reconcile.settle_finished(self.farm)
        return done

    def step(self) -> bool:
        """One job, if there is one."""
        claim = self.claim()
        if claim is None:
            return False
        self.do(claim)
        baselines.close_checked(self.farm)
        redeciding.redecide_due(self.farm)
        return True

    def claim(self) -> Claim | None:
        """What the farm gives."""
        return leases.claim(self.farm, asking(self.name))

    def do(self, claim: Claim) -> None:
        """One claimed job to its end, whichever it is."""
        job = job_of(claim)
        self.done.append(job)
        self._fetch(claim)
        if job in self.lose:
            self.lose.discard(job)
            self.farm.now.forward(self.farm.rules.lease_seconds + 1)  # type: ignore[attr-defined]
            reconcile.lose_lapsed(self.farm, self.farm.now())
        elif job in self.fail:
            self.write(claim, self.lines.get(job, "ModuleNotFoundError: No module named 'toy'"))
            self.report(claim, Outcome.FAILED)
        elif job in self.flaky:
            self.flaky.discard(job)
            self.write(claim, "E   AssertionError: the clock stood still")
            self.report(claim, Outcome.FAILED)
        elif job in self.brittle:
            self.write(claim, "E   AssertionError: the clock stood still")
            self.report(claim, Outcome.FAILED)
        elif job in self.unsolvable:
            self.report(claim, Outcome.UNSOLVABLE)
        elif isinstance(claim.spec.order, BuildOrder):
            self.report(claim, Outcome.PASSED, self.deliver(claim))
        else:
            self.report(claim, Outcome.PASSED)

    def _fetch(self, claim: Claim) -> None:
        """What is to be tested lies where the order says, and is the file that it says."""
        order = claim.spec.order
        if isinstance(order, TestOrder):
            with self.farm.reading() as session:
                found = artifacts.find_file(session, *order.url.removeprefix("/store/").split("/", 1))
            assert found is not None, order.url
            assert found.sha256 == order.sha256, f"{order.url} is another file than the one that was ordered"

    def write(self, claim: Claim, line: str) -> None:
        """A line in the log, the first time."""
        transfers.append_log(self.farm, claim.attempt, claim.token, 0, f"{line}\n".encode())

    def report(self, claim: Claim, outcome: Outcome, files: Iterable[ProducedFile] = ()) -> bool:
        """Say how it ended."""
        told = tuple(self.tell_cases(claim, test) for test in self.tests.pop(job_of(claim), ()))
        said = Report(
            lease=claim.lease, outcome=outcome, message="as the test says", files=tuple(files),
            tests=told or self._tests(claim, outcome),
        )  # fmt: skip
        return results.report(self.farm, claim.attempt, claim.token, said).accepted

    def _tests(self, claim: Claim, outcome: Outcome) -> tuple[TestOutcome, ...]:
        """The one test that a package carries; its cases where they are known."""
        if not isinstance(claim.spec.order, TestOrder) or outcome not in (Outcome.PASSED, Outcome.FAILED):
            return ()
        names = self.cases.get(job_of(claim), ()) if outcome is Outcome.FAILED else ()
        failing = tuple(TestCase(name=name, outcome=Outcome.FAILED, message="it fails") for name in names)
        return (
            TestOutcome(index=0, kind="commands", outcome=outcome, seconds=0.1, failing=failing, failed=len(names)),
        )

    def deliver(self, claim: Claim) -> list[ProducedFile]:
        """Make and upload every file of the order."""
        spoiled = job_of(claim) in self.spoil
        return [self.upload(claim, file, self.make(claim, file, spoiled=spoiled)) for file in _order(claim).files]

    def upload(self, claim: Claim, file: PlannedFile, data: bytes) -> ProducedFile:
        """Send bytes in chunks, under their digest."""
        digest = hashlib.sha256(data).hexdigest()
        transfers.append_upload(self.farm, claim.attempt, claim.token, digest, 0, len(data), chunked(data))
        return ProducedFile(
            file_name=file.file_name, subdir=file.subdir, sha256=digest, size=len(data),
            interface_sha256=self.tell_libraries(claim, file.name),
        )  # fmt: skip

    def tell_libraries(self, claim: Claim, name: str) -> str:
        """Upload what is found in a package's libraries; the digest of the document."""
        if name not in self.libraries:
            return ""
        data = gzip.compress(self.libraries[name].model_dump_json().encode(), mtime=0)
        digest = hashlib.sha256(data).hexdigest()
        transfers.append_upload(self.farm, claim.attempt, claim.token, digest, 0, len(data), chunked(data))
        return digest

    def tell_cases(self, claim: Claim, test: TestOutcome) -> TestOutcome:
        """Upload the list of all cases, where there is one; the test with its digest."""
        found = self.lists.get(job_of(claim))
        if found is None:
            return test
        data = gzip.compress(json.dumps([case.model_dump(mode="json") for case in found]).encode(), mtime=0)
        digest = hashlib.sha256(data).hexdigest()
        transfers.append_upload(self.farm, claim.attempt, claim.token, digest, 0, len(data), chunked(data))
        return test.model_copy(update={"cases_sha256": digest})

    def make(self, claim: Claim, file: PlannedFile, *, spoiled: bool = False) -> bytes:
        """A real package file for an ordered one; a spoiled one is of another version inside."""
        output, there = self._output(claim, file), self._there(claim)
        hosts = [row for spec in _specs(output, Section.HOST) if (row := _newest(there, name_of(spec)))]
        exported = [(row.name, spec) for row in hosts for spec in row.value().run_exports.weak]
        return Package(
            name=file.name, version="0.0.0" if spoiled else file.version, build=file.build, subdir=file.subdir,
            depends=[*_specs(output, Section.RUN), *(spec for _, spec in exported)],
            run_exports=self.exports.get(file.name) or _exports(output.run_exports),
            files={f"share/{file.name}.txt": self._content(output, hosts)},
            info={"info/recipe/rendered_recipe.yaml": json.dumps(_rendered(output, hosts, exported)).encode()},
        ).conda()  # fmt: skip

    def _content(self, output: Output, hosts: list[ArtifactRow]) -> bytes:
        made_of = [] if output.name in self.same else [output.version, output.fingerprint, *(row.file for row in hosts)]
        return " ".join(made_of).encode()

    def _output(self, claim: Claim, file: PlannedFile) -> Output:
        with self.farm.reading() as session:
            outputs: list[Output] = [from_json(Output, data) for data in jobs.find_job(session, claim.spec.job).outputs]
        return next(o for o in outputs if (o.subdir, o.file_name) == (file.subdir, file.file_name))

    def _there(self, claim: Claim) -> list[ArtifactRow]:
        below = [as_row(artifact) for artifact in self.upstream]
        with self.farm.reading() as session:
            return below + [
                row
                for channel in (staging(claim.spec.batch), TESTING)
                for row in channels.files_in(session, channel, channels.current_of(session, channel))
            ]


def as_row(artifact: Artifact) -> ArtifactRow:
    """A package of another channel as if it were one of the farm's."""
    return ArtifactRow(
        subdir=artifact.subdir, file_name=artifact.file_name, name=artifact.name, version=artifact.version,
        build_number=artifact.build_number, sha256=artifact.sha256, size=0, record=to_json(Artifact, artifact),
        created_at=datetime.min.replace(tzinfo=UTC),
    )  # fmt: skip


def job_of(claim: Claim) -> Job:
    """Kind and name of what was claimed. Tests and retests are orders alike; a control is one without the batch."""
    order = claim.spec.order
    if isinstance(order, TestOrder):
        own = any(f"/{staging(claim.spec.batch)}" in channel for channel in claim.spec.channels)
        return ("test" if own else "control", order.file.name)
    return "build", order.recipe


def _order(claim: Claim) -> BuildOrder:
    assert isinstance(claim.spec.order, BuildOrder)
    return claim.spec.order


def _specs(output: Output, section: Section) -> list[str]:
    return [requirement.spec for requirement in output.in_section(section)]


def _newest(there: list[ArtifactRow], name: str) -> ArtifactRow | None:
    found = [row for row in there if row.name == name]
    return max(found, key=lambda row: (rattler.Version(row.version), row.build_number), default=None)


def _exports(exports: RunExports) -> dict[str, list[str]] | None:
    return {"weak": list(exports.weak)} if exports.weak else None


def _rendered(output: Output, hosts: list[ArtifactRow], exported: list[tuple[str, str]]) -> dict[str, Any]:
    """The part of the builder's record that the farm reads back."""
    run = [{"source": spec} for spec in _specs(output, Section.RUN)]
    exports = [{"run_export": name, "spec": spec, "from": "host"} for name, spec in exported]
    resolved = [
        {"name": row.name, "version": row.version, "build": str(row.record["build"]), "subdir": row.subdir}
        for row in hosts
    ]
    host = {"specs": [{"source": spec} for spec in _specs(output, Section.HOST)], "resolved": resolved}
    return {"finalized_dependencies": {"host": host, "run": {"depends": [*run, *exports]}}}
