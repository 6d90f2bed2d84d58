"""Where jobs stand in the queue, and why, for pages, API and command line."""

from controller.domain.order_words import bump_sentence, order_line, order_lines
from controller.domain.priorities import Bump, Order, Priority
from controller.planning import ordering
from controller.planning.ordering import Share
from controller.services.answers.shapes import BumpShape, OrderShape
from controller.services.sharing import share_of
from controller.storage.batches import BatchRow
from controller.storage.jobs import JobRow
from controller.storage.lines import JobLine
from controller.storage.tables import from_json
from workers.contract.platforms import pool_subdir


def order_shape(job: JobRow | JobLine, batch: BatchRow) -> OrderShape:
    """The parts of a job's rank, as its batch has them now."""
    share = share_of(batch) or Share(Priority(batch.priority))
    found = ordering.order(share, pool_subdir(job.pool), job.height, job.place, job.ready_at)
    return _shape(found, batch)


def bump_shapes(batch: BatchRow) -> tuple[BumpShape, ...]:
    """Who gave a batch another priority, oldest first."""
    return tuple(_bump(from_json(Bump, bump)) for bump in batch.bumps)


def _bump(bump: Bump) -> BumpShape:
    sentence = bump_sentence(bump.to, bump.before, bump.who, bump.why)
    return BumpShape(
        to=bump.to.value, before=bump.before.value, who=bump.who, why=bump.why, at=bump.at, sentence=sentence
    )


def _shape(order: Order, batch: BatchRow) -> OrderShape:
    return OrderShape(
        priority=order.priority.value, lane=order.lane.name.lower(), below_seconds=order.height,
        share=round(1 / order.divisor, 4), since=order.since, line=order_line(order),
        sentences=order_lines(order, batch.name, batch.author),
    )  # fmt: skip
