"""What must hold, as queries: each answers what breaks it, and nothing in a sound database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from controller.domain.batches import BatchState
from controller.domain.channels import STABLE, TESTING, Act
from controller.domain.jobs import ENDED, AttemptState, JobKind, JobState
from controller.storage.artifacts import ArtifactRow
from controller.storage.batches import BatchRow
from controller.storage.channels import ChannelFileRow, ChannelRow, SnapshotRow, current_of, names_in
from controller.storage.events import EventRow
from controller.storage.jobs import AttemptRow, JobRow

_GOOD = (AttemptState.PASSED.value, AttemptState.EXCUSED.value)
_RUNNING = (BatchState.RUNNING.value, BatchState.HELD.value)


def held_twice(session: Session) -> list[tuple[int, str, int]]:
    """Job, attempt state and number, of jobs with more than one attempt that is leased, or that passed."""
    states = (AttemptState.LEASED.value, *_GOOD)
    query = (
        select(AttemptRow.job_id, AttemptRow.state, func.count())
        .where(col(AttemptRow.state).in_(states))
        .group_by(col(AttemptRow.job_id), col(AttemptRow.state))
        .having(func.count() > 1)
    )
    return [(number, state, times) for number, state, times in session.exec(query).all()]


def held_by_nobody(session: Session) -> list[int]:
    """Running jobs without a leased attempt."""
    leased = select(AttemptRow.job_id).where(AttemptRow.state == AttemptState.LEASED.value)
    query = select(JobRow.id).where(JobRow.state == JobState.RUNNING.value, col(JobRow.id).not_in(leased))
    return [number or 0 for number in session.exec(query).all()]


def held_for_nothing(session: Session) -> list[str]:
    """Leased attempts of jobs that do not run, or that a newer attempt holds."""
    query = (
        select(AttemptRow.id)
        .join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
        .where(
            AttemptRow.state == AttemptState.LEASED.value,
            or_(col(JobRow.state) != JobState.RUNNING.value, col(JobRow.attempts) != col(AttemptRow.lease)),
        )
    )
    return list(session.exec(query).all())


def passed_by_nobody(session: Session) -> list[int]:
    """Passed jobs whose newest attempt did not pass and was not excused, or has no report."""
    passed = select(AttemptRow.job_id).where(
        col(AttemptRow.state).in_(_GOOD),
        AttemptRow.job_id == JobRow.id,
        AttemptRow.lease == JobRow.attempts,
    )
    query = select(JobRow.id).where(JobRow.state == JobState.PASSED.value, ~passed.exists())
    return [number or 0 for number in session.exec(query).all()]


def silent_beyond(session: Session, instant: datetime) -> list[str]:
    """Leased attempts whose lease ran out before an instant."""
    query = select(AttemptRow.id).where(
        AttemptRow.state == AttemptState.LEASED.value, col(AttemptRow.lease_until) < instant
    )
    return list(session.exec(query).all())


def open_after_the_end(session: Session) -> list[tuple[int, str, str]]:
    """Job, its state and the batch's, of jobs that are open in a batch that has ended."""
    query = (
        select(JobRow.id, JobRow.state, BatchRow.state)
        .join(BatchRow, col(BatchRow.id) == col(JobRow.batch_id))
        .where(
            col(BatchRow.state).not_in(_RUNNING),
            or_(col(JobRow.state).not_in([state.value for state in ENDED])),
        )
    )
    return [(number or 0, state, batch) for number, state, batch in session.exec(query).all()]


def open_states(session: Session) -> dict[int, list[tuple[int, str, int, bool]]]:
    """Batch to id, state, count of open parents and whether it is due, of each job of a batch that is not settled."""
    query = (
        select(JobRow).join(BatchRow, col(BatchRow.id) == col(JobRow.batch_id)).where(col(BatchRow.state).in_(_RUNNING))
    )
    found: dict[int, list[tuple[int, str, int, bool]]] = {}
    for row in session.exec(query).all():
        found.setdefault(row.batch_id, []).append((row.id or 0, row.state, row.open_parents, row.due))
    return found


def in_twice(session: Session) -> list[tuple[str, str, str]]:
    """Channel, subdir and file name of what is in a channel twice at once."""
    other = aliased(ChannelFileRow)
    query = (
        select(ChannelFileRow.channel, ChannelFileRow.subdir, ChannelFileRow.file_name)
        .join(
            other,
            and_(
                col(other.channel) == col(ChannelFileRow.channel), col(other.subdir) == col(ChannelFileRow.subdir),
                col(other.file_name) == col(ChannelFileRow.file_name), col(other.id) > col(ChannelFileRow.id),
            ),
        )
        .where(
            or_(col(ChannelFileRow.removed).is_(None), col(ChannelFileRow.removed) > other.added),
            or_(col(other.removed).is_(None), col(other.removed) > ChannelFileRow.added),
        )
    )  # fmt: skip
    return [(channel, subdir, name) for channel, subdir, name in session.exec(query).all()]


def under_another_name(session: Session) -> list[tuple[str, str]]:
    """Channel and file, where a channel calls an artifact otherwise than it is called."""
    query = (
        select(ChannelFileRow.channel, ChannelFileRow.file_name)
        .join(ArtifactRow, col(ArtifactRow.id) == col(ChannelFileRow.artifact_id))
        .where(
            or_(
                col(ArtifactRow.subdir) != col(ChannelFileRow.subdir),
                col(ArtifactRow.file_name) != col(ChannelFileRow.file_name),
            )
        )
    )
    return [(channel, name) for channel, name in session.exec(query).all()]


def _may_be_published(verdicts: Sequence[str]) -> ColumnElement[bool]:
    """Of a test job, its attempt and its file: the tests passed, or what failed of them was let through."""
    told = col(AttemptRow.outcome) == col(ArtifactRow.verdict)
    good = and_(
        col(JobRow.state) == JobState.PASSED.value, col(AttemptRow.state) == AttemptState.PASSED.value, told,
        col(ArtifactRow.verdict).in_(list(verdicts)),
    )  # fmt: skip
    let_through = and_(
        col(JobRow.state) == JobState.PASSED.value, col(AttemptRow.state) == AttemptState.EXCUSED.value,
        col(JobRow.remark) == col(ArtifactRow.verdict), col(ArtifactRow.verdict).in_(list(verdicts)),
    )  # fmt: skip
    as_before = and_(col(JobRow.state) == JobState.NO_REGRESSION.value, told)
    return or_(good, let_through, as_before)


def untested(session: Session, channel: str, verdicts: Sequence[str]) -> list[tuple[str, str]]:
    """File and verdict, of what was ever in a channel without such a verdict and a test job that passed.

    Of what was let through the verdict is the remark of its job; what fails as the file before it did says so.
    """
    passed = (
        select(AttemptRow.id)
        .join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
        .where(
            JobRow.kind == JobKind.TEST.value, _may_be_published(verdicts),
            JobRow.batch_id == ArtifactRow.batch_id,
            JobRow.artifact == ArtifactRow.subdir + "/" + ArtifactRow.file_name,
        )
    )  # fmt: skip
    query = (
        select(ArtifactRow.subdir, ArtifactRow.file_name, ArtifactRow.verdict)
        .join(ChannelFileRow, col(ChannelFileRow.artifact_id) == col(ArtifactRow.id))
        .where(
            ChannelFileRow.channel == channel, col(ArtifactRow.job_id).is_not(None), ~passed.exists(),
        )
    )  # fmt: skip
    return [(f"{subdir}/{name}", verdict) for subdir, name, verdict in session.exec(query).all()]


def pointers(session: Session) -> list[tuple[str, int, int, int]]:
    """Channel, where its pointer shows, its newest snapshot and how many it has, where these differ."""
    query = (
        select(ChannelRow.name, ChannelRow.current, func.max(SnapshotRow.number), func.count())
        .join(SnapshotRow, col(SnapshotRow.channel) == col(ChannelRow.name))
        .group_by(col(ChannelRow.name), col(ChannelRow.current))
    )
    return [(name, at, newest, n) for name, at, newest, n in session.exec(query).all() if not at == newest == n]


def promotions_in_part(session: Session) -> list[tuple[str, list[str]]]:
    """Promotion and the files of its batch that its snapshot lacks."""
    query = (
        select(SnapshotRow, BatchRow)
        .join(BatchRow, col(BatchRow.id) == col(SnapshotRow.batch_id))
        .where(SnapshotRow.act == Act.PROMOTE.value)
    )
    lacking = (
        (move.promotion, sorted(set(batch.published) - names_in(session, move.channel, move.number)))
        for move, batch in session.exec(query).all()
    )
    return [(promotion, files) for promotion, files in lacking if files]


def restores_in_part(session: Session) -> list[tuple[str, list[str]]]:
    """Restoring snapshot and the files in which it differs from what was there before the move it took back."""
    query = select(SnapshotRow).where(SnapshotRow.act == Act.RESTORE.value)
    found = []
    for move in session.exec(query).all():
        undone = session.get_one(SnapshotRow, (move.channel, move.undoes))
        before = names_in(session, move.channel, undone.base) if undone.base else set()
        differing = sorted(before ^ names_in(session, move.channel, move.number))
        found += [(move.promotion, differing)] if differing else []
    return found


def states_without_moves(session: Session) -> list[tuple[int, str, str]]:
    """Batch, its state, and the last act that moved stable for it, where the one does not follow from the other."""
    acts = {BatchState.PROMOTED.value: Act.PROMOTE.value, BatchState.RESTORED.value: Act.RESTORE.value}
    moves = select(SnapshotRow).where(SnapshotRow.channel == STABLE).order_by(col(SnapshotRow.number))
    last = {move.batch_id: move.act for move in session.exec(moves).all()}
    rows = session.exec(select(BatchRow.id, BatchRow.state)).all()
    return [(n or 0, state, last.get(n, "")) for n, state in rows if last.get(n, "") != acts.get(state, "")]


def published_elsewhere(session: Session) -> list[tuple[int, list[str]]]:
    """Batch and files that it says are published, and that testing does not hold."""
    there = names_in(session, TESTING, current_of(session, TESTING))
    rows = session.exec(select(BatchRow.id, BatchRow.published).where(col(BatchRow.state).not_in(_RUNNING))).all()
    return [(n or 0, gone) for n, files in rows if (gone := sorted(set(files) - there))]


def last_words(session: Session) -> list[tuple[str, str, str]]:
    """Job or batch, its state, and the state that the last event about it tells, where these differ."""
    newest = select(func.max(EventRow.id)).where(EventRow.kind == "job.state").group_by(col(EventRow.job))
    said = {row.job: row.data["state"] for row in session.exec(select(EventRow).where(col(EventRow.id).in_(newest)))}
    jobs = {f"J-{number}": state for number, state in session.exec(select(JobRow.id, JobRow.state)).all()}
    newest = select(func.max(EventRow.id)).where(EventRow.kind == "batch.state").group_by(col(EventRow.batch))
    told = {row.batch: row.data["state"] for row in session.exec(select(EventRow).where(col(EventRow.id).in_(newest)))}
    batches = {f"B-{number}": state for number, state in session.exec(select(BatchRow.id, BatchRow.state)).all()}
    return [
        (name, state, words[name])
        for words, states in ((said, jobs), (told, batches))
        for name, state in states.items()
        if name in words and words[name] != state
    ]
