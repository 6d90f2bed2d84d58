"""What is kept of the cases of a test: of one that failed, or came and went, a row; of one that passes nothing."""

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from controller.domain.cases import case_name
from controller.domain.errors import InvalidInputError
from controller.services.farm import Farm
from controller.storage import cases
from controller.storage.cases import CaseRow
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from workers.contract.reports import MOST_FAILING, Outcome, Report, TestCase, TestOutcome

_MOST_BYTES = 32 * 1024 * 1024
"""Of a list of cases, unpacked; what is longer is not read."""
Failing = Mapping[str, TestCase]
"""Name of a case, as it is kept, to what was said of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a test, with the try for whose failure it was repeated. ``number`` counts the runs of this test."""

    number: int
    failed: Failing
    """Cases that failed to the end."""
    came: Failing
    """Cases that failed, and passed when repeated alone."""
    passed: bool
    told: bool
    """Whether it is known of every case that it did not fail, if it is not among these."""
    flaked: bool = False
    """It came and went as a whole, and nobody told in which case."""
    broke: bool = False
    """It failed to the end, and nobody told in which case."""

    def troubled(self, case: str) -> bool:
        """Whether this case, or the test as a whole where that is empty, failed at any time."""
        if case:
            return case in self.failed or case in self.came
        return self.flaked or self.broke

    def is_clean(self, case: str) -> bool:
        """Whether it surely did not fail."""
        return not self.troubled(case) and (self.passed or bool(case and self.told))


def run_of(number: int, said: Report, before: AttemptRow | None) -> Run:
    """What one run came to. ``before`` is the try after which it was repeated alone, where it was."""
    passed = said.outcome is Outcome.PASSED
    failed, told = failing_of(said.tests), passed or tells_all(said.tests)
    earlier = failing_of(tests_of(before)) if before is not None else {}
    came = {name: case for name, case in earlier.items() if name not in failed} if told else {}
    return Run(
        number, failed, came, passed, told, flaked=passed and before is not None and not earlier,
        broke=said.outcome is Outcome.FAILED and not failed,
    )  # fmt: skip


def tests_of(attempt: AttemptRow) -> tuple[TestOutcome, ...]:
    """What a try reported of its tests."""
    return tuple(TestOutcome.model_validate(test) for test in attempt.report.get("tests", ()))


def failing_of(tests: Iterable[TestOutcome]) -> Failing:
    """The cases that failed, each once."""
    found: dict[str, TestCase] = {}
    for test in tests:
        for case in test.failing:
            found.setdefault(case_name(case.name), case)
    return found


def tells_all(tests: Sequence[TestOutcome]) -> bool:
    """Whether every test that failed tells each case that did."""
    bad = [test for test in tests if test.outcome is not Outcome.PASSED]
    return bool(bad) and all(0 < test.failed == len(test.failing) for test in bad)


def count(farm: Farm, session: Session, job: JobRow, run: Run) -> None:
    """Keep the cases that failed or came and went; two runs that end at once both count."""
    marked = [*((name, case, True) for name, case in run.failed.items()),
              *((name, case, False) for name, case in run.came.items())]  # fmt: skip
    if not marked:
        return
    cases.forget_old(session, job.recipe, job.name, job.subdir, farm.now() - cases.KEPT)
    cases.count(session, [_row(farm, job, run.number, *each) for each in sorted(marked[:MOST_FAILING], key=_by_name)])


def _by_name(marked: tuple[str, TestCase, bool]) -> str:
    return marked[0]


def _row(farm: Farm, job: JobRow, run: int, name: str, case: TestCase, failed: bool) -> CaseRow:
    return CaseRow(
        recipe=job.recipe, name=job.name, subdir=job.subdir, case_name=name,
        failures=int(failed), flakes=int(not failed), recent_failures=int(failed), recent_flakes=int(not failed),
        run=run, line=_clean(case.message), place=_clean(case.where), job=job.public,
        first_at=farm.now(), last_at=farm.now(),
    )  # fmt: skip


def _clean(text: str) -> str:
    return text.split("\n", 1)[0].replace("\0", "")[:300]


def all_cases(farm: Farm, tests: Sequence[TestOutcome]) -> list[TestCase] | None:
    """Every case of these tests, where each that has any wrote them down and the lists can be read; else None."""
    lists = [_listed(farm, test.cases_sha256) for test in tests if test.cases_sha256 or has_cases(test)]
    if not lists or any(found is None for found in lists):
        return None
    return [case for found in lists for case in found or ()]


def has_cases(test: TestOutcome) -> bool:
    """Whether a test wrote its cases down."""
    return bool(test.passed or test.failed or test.skipped)


def _listed(farm: Farm, sha256: str) -> list[TestCase] | None:
    """A list from the store. What a worker sent that is none is as good as none."""
    try:
        if not sha256 or not farm.blobs.exists(sha256):
            return None
        with gzip.open(farm.blobs.path(sha256)) as packed:
            data = packed.read(_MOST_BYTES + 1)
        found: Any = json.loads(data) if len(data) <= _MOST_BYTES else None
        return [TestCase.model_validate(case) for case in found] if isinstance(found, list) else None
    except (InvalidInputError, OSError, EOFError, zlib.error, ValueError, RecursionError, ValidationError):
        return None
