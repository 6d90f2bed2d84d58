"""Batches: lines of a list, and one batch whole."""

from collections.abc import Collection, Sequence
from typing import Any

from controller.domain.batches import BatchState
from controller.domain.channels import staging
from controller.domain.forecast_words import holding_sentence
from controller.domain.forecasts import Holding
from controller.domain.overtaking_words import again_sentence
from controller.domain.pauses import PauseKind
from controller.domain.plans import Circle, Deadlock, Membership
from controller.domain.wording import BATCH_WORDS
from controller.services import promotion
from controller.services.answers.cases import remarks_in
from controller.services.answers.change_shapes import EditShape
from controller.services.answers.channels import promotion_shape
from controller.services.answers.forecast import expected_words, forecast_of
from controller.services.answers.jobs import job_line
from controller.services.answers.ordering import bump_shapes
from controller.services.answers.pauses import sentences
from controller.services.answers.pushes import of_change
from controller.services.answers.reasons import circle_lines, kept_member, notice_shape, refusal_line
from controller.services.answers.revisions import difference_shapes, revision_shapes
from controller.services.answers.shapes import BatchSummary, BatchView, Counts, GateShape, JobSummary, StaysShape
from controller.services.answers.upstream import moves_of
from controller.services.answers.words import batch_verdict, count, field_of, tally
from controller.services.farm import Farm
from controller.storage import artifacts, batches, channels, jobs, lines
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Session
from controller.storage.tables import from_json


def batch_list(
    farm: Farm, limit: int, states: Sequence[str] = (), before: str | None = None
) -> tuple[list[BatchSummary], str | None]:
    """Batches, newest first, and the id to go on from, if there are more."""
    with farm.reading() as session:
        rows = batches.newest_batches(session, limit + 1, states, batches.number_of(before) if before else None)
        more = rows[limit - 1].name if len(rows) > limit else None
        return summaries(session, rows[:limit]), more


def summaries(session: Session, rows: Sequence[BatchRow]) -> list[BatchSummary]:
    """Lines of a list, with two queries however many there are."""
    changes = batches.changes_by_id(session, [row.change_id for row in rows])
    states = jobs.counts_by_state(session, [row.id or 0 for row in rows])
    paused = _paused(session, rows)
    return [
        BatchSummary(**_fields(row, changes[row.change_id], count(states[row.id or 0]), paused.get(row.name, "")))
        for row in rows
    ]


def _paused(session: Session, rows: Sequence[BatchRow]) -> dict[str, str]:
    return sentences(session, PauseKind.BATCH) if any(row.state == BatchState.HELD for row in rows) else {}


def batch_summary(farm: Farm, batch: str) -> BatchSummary:
    """One batch as a line. Raises NotFoundError."""
    with farm.reading() as session:
        return summaries(session, [batches.find_batch(session, batch)])[0]


def _fields(row: BatchRow, change: ChangeRow, counts: Counts, paused: str = "") -> dict[str, Any]:
    state = BatchState(row.state)
    words = BATCH_WORDS[state]
    verdict, actor = batch_verdict(state, counts, len(row.published), len(row.stays))
    if paused:
        verdict, actor = f"{paused} {tally(counts)}", "operator"
    elif state is BatchState.HELD and "held" in row.plan:
        verdict = f"Held: {holding_sentence(from_json(Holding, row.plan['held']))}"
    return {
        "id": row.name, "kind": change.kind, "state": row.state, "title": row.title,
        "tree": change.tree, "commit": change.commit,
        "author": row.author, "created_at": row.created_at, "settled_at": row.settled_at, "counts": counts,
        "verdict": verdict, "actor": actor, "mark": words.mark, "label": "paused" if paused else words.label,
        "category": field_of(words.category), "priority": row.priority,
    }  # fmt: skip


def batch_view(farm: Farm, batch: str, reasons_of: Collection[str] | None = None) -> BatchView:
    """One batch, whole; with ``reasons_of`` only jobs in these states tell their reason. Raises NotFoundError."""
    with farm.reading() as session:
        row = batches.find_batch(session, batch)
        number = row.id or 0
        change = batches.changes_by_id(session, [row.change_id])[row.change_id]
        found = lines.of_batch(session, number, reasons_of)
        holders = lines.holders(session)
        known = [job_line(job, holders.get(job.id, "")) for job in found]
        moves = channels.moves_of_batch(session, number)
        return BatchView(
            **_fields(row, change, _counted(known), _paused(session, [row]).get(row.name, "")),
            jobs=tuple(known), left_out=tuple(_left_out(row)),
            refusals=tuple(refusal_line(refusal) for refusal in row.plan.get("refusals", ())),
            notices=tuple(notice_shape(notice) for notice in row.plan.get("notices", ())),
            stays=tuple(StaysShape.model_validate(stay) for stay in row.stays), published=tuple(sorted(row.published)),
            again=row.again, again_sentence=again_sentence(row.again),
            promotions=tuple(promotion_shape(move) for move in moves if move.channel != staging(row.name)),
            circles=circle_lines(
                (from_json(Circle, circle) for circle in row.plan.get("circles", ())),
                (from_json(Deadlock, deadlock) for deadlock in row.plan.get("deadlocks", ())),
            ),
            waves=row.waves, staging=f"/channels/{staging(row.name)}", untouched=row.plan.get("current", 0),
            edits=tuple(EditShape.model_validate(edit) for edit in row.plan.get("edits", ())),
            gates=_gates(farm, session, row), forecast=forecast_of(farm, session, row), expected=expected_words(row),
            revisions=revision_shapes(row.revisions), moves=moves_of(session, number),
            pushes=of_change(session, row.change_id),
            bumps=bump_shapes(row), remarks=remarks_in(session, number, found),
            differences=difference_shapes(artifacts.differences(session, number)),
        )  # fmt: skip


def patch_of_edits(farm: Farm, batch: str) -> str:
    """The recipe edits that a plan asks for, one after the other. Raises NotFoundError."""
    with farm.reading() as session:
        row = batches.find_batch(session, batch)
    return "".join(str(edit["diff"]) for edit in row.plan.get("edits", ()))


def wave_counts(farm: Farm, batch: str, waves: Collection[int]) -> dict[int, Counts]:
    """How far these waves of a batch are. Raises NotFoundError."""
    with farm.reading() as session:
        found = lines.counts_by_wave(session, batches.number_of(batch), waves)
    return {wave: count(states) for wave, states in sorted(found.items())}


def _counted(known: Sequence[JobSummary]) -> Counts:
    states: dict[str, int] = {}
    for job in known:
        states[job.state] = states.get(job.state, 0) + 1
    return count(states)


def _left_out(row: BatchRow) -> list[Any]:
    members = row.plan.get("members", ())
    return [kept_member(member) for member in members if member["membership"] != Membership.REBUILD]


def _gates(farm: Farm, session: Session, row: BatchRow) -> tuple[GateShape, ...]:
    if BatchState(row.state) not in promotion.PROMOTABLE:
        return ()
    return tuple(promotion.gate_shape(gate) for gate in promotion.gates_of(farm, session, row))
