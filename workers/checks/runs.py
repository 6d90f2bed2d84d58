"""Running the scripts of a test in the environment that it asks for."""

import os
import shutil
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from workers.builders.events import CaseEnd, Speaker
from workers.builders.telling import telling_line, telling_place
from workers.checks import cases, scripts, verdicts
from workers.checks.archives import Archive
from workers.checks.definitions import Run, Script
from workers.checks.environments import Environment, Environments
from workers.checks.solutions import NoEnvironmentError, Wanted
from workers.checks.variables import Scene, variables_of

_KEPT = 500
"""Lines of which the telling one is looked for."""
_FILE = "pytest.xml"
_WRITTEN = "generated xml file"
"""What pytest says when it has."""
_REPORT = f"--junitxml=$FARM_TEST_REPORTS/{_FILE}"
"""pytest itself puts the folder in, after it has split the options: so a path may hold anything."""
_REFUSED = "unrecognized arguments: --junitxml"


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a test; ``line`` counts what the child has spoken."""

    outcome: str
    message: str = ""
    line: int = 0
    cases: tuple[CaseEnd, ...] = ()


@dataclass(slots=True)
class Log:
    """The log of one script, passed on line by line as it comes."""

    speaker: Speaker
    reports: Path
    kept: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def hear(self, line: str) -> None:
        """A line of the script."""
        if line.startswith("+") or _WRITTEN in line:
            self._set_aside()
        self.speaker.log(line)
        self.kept.append((self.speaker.lines, line))

    def _set_aside(self) -> None:
        """A further pytest of the same script would write over what the one before has written."""
        written = self.reports / _FILE
        if written.is_file():
            written.rename(self.reports / f"pytest-{self.speaker.lines:09}.xml")

    def told(self) -> tuple[int, str]:
        """The line that tells most, and its number."""
        lines = [line for _, line in self.kept]
        place = telling_place(lines)
        return (0, "") if place is None else (self.kept[place][0], telling_line([lines[place]]))

    def says(self, text: str) -> bool:
        """Whether a line of it holds ``text``."""
        return any(text in line for _, line in self.kept)


@dataclass(slots=True)
class Runs:
    """Runs what belongs to one test of ``archive``, in folders of its own below ``folder``."""

    archive: Archive
    environments: Environments
    speaker: Speaker
    folder: Path
    lowest: dict[str, None] = field(default_factory=dict)
    """What the environments have as old as allowed."""
    numbers: "count[int]" = field(default_factory=count)

    def all(self, runs: Sequence[tuple[Run, Wanted]]) -> Ended:
        """Run each in the environment that it wants; together they end as the worst of them."""
        ended = [self._one(run, wanted) for run, wanted in runs]
        outcome = verdicts.worst(each.outcome for each in ended)
        first = next((each for each in ended if each.outcome == outcome), Ended(outcome))
        found = tuple(case for each in ended for case in each.cases)
        return Ended(outcome, first.message, first.line, cases.numbered(found) if len(ended) > 1 else found)

    def tell(self, text: str) -> None:
        """A line of the farm's own."""
        self.speaker.log(f"[farm] {text}")

    def _one(self, run: Run, wanted: Wanted) -> Ended:
        try:
            environment = self.environments.make(wanted)
            tools = self.environments.make(Wanted(run.tools)) if run.tools else None
        except NoEnvironmentError as error:
            return Ended(error.outcome, str(error))
        self.lowest |= dict.fromkeys(environment.lowest)
        room = self.folder / str(next(self.numbers))
        try:
            return self._in_scene(run, self._scene(room, environment, tools), room)
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def _scene(self, room: Path, environment: Environment, tools: Environment | None) -> Scene:
        self.tell(f"environment: {', '.join(environment.names())}")
        work, home, scratch, reports = (room / name for name in ("work", "home", "tmp", "reports"))
        for path in (work, home, scratch, reports):
            path.mkdir(parents=True)
        return Scene(environment, tools, work, home, scratch, reports, self.environments.subdir)

    def _in_scene(self, run: Run, scene: Scene, room: Path) -> Ended:
        missing = self._copy_files(run.files, scene)
        if missing:
            return Ended("failed", missing)
        for number, script in enumerate(run.scripts):
            ended = self._script(script, scene, room / f"script{number}")
            if ended.outcome != "passed":
                break
        return self._with_cases(ended, scene)

    def _copy_files(self, files: str, scene: Scene) -> str:
        """Copy what the test needs into its folder; what is missing, as a sentence."""
        if files.startswith("info/"):
            self.archive.write(files, scene.folder)
            return ""
        prefix = scene.environment.prefix
        source = (prefix / files).resolve()
        if files and not (source.is_dir() and source.is_relative_to(prefix.resolve())):
            return f"The package lacks the files of its test, which should be in {files}."
        if files:
            shutil.copytree(source, scene.folder, symlinks=True, dirs_exist_ok=True)
        return ""

    def _script(self, script: Script, scene: Scene, room: Path) -> Ended:
        given = script.environment.get("PYTEST_ADDOPTS", "")
        counted = {"PYTEST_ADDOPTS": f"{given} {_REPORT}".strip()}
        log = Log(self.speaker, scene.reports)
        try:
            status = self._run(script, scene, room, counted, log)
            if status and log.says(_REFUSED):
                self.tell("the test's pytest writes no cases down: once more without")
                log = Log(self.speaker, scene.reports)
                status = self._run(script, scene, room, {"PYTEST_ADDOPTS": given} if given else {}, log)
        except scripts.NotHereError as error:
            return Ended("not_runnable", str(error))
        except scripts.UnknownInterpreterError as error:
            return Ended("failed", str(error))
        return _judged(status, log)

    def _run(self, script: Script, scene: Scene, room: Path, more: dict[str, str], log: Log) -> int:
        variables = variables_of(self.archive, scene, os.environ)
        return scripts.run(scripts.Job(script, scene, variables, more, room), log.hear)

    def _with_cases(self, ended: Ended, scene: Scene) -> Ended:
        """With what the test wrote down. Its exit status may have been swallowed: a failed case is a failure."""
        own = [str(scene.folder), str(scene.environment.prefix), str(scene.scratch)]
        found = cases.read_reports(scene.reports, self.tell, own)
        failed = [case for case in found if case.outcome == "failed"]
        if ended.outcome == "passed" and failed:
            words = f"{len(failed)} of {len(found)} cases failed, though the exit status is 0: {failed[0].name}"
            return Ended("failed", words, ended.line, found)
        return Ended(ended.outcome, ended.message, ended.line, found)


def _judged(status: int, log: Log) -> Ended:
    line, told = log.told()
    if status == 0:
        return Ended("passed")
    return Ended("failed", f"{told} ({verdicts.end_of(status)})".strip(), line)


def wanted_of(archive: Archive, run: Run, lowest: Sequence[str] = (), *more: str) -> Wanted:
    """The environment of a run: the package, what the test asks for, and ``more``."""
    real = tuple(spec for spec in lowest if not spec.startswith("__"))
    return Wanted((archive.spec, *more, *run.specs), real)
