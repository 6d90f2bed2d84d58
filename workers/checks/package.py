"""The child that tests: ``python -m workers.checks.package ORDERFILE``.

Each test that travels in the package runs by itself, in an environment made for it; their verdicts are counted
one by one, since one call for all of them gives every test the same.
"""

import sys
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rattler_build import Package, RattlerBuildError

from workers.builders import solving
from workers.builders.events import Result, Speaker, TestEnd
from workers.builders.orders import CheckTask, read_check
from workers.checks import verdicts

if TYPE_CHECKING:
    from rattler_build.progress import ProgressCallback

_KINDS = {
    "PythonTest": "python", "CommandsTest": "commands", "PerlTest": "perl", "RTest": "r", "RubyTest": "ruby",
    "DownstreamTest": "downstream", "PackageContentsTest": "package_contents",
}  # fmt: skip


@dataclass(slots=True)
class Log:
    """The log of one test, passed on line by line as it comes."""

    speaker: Speaker
    lines: list[str] = field(default_factory=list)

    def on_log(self, event: Any) -> None:
        """Called by the builder; ``span`` says what it is at."""
        if event.span != "index_subdir":
            self.lines.extend(event.message.splitlines())
            self.speaker.log(event.message)


def check(task: CheckTask, speaker: Speaker) -> Result:
    """Run every test; the result of the run is that of its worst test."""
    speaker.phase("test")
    package = Package.from_file(str(task.package))
    ends = [_run(task, package, index, speaker) for index in range(len(package.tests))]
    outcome = verdicts.worst(end.outcome for end in ends)
    return Result(outcome, "test", _summary(package.filename, outcome, ends), tests=tuple(ends))


def _run(task: CheckTask, package: Package, index: int, speaker: Speaker) -> TestEnd:
    kind = _KINDS.get(type(package.tests[index]).__name__, "unknown")
    speaker.log(f"[farm] test {index + 1} of {len(package.tests)}: {kind}")
    log, began = Log(speaker), time.monotonic()
    outcome, message = _verdict(task, package, index, log)
    seconds = round(time.monotonic() - began, 3)
    speaker.log(f"[farm] test {index + 1} of {len(package.tests)}: {outcome} {message}".rstrip())
    return TestEnd(index, kind, outcome, seconds, message)


def _verdict(task: CheckTask, package: Package, index: int, log: Log) -> tuple[str, str]:
    result = package.run_test(
        index, channel=list(task.sources.channels), channel_priority=task.sources.priority,
        progress_callback=cast("ProgressCallback", log),
    )  # fmt: skip
    output = [line for text in result.output for line in text.splitlines()]
    if verdicts.is_unsolved_downstream(result.output):
        return _why_unsolved(task, output)
    if result.success:
        return "passed", ""
    if verdicts.has_no_environment(output):
        return _why_unsolved(task, output)
    return "failed", verdicts.failure(log.lines or output)


def _why_unsolved(task: CheckTask, output: list[str]) -> tuple[str, str]:
    """Outcome and message of a test that has no environment: the solver is asked again for its words."""
    question = solving.last_question(output)
    if question is None:
        return "infrastructure", "The environment of the test could not be made."
    asked = replace(question, channels=(_own_channel(task.package), *task.sources.channels))
    match solving.ask_again(asked, task.sources.priority):
        case solving.Contradiction(words):
            return "unsolvable", words
        case solving.Unreachable(why):
            return "infrastructure", f"The channels could not be read: {why}"
        case _:
            return "infrastructure", "The environment of the test could not be made, though it can be solved."


def _own_channel(package: Path) -> str:
    """A channel of the package alone, which lies in the folder of its subdir."""
    import asyncio

    from rattler.index import index_fs

    channel = package.parent.parent
    asyncio.run(index_fs(channel, write_zst=False, write_shards=False))
    return channel.as_uri()


def _summary(name: str, outcome: str, ends: list[TestEnd]) -> str:
    if outcome == "no_tests":
        return f"{name} carries no test."
    bad = [end for end in ends if end.outcome == outcome != "passed"]
    passed = sum(end.outcome == "passed" for end in ends)
    told = f"; test {bad[0].index + 1} ({bad[0].kind}): {bad[0].message}" if bad else ""
    return f"{passed} of {len(ends)} tests passed{told}"


def attempt(order_file: Path, speaker: Speaker) -> Result:
    """Test as ordered; whatever happens has a result."""
    try:
        return check(read_check(order_file), speaker)
    except RattlerBuildError as error:
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
