"""The test of kind ``linkage``: a child looks at the package, ``python -m workers.checks.linkage_run TASK``.

A file may take its reader down. Every path is written down before it is read; what took a child down is left out of
the next one's reading, and told as unreadable.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from workers.builders.events import MOST_FAILING, CaseEnd, TestEnd
from workers.checks.interfaces import bound_memory
from workers.checks.linkage import check_linkage
from workers.checks.linkage_faults import Fault, Kind
from workers.checks.linkage_package import Checked, read_package
from workers.checks.linkage_rules import Verdict, judge

KIND = "linkage"
_MOST_TOLD = 200
"""Faults, and notes, that the log tells of one package."""
_DEATHS = 5
"""A package that takes more readers down than this is not judged."""
_SECONDS = 600.0
_BROKEN = 1
"""How python ends over an error of its own program: no file is to blame."""


class UnjudgedError(Exception):
    """The linkage of the package cannot be judged; ``outcome`` is a word of ``workers.contract.reports.Outcome``."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


def linkage_end(
    index: int, package: Path, prefix: Path, work: Path, clock: Callable[[], float], log: Callable[[str], None]
) -> TestEnd | None:
    """The end of the test, or None for a package that has nothing to look at.

    ``package`` is unpacked, ``prefix`` has it installed with its run dependencies, ``work`` is a folder of this test
    alone. ``log`` hears every fault and note.
    """
    began = clock()
    try:
        look = _package(package)
        files = [path for path, _ in look.binaries()] if look.target.format else []
        verdict = judge(_faults(package, prefix, work) if files else (), look.strictness)
    except UnjudgedError as error:
        return TestEnd(index, KIND, error.outcome, round(clock() - began, 3), str(error))
    _tell(verdict.faults, "fault", log)
    _tell(verdict.notes, "note", log)
    return _end(index, round(clock() - began, 3), len(files), verdict) if files else None


def _package(folder: Path) -> Checked:
    try:
        return read_package(folder)
    except (OSError, ValueError, KeyError) as error:
        raise UnjudgedError("infrastructure", f"The linkage could not be looked at: {error}") from error


def _tell(faults: Sequence[Fault], word: str, log: Callable[[str], None]) -> None:
    for fault in faults[:_MOST_TOLD]:
        log(f"[farm] linkage: {word} {fault.kind.value}: {fault.sentence}")
    if len(faults) > _MOST_TOLD:
        log(f"[farm] linkage: and {len(faults) - _MOST_TOLD} more of the kind {word}")


def _end(index: int, seconds: float, files: int, verdict: Verdict) -> TestEnd:
    bad = {fault.path for fault in verdict.faults}
    return TestEnd(
        index, KIND, verdict.outcome, seconds, verdict.message, passed=max(files - len(bad - {""}), 0),
        failed=len(verdict.faults), skipped=len(verdict.notes),
        failing=tuple(case_of(fault) for fault in verdict.faults[:MOST_FAILING]),
    )  # fmt: skip


def case_of(fault: Fault) -> CaseEnd:
    """A fault as a failed case."""
    return CaseEnd(fault.name, "failed", message=fault.sentence, where=fault.path)


def _faults(package: Path, prefix: Path, work: Path) -> tuple[Fault, ...]:
    skip: dict[str, str] = {}
    task, answer, now = work / "linkage.json", work / "linkage-answer.json", work / "linkage-now"
    given = {"package": str(package), "prefix": str(prefix), "answer": str(answer), "now": str(now)}
    while len(skip) < _DEATHS:
        now.write_text("", encoding="utf-8")
        task.write_text(json.dumps(given | {"skip": skip}), encoding="utf-8")
        why = _child(task)
        if not why:
            return tuple(_fault(**said) for said in json.loads(answer.read_text(encoding="utf-8")))
        at = now.read_text(encoding="utf-8", errors="surrogateescape")
        if not at:
            raise UnjudgedError("infrastructure", f"The linkage could not be looked at: {why}")
        skip[at] = why
    raise UnjudgedError("not_runnable", f"The linkage cannot be judged: {', '.join(skip)} took the reader down.")


def _child(task: Path) -> str:
    """Why the child ended badly; empty when it did not."""
    command = [sys.executable, "-P", "-m", "workers.checks.linkage_run", str(task)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return f"the reader was ended after {_SECONDS:g} s"
    if done.returncode == _BROKEN:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise UnjudgedError("infrastructure", ": ".join(["The linkage could not be looked at", *last]))
    if done.returncode < 0:
        return f"the reader died with signal {-done.returncode}"
    return f"the reader died with code {done.returncode}" if done.returncode else ""


def _fault(kind: str, path: str, about: str, sentence: str) -> Fault:
    """File names need be no text at all; what is told of them must be."""
    path, about, sentence = (word.encode("utf-8", "replace").decode() for word in (path, about, sentence))
    return Fault(Kind(kind), path, about, sentence)


def main() -> int:
    """Look at the package that the task names."""
    bound_memory()
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    before = partial(_write_down, Path(task["now"]))
    faults = check_linkage(Path(task["package"]), Path(task["prefix"]), before, task["skip"])
    Path(task["answer"]).write_text(json.dumps([asdict(fault) for fault in faults]), encoding="utf-8")
    return 0


def _write_down(now: Path, path: str) -> None:
    now.write_text(path, encoding="utf-8", errors="surrogateescape")


if __name__ == "__main__":
    sys.exit(main())
