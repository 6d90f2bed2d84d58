"""Carrying out one order in its box: fetch what it names, let a child do it, bring home what it made."""

import hashlib
import shutil
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
from httpx2 import TransportError

from workers.agent import interfaces, process, sandbox
from workers.agent.client import ControllerError, Holding, LeaseLostError, UploadRefusedError, WrongContentError
from workers.agent.findings import Finding, Phases
from workers.agent.hearing import Hearer
from workers.agent.log_stream import LogStream, LogTooLongError
from workers.agent.process import Bounds, Command, Ended, Why
from workers.agent.sandbox import Box
from workers.builders import events
from workers.contract.jobs import BuildOrder, JobSpec, Limits, TestOrder
from workers.contract.platforms import NOARCH
from workers.contract.reports import Outcome, ProducedFile, TestCase, TestOutcome

log = structlog.get_logger(__name__)

_BUILDER = "workers.builders.rattler"
_CHECKER = "workers.checks.package"
_READER = "workers.checks.interfaces"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker works, what runs there, and what of its environment it passes on."""

    attempts: Path
    cache: Path
    subdir: str
    environment: Mapping[str, str]
    passed: tuple[str, ...] = ()
    least_free_bytes: int = 2 * 1024**3
    """With less than this free on the disk, the cache is emptied before a job."""
    full_bytes: int = 16 * 1024**2
    """With less than this free no build gets far."""

    def has_room(self) -> bool:
        """Whether a job could get far here, if need be without what is cached. Only asked between jobs."""
        if self.is_full():
            self.make_room()
        return not self.is_full()

    def is_full(self) -> bool:
        """Whether what just failed may have failed for want of room."""
        return shutil.disk_usage(self.attempts).free < self.full_bytes

    def make_room(self) -> None:
        """Empty the cache if the disk is nearly full; nothing else of this worker runs now."""
        self.attempts.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.attempts).free < self.least_free_bytes:
            log.warning("the disk is nearly full: the package cache is emptied", cache=str(self.cache))
            sandbox.remove(self.cache)


@dataclass(frozen=True, slots=True)
class Work:
    """One order with everything that is needed to carry it out."""

    spec: JobSpec
    holding: Holding
    place: Place
    box: Box
    stream: LogStream
    phases: Phases
    stop: threading.Event

    def carry_out(self) -> Finding:
        """Do it; faults of the worker's own are findings too. Raises LeaseLostError."""
        try:
            order = self.spec.order
            return self._build(order) if isinstance(order, BuildOrder) else self._test(order)
        except LogTooLongError as error:
            return self._finding(Outcome.OVER_LIMIT, f"{error} The job was ended.")
        except sandbox.BadSourceError as error:
            return self._finding(Outcome.REFUSED, str(error))
        except (OSError, WrongContentError, UploadRefusedError) as error:
            return self._finding(Outcome.INFRASTRUCTURE, str(error))
        except ControllerError as error:
            return self._finding(Outcome.INFRASTRUCTURE, f"The controller refused: {error}")
        except (LeaseLostError, TransportError):
            raise
        except Exception as error:
            log.exception("the worker broke down over a job", job=self.spec.job)
            return self._finding(Outcome.INFRASTRUCTURE, f"The worker broke down: {error!r}")

    def _finding(self, outcome: Outcome, message: str) -> Finding:
        return Finding(outcome, self.phases.now, message)

    def _build(self, order: BuildOrder) -> Finding:
        self.phases.enter("fetch")
        archive = self.box.root / "source.tar.gz"
        self.holding.fetch_blob(order.source_sha256, archive)
        sandbox.unpack(archive, self.box.source)
        given = {"forms": self._forms(order), "output": str(self.box.output)}
        self.phases.enter("solve")
        result = self._child(_BUILDER, given, tools=True)
        if not isinstance(result, events.Result):
            return result
        found = self._finding_of(result)
        return self._bring_home(result, found) if found.outcome is Outcome.PASSED else found

    def _forms(self, order: BuildOrder) -> list[tuple[str, str]]:
        """Recipe files with their variant files; translations lie beside the files that their scripts name."""
        if not order.translations:
            return [(str(self.box.source / order.recipe_file), self._variants(0, order.variant_config))]
        made = []
        for number, form in enumerate(order.translations):
            recipe = self.box.source / f"translated-{number}.yaml"
            recipe.write_text(form.recipe, encoding="utf-8")
            made.append((str(recipe), self._variants(number, form.variant_config)))
        return made

    def _variants(self, number: int, config: str) -> str:
        path = self.box.root / f"variants-{number}.yaml"
        path.write_text(config, encoding="utf-8")
        return str(path)

    def _test(self, order: TestOrder) -> Finding:
        if order.file.subdir not in {NOARCH, self.place.subdir}:
            message = f"{order.file.file_name} is for {order.file.subdir}; this machine runs {self.place.subdir}."
            return Finding(Outcome.NOT_RUNNABLE, "fetch", message)
        self.phases.enter("fetch")
        package = self.box.package / order.file.subdir / Path(order.file.file_name).name
        package.parent.mkdir()
        self.holding.fetch_file(order.url, order.sha256, package)
        self.phases.enter("test")
        given = {"package": str(package), "folder": str(self.box.root / "checks"), "subdir": self.place.subdir}
        result = self._child(_CHECKER, given, tools=False)
        return self._finding_of(result) if isinstance(result, events.Result) else result

    def _child(
        self, module: str, given: dict[str, Any], *, tools: bool, bounds: Bounds | None = None
    ) -> events.Result | Finding:
        """Let a child do it; its result, or the finding when it came to none."""
        given["channels"] = [self._absolute(channel) for channel in self.spec.channels]
        order = sandbox.write_order(self.box.root / "order.json", self.spec.model_dump(mode="json"), given)
        command = Command(
            (sys.executable, "-P", "-m", module, str(order)),
            sandbox.child_environment(
                self.place.environment, self.box, self.place.cache, tools=tools, more=self.place.passed
            ),
            self.box.root,
        )
        hearer = Hearer(self.stream, self.phases)
        limits = self.spec.limits
        bounds = bounds or Bounds(limits.total_seconds, limits.silence_seconds)
        ended = process.run(command, bounds, hearer.hear, self.stop)
        self.phases.peak_bytes = max(self.phases.peak_bytes, ended.peak_bytes)
        return hearer.placed_result() or self._cut_short(ended, limits)

    def _absolute(self, channel: str) -> str:
        return channel if "://" in channel else f"{self.holding.url}/{channel.lstrip('/')}"

    def _cut_short(self, ended: Ended, limits: Limits) -> Finding:
        match ended.why:
            case Why.TIMEOUT:
                return self._finding(Outcome.TIMEOUT, f"Ended after its limit of {limits.total_seconds:g} s.")
            case Why.SILENT:
                return self._finding(Outcome.SILENT, f"Ended after {limits.silence_seconds:g} s without a line.")
            case Why.STOPPED:
                return self._finding(Outcome.INFRASTRUCTURE, "The worker was told to stop at once.")
            case _:
                how = f"with signal {ended.code - 128}" if ended.code > 128 else f"with code {ended.code}"
                return self._finding(Outcome.INFRASTRUCTURE, f"The child process died {how} before it had a result.")

    def _finding_of(self, result: events.Result) -> Finding:
        """On a full disk nothing is the recipe's fault: builders, shells and tests have many words for it, or none."""
        if result.outcome == Outcome.FAILED and self.place.is_full():
            return self._finding(
                Outcome.INFRASTRUCTURE, f"The worker's disk is full. No space left on device. {result.message}"
            )
        tests = tuple(map(self._bring_test, result.tests))
        return Finding(Outcome(result.outcome), result.phase or self.phases.now, result.message, tests=tests)

    def _bring_home(self, result: events.Result, found: Finding) -> Finding:
        """Upload what was built; the finding then names it."""
        self.phases.enter("upload")
        paths = [Path(file.path) for file in result.files]
        sizes = [path.stat().st_size for path in paths]
        limit = self.spec.limits.output_bytes
        if max(sizes, default=0) > limit:
            return self._finding(
                Outcome.OVER_LIMIT, f"A package of {max(sizes)} bytes is larger than the limit of {limit}."
            )
        digests = [_digest(path) for path in paths]
        for path, sha256 in zip(paths, digests, strict=True):
            self.holding.upload(path, sha256)
        files = tuple(
            ProducedFile(
                file_name=file.file_name, subdir=file.subdir, sha256=sha256, size=size,
                interface_sha256=self._bring_interface(file),
            )
            for file, sha256, size in zip(result.files, digests, sizes, strict=True)
        )  # fmt: skip
        return Finding(found.outcome, "upload", found.message, files=files)

    def _bring_test(self, test: events.TestEnd) -> TestOutcome:
        """Upload the list of its cases, if it has one."""
        digest = _digest(Path(test.cases)) if test.cases else ""
        if digest:
            self.holding.upload(Path(test.cases), digest)
        return TestOutcome(
            index=test.index, kind=test.kind, outcome=Outcome(test.outcome), seconds=test.seconds,
            message=test.message, line=test.line, passed=test.passed, failed=test.failed, skipped=test.skipped,
            failing=tuple(TestCase(**asdict(case)) for case in test.failing), cases_sha256=digest,
        )  # fmt: skip

    def _bring_interface(self, file: events.BuiltFile) -> str:
        """Upload what the package's libraries offer and take; its digest, empty for a package that can have none."""
        if file.subdir == NOARCH:
            return ""
        answer = interfaces.read(self._read_interface, self.box.root / "interfaces", Path(file.path), self.stop)
        digest = _digest(answer)
        self.holding.upload(answer, digest)
        return digest

    def _read_interface(self, given: dict[str, Any]) -> str:
        """Why the reader ended badly; empty when it did not."""
        found = self._child(_READER, given, tools=False, bounds=interfaces.BOUNDS)
        return "" if isinstance(found, events.Result) else found.message


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
