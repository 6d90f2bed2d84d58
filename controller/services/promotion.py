"""Promoting a batch and taking it back: each one act, each with the same preview beforehand."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from controller.domain.baselines import Comparison
from controller.domain.batches import BatchEvent, BatchState
from controller.domain.channels import STABLE, Act
from controller.domain.errors import GateRefusedError, IllegalMoveError, InvalidInputError, NotFoundError
from controller.domain.remarks import EXCUSES, Remark
from controller.domain.verdicts import GateAnswer
from controller.planning.gates import Candidate, judge
from controller.services import channels
from controller.services.answers.shapes import GateShape, MovePreview
from controller.services.farm import Farm
from controller.services.requests import move_batch
from controller.storage import artifacts, batches, events, jobs
from controller.storage import channels as stored
from controller.storage.artifacts import ArtifactRow
from controller.storage.batches import BatchRow
from controller.storage.channels import SnapshotRow
from controller.storage.database import Session
from controller.storage.tables import from_json

_EXCUSED = frozenset(kind.value for kind in EXCUSES)
PROMOTABLE = frozenset({BatchState.PASSED, BatchState.PARTIAL, BatchState.RESTORED})


def gates_of(farm: Farm, session: Session, batch: BatchRow, to: str = STABLE) -> tuple[GateAnswer, ...]:
    """Every gate's answer for moving the batch's published files to a channel, now."""
    files = artifacts.find_files(session, batch.published)
    current = stored.current_of(session, to)
    there = [row.value() for row in stored.files_in(session, to, current)] if current else []
    stays = tuple(stays["name"] for stays in batch.stays)
    excused = {row.batch_id for row in files if row.verdict in _EXCUSED}
    remarks = jobs.remarks_on(session, [number for number in excused if number]) if excused else {}
    candidates = [_candidate(row, remarks.get(row.file, ())) for row in files]
    return judge(candidates, there, stays=stays, upstream=bool(farm.rules.upstream))


def _candidate(row: ArtifactRow, remarks: Sequence[Any]) -> Candidate:
    known = tuple(from_json(Remark, remark) for remark in remarks)
    return Candidate(
        artifact=row.value(),
        verdict=row.verdict,
        remarks=known,
        excused=from_json(Comparison, row.excused) if row.excused else None,
    )


def promote(farm: Farm, batch: str, *, to: str = STABLE, who: str, why: str = "", dry_run: bool = False) -> MovePreview:
    """Move a channel's pointer to a snapshot with the batch's published files. Raises GateRefusedError."""
    if to != STABLE:  # a misspelt name must not become a channel, nor its batch "promoted"
        raise InvalidInputError(f"Nothing is promoted to {to}.", remedy="Promote to stable.")
    if dry_run:
        with farm.reading() as session:
            return _preview(farm, session, batches.find_batch(session, batch), to)
    with farm.transaction() as session:
        stored.lock_channel(session, to)
        row = batches.find_batch(session, batch, lock=True)
        preview = _preview(farm, session, row, to)
        _require(preview, row)
        return _promote(farm, session, row, preview, who=who, why=why)


def _preview(farm: Farm, session: Session, batch: BatchRow, to: str) -> MovePreview:
    if BatchState(batch.state) not in PROMOTABLE:
        raise IllegalMoveError(
            f"{batch.name} is {batch.state}: there is nothing to promote.",
            remedy="A batch can be promoted once it has settled and published something.",
        )
    gates = gates_of(farm, session, batch, to)
    current = stored.current_of(session, to)
    there = stored.names_in(session, to, current) if current else set()
    added = tuple(sorted(set(batch.published) - there))
    return MovePreview(
        channel=to, act=Act.PROMOTE.value, base=current, added=added, gates=tuple(gate_shape(g) for g in gates),
        allowed=all(g.passes for g in gates),
    )  # fmt: skip


def gate_shape(answer: GateAnswer) -> GateShape:
    """A gate's answer as people see it."""
    return GateShape(
        gate=answer.gate, verdict=answer.verdict.value, passes=answer.passes, reasons=answer.reasons,
        actor=answer.actor.value,
    )  # fmt: skip


def _require(preview: MovePreview, batch: BatchRow) -> None:
    refused = [gate for gate in preview.gates if not gate.passes]
    if refused:
        said = "; ".join(f"{gate.gate}: {', '.join(gate.reasons) or gate.verdict}" for gate in refused)
        raise GateRefusedError(f"{batch.name} may not go to {preview.channel}. {said}", remedy="Mend that, push again.")


def _promote(farm: Farm, session: Session, batch: BatchRow, preview: MovePreview, *, who: str, why: str) -> MovePreview:
    rows = artifacts.find_files(session, preview.added)
    snapshot = channels.publish(
        farm, session, preview.channel, rows, batch_id=batch.id, who=who, why=why, act=Act.PROMOTE
    )
    move_batch(farm, session, batch, BatchEvent.PROMOTE)
    return preview.model_copy(update={"snapshot": snapshot.number, "promotion": snapshot.promotion})


def restore(farm: Farm, promotion: str, *, who: str, why: str = "", dry_run: bool = False) -> MovePreview:
    """Take a promotion back: the channel gets the content from before it. Only the newest one stands alone."""
    channel, number = _parse(promotion)
    if dry_run:
        with farm.reading() as session:
            return _restore_preview(session, channel, number)
    with farm.transaction() as session:
        stored.lock_channel(session, channel)
        preview = _restore_preview(session, channel, number)
        return _restore(farm, session, preview, stored.find_snapshot(session, channel, number), who=who, why=why)


def _parse(promotion: str) -> tuple[str, int]:
    channel, _, number = promotion.rpartition("@")
    if not channel or not number.isdigit():
        raise NotFoundError(
            f"'{promotion}' is no promotion.", remedy="They look like stable@4; see `farm promotion list`."
        )
    return channel, int(number)


def _restore_preview(session: Session, channel: str, number: int) -> MovePreview:
    move = stored.find_snapshot(session, channel, number)
    current = stored.current_of(session, channel)
    if move.act != Act.PROMOTE.value:
        raise IllegalMoveError(
            f"{move.promotion} is no promotion but a {move.act}.", remedy="See `farm promotion list`."
        )
    _require_newest(session, move, current)
    before = stored.names_in(session, channel, move.base) if move.base else set()
    now = stored.names_in(session, channel, current)
    return MovePreview(
        channel=channel, act=Act.RESTORE.value, base=current, promotion=move.promotion,
        added=tuple(sorted(before - now)), removed=tuple(sorted(now - before)),
    )  # fmt: skip


def _require_newest(session: Session, move: SnapshotRow, current: int) -> None:
    standing = list(takewhile(lambda number: number >= move.number, _standing(session, move.channel, current)))
    if move.number not in standing:
        raise IllegalMoveError(f"{move.promotion} was taken back already.", remedy="See `farm promotion list`.")
    if standing[0] != move.number:
        newer = stored.find_snapshot(session, move.channel, standing[0])
        raise IllegalMoveError(
            f"{newer.promotion} ({newer.act}) stands on {move.promotion}.", remedy=f"Restore {newer.promotion} first."
        )


def _standing(session: Session, channel: str, number: int) -> Iterator[int]:
    """The moves that a snapshot's content is made of, newest first.

    A restore is none of them: its content is that from before the move it took back.
    """
    while number:
        row = stored.find_snapshot(session, channel, number)
        if row.act == Act.RESTORE.value:
            row = stored.find_snapshot(session, channel, row.undoes)
        else:
            yield number
        number = row.base


def _restore(
    farm: Farm, session: Session, preview: MovePreview, move: SnapshotRow, *, who: str, why: str
) -> MovePreview:
    snapshot = channels.go_back(farm, session, preview.channel, move, who=who, why=why)
    if move.batch_id is not None:
        batch = batches.find_batch(session, f"B-{move.batch_id}", lock=True)
        move_batch(farm, session, batch, BatchEvent.RESTORE)
    events.note(session, farm.now(), "promotion.restored", channel=preview.channel, snapshot=snapshot.number, who=who)
    return preview.model_copy(update={"snapshot": snapshot.number})
