"""The farm's promises, asked of the database and the store. A sound farm answers nothing, at any moment.

``find_unfinished`` is for a farm at rest: it is asked after faults, when the farm was given time.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

from controller.domain.batches import BatchState
from controller.domain.channels import STABLE, TESTING
from controller.domain.invariants import Breach, Invariant
from controller.domain.jobs import JobState
from controller.domain.remarks import EXCUSES
from controller.planning.redeciding import resume
from controller.services.farm import Farm
from controller.storage import batches, channels, jobs
from controller.storage import invariants as stored
from controller.storage.artifacts import ArtifactRow, all_artifacts
from controller.storage.channels import SnapshotRow
from controller.storage.database import Session
from workers.contract.reports import Outcome

_STABLE = (Outcome.PASSED.value, *sorted(EXCUSES))
_TESTED = (*_STABLE, Outcome.NO_TESTS.value)
_LEASES = 3
"""A lapsed lease may stand so many leases long before that is a fault: the loop may be in other hands."""


def find_breaches(farm: Farm, *, deep: bool = False) -> list[Breach]:
    """All that does not hold now. ``deep`` reads every file of the store instead of looking at its size."""
    with farm.reading() as session:
        return [
            *_attempts(session),
            *_batches(session),
            *_publishing(session),
            *_moves(session),
            *_told(session),
            *_files(farm, session, deep=deep),
            *_indexes(farm, session),
        ]


def find_unfinished(farm: Farm) -> list[Breach]:
    """At rest: what has not come to its end."""
    with farm.reading() as session:
        return [*_silence(farm, session), *_open(session)]


def find_silent(farm: Farm) -> list[Breach]:
    """While a loop leads: leases that ran out long ago."""
    with farm.reading() as session:
        return [*_silence(farm, session)]


def find_quick_breaches(session: Session) -> list[Breach]:
    """Those that cost little and show soonest: who holds what."""
    return [*_attempts(session)]


def _attempts(session: Session) -> Iterator[Breach]:
    for number, state, times in stored.held_twice(session):
        yield Breach(Invariant.ONE_EFFECT, f"J-{number}", f"{times} of its attempts are {state}")
    for number in stored.held_by_nobody(session):
        yield Breach(Invariant.ENDS, f"J-{number}", "it runs, and no attempt holds it")
    for attempt in stored.held_for_nothing(session):
        yield Breach(Invariant.ONE_EFFECT, attempt, "it is leased, and its job does not run under it")
    for number in stored.passed_by_nobody(session):
        yield Breach(Invariant.ONE_EFFECT, f"J-{number}", "it passed, and its newest attempt did not")


def _open(session: Session) -> Iterator[Breach]:
    for batch, rows in stored.open_states(session).items():
        for number, state, _, _ in rows:
            if state in (JobState.READY, JobState.RUNNING, JobState.WAITING):
                yield Breach(Invariant.ENDS, f"B-{batch}", f"J-{number} is still {state}")


def _silence(farm: Farm, session: Session) -> Iterator[Breach]:
    limit = farm.database.clock(session) - timedelta(seconds=_LEASES * farm.rules.lease_seconds)
    for attempt in stored.silent_beyond(session, limit):
        yield Breach(Invariant.ENDS, attempt, "its lease ran out long ago, and nobody took it back")


def _batches(session: Session) -> Iterator[Breach]:
    for number, state, batch in stored.open_after_the_end(session):
        yield Breach(Invariant.ENDS, f"J-{number}", f"it is {state}, and its batch {batch}")
    for batch_id, rows in stored.open_states(session).items():
        yield from _waiting(session, batch_id, rows)


def _waiting(session: Session, batch: int, rows: list[tuple[int, str, int, bool]]) -> Iterator[Breach]:
    states = {number: JobState(state) for number, state, _, _ in rows}
    due = {number for number, _, _, is_due in rows if is_due}
    counts = {number: parents for number, _, parents, _ in rows}
    held = batches.find_batch(session, f"B-{batch}").state == BatchState.HELD
    for number, found in resume(states, due, jobs.edges_of_batch(session, batch), held=held).items():
        if found.events:
            yield Breach(Invariant.GOES_ON, f"J-{number}", f"it is {states[number]}, and should have moved on")
        elif found.open_parents != counts[number]:
            fact = f"it waits for {counts[number]} jobs by its count, and for {found.open_parents} in truth"
            yield Breach(Invariant.GOES_ON, f"J-{number}", fact)


def _publishing(session: Session) -> Iterator[Breach]:
    for channel, subdir, name in stored.in_twice(session):
        yield Breach(Invariant.ONCE, f"{channel} {subdir}/{name}", "it is there twice")
    for channel, name in stored.under_another_name(session):
        yield Breach(Invariant.ONCE, f"{channel} {name}", "the channel has it under another name")
    for channel, verdicts in ((TESTING, _TESTED), (STABLE, _STABLE)):
        for file, verdict in stored.untested(session, channel, verdicts):
            yield Breach(
                Invariant.TESTED, f"{channel} {file}", f"its verdict is '{verdict}', or no passed test gave it"
            )


def _moves(session: Session) -> Iterator[Breach]:
    for channel, at, newest, number in stored.pointers(session):
        fact = f"its pointer shows {at}, its newest snapshot is {newest}, and it has {number}"
        yield Breach(Invariant.WHOLE, channel, fact)
    for promotion, files in stored.promotions_in_part(session):
        yield Breach(Invariant.WHOLE, promotion, f"it lacks {', '.join(files)}")
    for promotion, files in stored.restores_in_part(session):
        yield Breach(Invariant.WHOLE, promotion, f"it does not bring back what was there: {', '.join(files)}")
    for number, state, act in stored.states_without_moves(session):
        yield Breach(Invariant.WHOLE, f"B-{number}", f"it is {state}, and stable's last move for it is '{act}'")
    for number, files in stored.published_elsewhere(session):
        yield Breach(Invariant.WHOLE, f"B-{number}", f"testing lacks what it published: {', '.join(files)}")


def _told(session: Session) -> Iterator[Breach]:
    for subject, state, said in stored.last_words(session):
        yield Breach(Invariant.TOLD, subject, f"it is {state}, and the last event says {said}")


def _files(farm: Farm, session: Session, *, deep: bool) -> Iterator[Breach]:
    for row in all_artifacts(session):
        fault = _fault_of(farm, row, deep=deep)
        if fault:
            yield Breach(Invariant.KEPT, row.file, fault)


def _fault_of(farm: Farm, row: ArtifactRow, *, deep: bool) -> str:
    if not farm.blobs.exists(row.sha256):
        return f"the store has no {row.sha256}"
    if farm.blobs.size(row.sha256) != row.size:
        return f"the store holds {farm.blobs.size(row.sha256)} bytes of its {row.size}"
    return "" if not deep or farm.blobs.verify(row.sha256) else "its bytes are not those that were verified"


def _indexes(farm: Farm, session: Session) -> Iterator[Breach]:
    for channel in channels.all_channels(session):
        if channel.current:
            snapshot = channels.find_snapshot(session, channel.name, channel.current)
            yield from _index_of(farm, session, snapshot)


def _index_of(farm: Farm, session: Session, snapshot: SnapshotRow) -> Iterator[Breach]:
    files = channels.files_in(session, snapshot.channel, snapshot.number)
    there = {row.file: row.sha256 for row in files}
    if len(files) != snapshot.files:
        yield Breach(Invariant.WHOLE, snapshot.promotion, f"it says {snapshot.files} files and holds {len(files)}")
    listed: dict[str, str] = {}
    for name, digest in snapshot.index.items():
        if not farm.blobs.exists(digest):
            yield Breach(Invariant.INDEXED, f"{snapshot.promotion} {name}", f"the store has no {digest}")
        elif name.endswith("/repodata.json"):
            listed |= _listed(farm, name.split("/", 1)[0], digest)
    if listed != there:
        wrong = sorted(dict(listed.items() ^ there.items()))
        yield Breach(Invariant.INDEXED, snapshot.promotion, f"index and files differ in {', '.join(wrong)}")


def _listed(farm: Farm, subdir: str, digest: str) -> dict[str, str]:
    document = json.loads(farm.blobs.read(digest))
    records = document["packages"] | document["packages.conda"]
    return {f"{subdir}/{name}": record["sha256"] for name, record in records.items()}
