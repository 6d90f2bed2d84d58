"""The child that builds: ``python -m workers.builders.rattler ORDERFILE``.

A process of its own for every build, because the builder holds the interpreter's lock from beginning to end
and knows no time-out: only a process can be watched and ended.
"""

import shutil
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rattler_build import BuildError, RattlerBuildError, RenderedVariant, ToolConfiguration

from workers.builders import evidence, renders, solving
from workers.builders.events import BuiltFile, Result, Speaker
from workers.builders.orders import BuildTask, File, read_build
from workers.builders.telling import script_status, telling_line

if TYPE_CHECKING:
    from rattler_build.progress import ProgressCallback

_NO_ENVIRONMENT = ("Failed to resolve dependencies", "Could not collect run exports")
"""What the builder says when an environment has no solution, but also when a channel or a package cannot be fetched."""
_FULL = "No space left on device"
_NOT_WRITTEN = "Could not open or create, or write to file"
"""What the builder says, and nothing more, when it cannot write the package: on a full disk, mostly."""
_EMPTY_CHANNEL = '{"info":{"subdir":"noarch"},"packages":{},"packages.conda":{}}'


class EndedError(Exception):
    """The build has ended otherwise than well; carries the result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.message)
        self.result = result


@dataclass(slots=True)
class Log:
    """The builder's log, passed on line by line as it comes."""

    speaker: Speaker
    lines: list[str] = field(default_factory=list)
    loudest: str = ""
    """The last warning or error."""

    def on_log(self, event: Any) -> None:
        """Called by the builder; ``span`` says what it is at."""
        if event.span == "index_subdir":
            return  # its own private index: nobody's business
        if event.span == "Running build script":
            self.speaker.phase("build")
        self.lines.extend(event.message.splitlines())
        if event.level in {"warn", "error"} and event.message.strip():
            self.loudest = event.message.strip()
        self.speaker.log(event.message)


def build(task: BuildTask, speaker: Speaker) -> Result:
    """Build every planned file, in order; what is not as ordered is refused."""
    speaker.phase("solve")
    chosen = renders.choose(task, renders.render(task))
    _open_channel(task.output_folder)
    built = {file.file_name: _build_one(task, file, variant, speaker) for file, variant in chosen}
    _check_parents(task, built)
    files = tuple(BuiltFile(file.file_name, file.subdir, str(built[file.file_name])) for file in task.files)
    return Result("passed", speaker.phase_now, files=files)


def _open_channel(folder: Path) -> None:
    """The builder takes its output folder for the first channel, and a channel must have ``noarch``."""
    (folder / "noarch").mkdir(parents=True, exist_ok=True)
    (folder / "noarch" / "repodata.json").write_text(_EMPTY_CHANNEL, encoding="utf-8")


def _build_one(task: BuildTask, file: File, variant: RenderedVariant, speaker: Speaker) -> Path:
    speaker.phase("solve")
    log = Log(speaker)
    try:
        made = _run(task, variant, log)
    except BuildError as error:
        if not _has_no_environment(error):
            raise EndedError(_failure(file, error, log)) from error
        _ask_why(task, log, file)
        made = _run_again(task, file, variant, speaker)
    shutil.rmtree(task.output_folder / "bld", ignore_errors=True)  # named by the second: two builds would share it
    return _expected(task, file, made)


def _run(task: BuildTask, variant: RenderedVariant, log: Log) -> list[Path]:
    result = variant.run_build(
        ToolConfiguration(test_strategy="skip", channel_priority=task.sources.priority),
        output_dir=str(task.output_folder), channels=list(task.sources.channels), package_format=task.package_format,
        progress_callback=cast("ProgressCallback", log),
    )  # fmt: skip
    return [Path(path) for path in result.packages]


def _has_no_environment(error: BuildError) -> bool:
    return any(text in error.message for text in _NO_ENVIRONMENT)


def _ask_why(task: BuildTask, log: Log, file: File) -> None:
    """Raise EndedError with the solver's words, or return when there is an answer after all."""
    question = solving.last_question(log.lines)
    answer = solving.ask_again(question, task.sources.priority) if question else solving.Solved()
    match answer:
        case solving.Contradiction(words):
            log.speaker.log(words)
            raise EndedError(Result("unsolvable", "solve", f"{file.file_name}: {words}"))
        case solving.Unreachable(why):
            raise EndedError(Result("infrastructure", "solve", f"The channels could not be read: {why}"))
    log.speaker.log(f"[farm] the environments of {file.file_name} can be solved: one more try")


def _run_again(task: BuildTask, file: File, variant: RenderedVariant, speaker: Speaker) -> list[Path]:
    log = Log(speaker)
    try:
        return _run(task, variant, log)
    except BuildError as error:
        if not _has_no_environment(error):
            raise EndedError(_failure(file, error, log)) from error
        message = f"{file.file_name}: its environments can be solved, but could not be made. {log.loudest}"
        raise EndedError(Result("infrastructure", "solve", message.strip())) from error


def _failure(file: File, error: BuildError, log: Log) -> Result:
    phase = log.speaker.phase_now
    if any(_FULL in line for line in log.lines):
        return Result("infrastructure", phase, f"The worker's disk is full ({file.file_name}).")
    status = script_status(log.lines)
    if status:
        return Result("failed", phase, f"{file.file_name}: {telling_line(log.lines)} ({status})")
    said = error.message.removeprefix("PyRattlerBuildError: ")
    if _NOT_WRITTEN in said:
        return Result("infrastructure", phase, f"The worker could not write {file.file_name}: is its disk full?")
    return Result("failed", phase, f"{file.file_name}: {said}. {log.loudest}".rstrip(". ") + ".")


def _expected(task: BuildTask, file: File, made: list[Path]) -> Path:
    """The one file that was ordered, readable by all; raises NotAsOrderedError for anything else."""
    wanted = task.output_folder / file.subdir / file.file_name
    if [path.resolve() for path in made] != [wanted.resolve()] or not wanted.is_file():
        names = ", ".join(f"{path.parent.name}/{path.name}" for path in made) or "nothing"
        raise renders.NotAsOrderedError(f"{file.subdir}/{file.file_name} was ordered, and {names} was built.")
    wanted.chmod(0o644)
    return wanted


def _check_parents(task: BuildTask, built: dict[str, Path]) -> None:
    if not task.parents:
        return
    found = {name: evidence.environments_of(path) for name, path in built.items()}
    missing = evidence.missing_parents(task.parents, found)
    if missing:
        raise renders.NotAsOrderedError(missing)


def attempt(order_file: Path, speaker: Speaker) -> Result:
    """Build as ordered; whatever happens has a result."""
    try:
        return build(read_build(order_file), speaker)
    except EndedError as ended:
        return ended.result
    except renders.NotAsOrderedError as error:
        return Result("refused", speaker.phase_now, str(error))
    except RattlerBuildError as error:
        return Result("failed", speaker.phase_now, f"The recipe cannot be rendered: {str(error).strip()}")
    except Exception as error:  # noqa: BLE001 -- a child that dies silently would tell its runner nothing
        speaker.log(traceback.format_exc())
        return Result("infrastructure", speaker.phase_now, f"The builder broke down: {error!r}")


def main() -> int:
    """Build what the order file says; the result is the last line of standard output."""
    speaker = Speaker.on_standard_output()
    result = attempt(Path(sys.argv[1]), speaker)
    speaker.result(result)
    return 0 if result.outcome == "passed" else 1


if __name__ == "__main__":
    sys.exit(main())
