"""The child that tests: ``python -m workers.checks.package ORDERFILE``.

Each test that travels in the package has a verdict of its own, told by how its scripts end. Which environment a test
needs is known before any runs; those that need the same share it, as long as no test changes it.
"""

import sys
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path

from workers.builders.events import MOST_FAILING, Result, Speaker, TestEnd
from workers.builders.orders import CheckTask, read_check
from workers.checks import cases, contents, downstream, verdicts
from workers.checks.archives import Archive, BadPackageError, open_archive
from workers.checks.catalogue import tests_of
from workers.checks.definitions import TestDefinition, UnreadableTestsError
from workers.checks.environments import Environments
from workers.checks.linkage_run import linkage_end
from workers.checks.runs import Ended, Runs, wanted_of
from workers.checks.solutions import NoEnvironmentError, Solver, Wanted


@dataclass(slots=True)
class Check:
    """One run of a package's tests."""

    task: CheckTask
    archive: Archive
    environments: Environments
    speaker: Speaker
    ends: list[TestEnd] = field(default_factory=list)
    lowest: dict[str, None] = field(default_factory=dict)
    linkage: TestEnd | None = None

    @property
    def counted(self) -> list[TestEnd]:
        """What the verdict rests on: that its linkage is sound makes no package a tested one."""
        faulty = self.linkage is not None and self.linkage.outcome != "passed"
        return [*self.ends, *([self.linkage] if self.linkage is not None and faulty else [])]

    @property
    def all_ends(self) -> tuple[TestEnd, ...]:
        """Its own tests, and that of its linkage."""
        return (*self.ends, *([self.linkage] if self.linkage is not None else []))

    def run(self, tests: tuple[TestDefinition, ...]) -> None:
        """Look at the linkage, before any test may change the environment that it shares, and run each test."""
        self.linkage = self._linked(len(tests))
        for test in tests:
            self.speaker.log(f"[farm] test {test.index + 1} of {len(tests)}: {test.kind}")
            end = self._timed(test)
            self.ends.append(end)
            self.speaker.log(f"[farm] test {test.index + 1} of {len(tests)}: {end.outcome} {end.message}".rstrip())

    def _timed(self, test: TestDefinition) -> TestEnd:
        began = time.monotonic()
        ended = self._ended(test)
        end = TestEnd(test.index, test.kind, ended.outcome, round(time.monotonic() - began, 3), ended.message)
        return self._with_cases(replace(end, line=ended.line), ended)

    def _ended(self, test: TestDefinition) -> Ended:
        if test.not_here:
            return Ended("not_runnable", test.not_here)
        if test.contents or test.kind == "package_contents":
            return self._contents(test)
        runs = Runs(self.archive, self.environments, self.speaker, self.task.folder / f"test{test.index}")
        lowest = self.archive.depends if self.task.strategy == "lowest_direct" else ()
        try:
            if test.downstream:
                return downstream.run(test.downstream, runs, lowest)
            return runs.all([(run, wanted_of(self.archive, run, lowest)) for run in test.runs])
        finally:
            self.lowest |= runs.lowest

    def _contents(self, test: TestDefinition) -> Ended:
        listed = self.archive.json("info/paths.json") or {}
        paths = [str(each["_path"]) for each in listed.get("paths", ())]
        python = self.archive.index.get("noarch") == "python"
        faults = contents.faults(test, paths, self.environments.subdir, noarch_python=python)
        for fault in faults:
            self.speaker.log(fault)
        return Ended("failed" if faults else "passed", faults[0] if faults else "")

    def _with_cases(self, end: TestEnd, ended: Ended) -> TestEnd:
        if not ended.cases:
            return end
        path = self.task.folder / f"cases{end.index}.json.gz"
        cases.write_cases(path, ended.cases)
        told = sum(len(each.failing) for each in self.all_ends)
        failing = [case for case in ended.cases if case.outcome == "failed"]
        return replace(
            end, passed=_count(ended, "passed"), failed=len(failing), skipped=_count(ended, "not_runnable"),
            failing=tuple(failing[: max(MOST_FAILING - told, 0)]), cases=str(path),
        )  # fmt: skip

    def _linked(self, index: int) -> TestEnd | None:
        """The linkage, in an environment that has just the package and what it depends on; None for what has none."""
        if self.archive.index.get("noarch"):
            return None
        try:
            environment = self.environments.make(Wanted((self.archive.spec,)))
        except NoEnvironmentError as error:
            self.speaker.log(f"[farm] its linkage is not looked at, since it cannot be installed: {error}")
            return None
        folder, work = environment.package_folder(self.archive.name), self.task.folder / "linkage"
        work.mkdir(exist_ok=True)
        if folder is None:
            return None
        end = linkage_end(index, folder, environment.prefix, work, time.monotonic, self.speaker.log)
        if end is not None:
            self.speaker.log(f"[farm] linkage: {end.outcome} {end.message}".rstrip())
        return end


def _count(ended: Ended, outcome: str) -> int:
    return sum(case.outcome == outcome for case in ended.cases)


def check(task: CheckTask, speaker: Speaker) -> Result:
    """Run every test; the result of the run is that of its worst test."""
    speaker.phase("test")
    archive = open_archive(task.package)
    task.folder.mkdir(parents=True, exist_ok=True)
    environments = Environments(Solver(task.sources, task.subdir), task.folder)
    environments.add_channel(archive)
    this = Check(task, archive, environments, speaker)
    try:
        this.run(tests_of(archive))
    finally:
        for folder in environments.close():
            speaker.log(f"[farm] a test wrote into a file of {folder.name}, which is taken out of the cache")
    outcome = verdicts.worst(end.outcome for end in this.counted)
    return Result(outcome, "test", _summary(task.package.name, outcome, this), tests=this.all_ends)


def _summary(name: str, outcome: str, this: Check) -> str:
    ends = this.counted
    if outcome == "no_tests":
        return f"{name} carries no test." if not ends else f"{name}: {ends[0].message}"
    bad = [end for end in ends if end.outcome == outcome != "passed"]
    passed = sum(end.outcome == "passed" for end in ends)
    told = f"; test {bad[0].index + 1} ({bad[0].kind}): {bad[0].message}" if bad else ""
    lowest = f"; with {', '.join(this.lowest)}" if this.lowest else ""
    return f"{passed} of {len(ends)} tests passed{lowest}{told}"


def attempt(order_file: Path, speaker: Speaker) -> Result:
    """Test as ordered; whatever happens has a result."""
    try:
        return check(read_check(order_file), speaker)
    except (BadPackageError, UnreadableTestsError) as error:
        return Result("failed", "test", f"The package file cannot be tested: {str(error).strip()}")
    except Exception as error:  # noqa: BLE001 -- a child that dies silently would tell its runner nothing
        speaker.log(traceback.format_exc())
        return Result("infrastructure", "test", f"The test runner broke down: {error!r}")


def main() -> int:
    """Test what the order file says; the result is the last line of standard output."""
    speaker = Speaker.on_standard_output()
    result = attempt(Path(sys.argv[1]), speaker)
    speaker.result(result)
    return 0 if result.outcome in {"passed", "no_tests"} else 1


if __name__ == "__main__":
    sys.exit(main())
