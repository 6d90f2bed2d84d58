"""Quarantine of tests that come and go: the farm's own, by what it counted, and people's.

An entry leaves the list after enough runs in a row in which it did not fail, at its end, or when a person says so.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from controller.domain.cases import case_name
from controller.domain.errors import BusyError, InvalidInputError, NotFoundError
from controller.domain.quarantines import FARM, Quarantine
from controller.planning.history import marked
from controller.services.cases import Run
from controller.services.farm import Farm
from controller.services.one_by_one import one_by_one
from controller.storage import cases, events, flakes, quarantine
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from controller.storage.quarantine import QuarantineRow


def follow(farm: Farm, session: Session, job: JobRow, run: Run) -> None:
    """A test ended: count for what is quarantined of it, and quarantine what came and went too often."""
    entries = quarantine.of_test(session, job.name, job.subdir, farm.now())
    clean = [row.id or 0 for row in entries if run.is_clean(row.case_name)]
    failed = [row.id or 0 for row in entries if run.troubled(row.case_name)]
    most = farm.rules.quarantine_clean_runs
    times = quarantine.count_runs(session, clean, failed)
    for row in entries:
        if times.get(row.id or 0, 0) >= most:
            _end(farm, session, row, FARM, f"it ran clean {most} times")
    if farm.rules.flake_times and (run.came or run.flaked):
        _hold(farm, session, job, run, {row.case_name for row in entries})


def _hold(farm: Farm, session: Session, job: JobRow, run: Run, held: set[str]) -> None:
    runs = farm.rules.flake_runs
    for case, times in _counted(session, job, run, runs):
        if times >= farm.rules.flake_times and case not in held:
            now = farm.now()
            row = QuarantineRow(
                name=job.name, subdir=job.subdir, case_name=case, author=FARM, since=now,
                until=now + timedelta(days=farm.rules.quarantine_days),
                reason=f"it came and went {times} times in the last {min(run.number, runs)} runs",
            )  # fmt: skip
            if quarantine.begin(session, row):
                _note(farm, session, "flake.quarantined", row, FARM, row.reason, job)


def _counted(session: Session, job: JobRow, run: Run, runs: int) -> Iterator[tuple[str, int]]:
    """What came and went now, and how often of late; the test as a whole where no case is known."""
    if run.flaked:
        row = flakes.find(session, job.recipe, job.name, job.subdir)
        yield "", marked(row.recent_flakes, 0, runs) if row else 0
    known = cases.of_test(session, job.recipe, job.name, job.subdir, list(run.came)) if run.came else {}
    yield from ((name, marked(row.recent_flakes, run.number - row.run, runs)) for name, row in sorted(known.items()))


def add(
    farm: Farm, name: str, case: str, *, subdir: str = "", who: str, why: str, until: datetime | None = None
) -> Quarantine:
    """Quarantine a test, or one case of it. An entry that stands already gets this author, reason and end.

    Without ``until`` it ends after the days that the settings say. Raises InvalidInputError for an end that is past
    and where nobody says why, BusyError
    where somebody releases the same at this moment.
    """
    now = farm.now()
    ends = until or now + timedelta(days=farm.rules.quarantine_days)
    if ends <= now:
        raise InvalidInputError(f"The end {ends:%Y-%m-%d %H:%M} UTC is past.", remedy="Name one that is to come.")
    if not why.strip():
        raise InvalidInputError("A quarantine needs a reason.", remedy="Say why, for those who come after.")
    row = QuarantineRow(name=name, subdir=subdir, case_name=case_name(case), author=who, reason=why, since=now,
                        until=ends)  # fmt: skip
    with farm.transaction() as session:
        kept = row if quarantine.begin(session, row) else _changed(session, row)
        _note(farm, session, "flake.quarantined", kept, who, why)
        return kept.value()


def _changed(session: Session, wanted: QuarantineRow) -> QuarantineRow:
    known = quarantine.find_open(session, wanted.name, wanted.subdir, wanted.case_name)
    if known is None:
        remedy = "Look at `farm flakes quarantined`, and ask again if that is not what you want."
        raise BusyError(f"Somebody released {wanted.name} at this moment.", remedy=remedy)
    known.author, known.reason, known.until = wanted.author, wanted.reason, wanted.until
    session.add(known)
    return known


def release(farm: Farm, name: str, case: str, *, subdir: str = "", who: str, why: str = "") -> int:
    """End what is quarantined under this name; without a case all cases, without a subdir on all. Answers how many.

    What came and went so far is not counted any more. Raises NotFoundError where nothing is quarantined.
    """
    wanted = case_name(case)
    with farm.transaction() as session:
        found = [
            row
            for row in quarantine.open_entries(session)
            if row.name == name and (not case or row.case_name == wanted) and (not subdir or row.subdir == subdir)
        ]
        if not found:
            raise NotFoundError(f"Nothing of '{name}' is quarantined so.", remedy="See `farm flakes list`.")
        for row in sorted(found, key=lambda row: row.case_name):  # in the order in which a run writes them
            _begin_anew(session, row)
        quarantine.lock(session, [row.id or 0 for row in found])
        for row in found:
            _end(farm, session, row, who, why)
        return len(found)


def _begin_anew(session: Session, row: QuarantineRow) -> None:
    if row.case_name:
        cases.begin_anew(session, row.name, row.subdir, row.case_name)
    else:
        flakes.begin_anew(session, row.name, row.subdir)


def end_due(farm: Farm) -> None:
    """Entries whose time is over end by themselves."""
    with farm.reading() as session:
        due = [row for row in quarantine.open_entries(session) if row.until <= farm.now()]
    one_by_one(due, lambda row: _end_alone(farm, row))


def _end_alone(farm: Farm, row: QuarantineRow) -> None:
    with farm.transaction() as session:
        _end(farm, session, row, FARM, "its time is over")


def _end(farm: Farm, session: Session, row: QuarantineRow, who: str, why: str) -> None:
    if quarantine.end(session, row.id or 0, farm.now(), who):
        _note(farm, session, "flake.released", row, who, why)


def _note(
    farm: Farm, session: Session, kind: str, row: QuarantineRow, who: str, why: str, job: JobRow | None = None
) -> None:
    batch, number = (f"B-{job.batch_id}", job.public) if job else ("", "")
    said = {"name": row.name, "subdir": row.subdir, "case": row.case_name, "until": row.until.isoformat()}
    events.note(session, farm.now(), kind, batch=batch, job=number, who=who, why=why, **said)


def listed(farm: Farm) -> list[Quarantine]:
    """All that is quarantined, the oldest first."""
    with farm.reading() as session:
        return [row.value() for row in quarantine.open_entries(session)]
