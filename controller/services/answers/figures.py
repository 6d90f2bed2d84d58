"""Figures for monitoring: a few counts, each by one query."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from controller.domain.batches import BatchState
from controller.services.answers.channels import main_channels
from controller.services.answers.idling import idle_in
from controller.services.answers.leader import leader_in
from controller.services.farm import Farm
from controller.storage import batches, jobs, lines, workers
from controller.storage.database import Session
from controller.storage.workers import WorkerRow

Labelled = dict[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Values by their labels; times in seconds."""

    jobs: Labelled
    workers: Labelled
    oldest: Labelled
    silence: Labelled
    batches: Labelled
    files: Labelled
    snapshots: Labelled
    leads: Labelled
    epoch: Labelled
    ticked: Labelled
    idle: Labelled


def figures(farm: Farm) -> Figures:
    """All figures of this moment."""
    now = farm.now()
    with farm.reading() as session:
        there = farm.database.clock(session)
        known = workers.all_workers(session)
        channels, leader = main_channels(session), leader_in(farm, session)
        return Figures(
            jobs={(pool, kind, state): number for pool, kind, state, number in lines.counts_by_pool(session)},
            workers=_by_pool(known, lambda row: (row.state,), lambda old, _row: old + 1),
            oldest={(pool,): _age(now, since) for pool, since in jobs.oldest_ready(session).items()},
            silence=_by_pool(known, lambda _row: (), lambda old, row: max(old, _age(there, row.seen_at))),
            batches=_open_batches(session),
            files={(channel.name,): channel.files for channel in channels},
            snapshots={(channel.name,): channel.snapshot for channel in channels},
            leads={(): float(leader.leads)},
            epoch={(): leader.epoch},
            ticked={(): leader.ticked_seconds},
            idle={(alarm.pool, alarm.cause): 1.0 for alarm in idle_in(farm, session)},
        )


def _by_pool(
    known: Iterable[WorkerRow], labels: Callable[[WorkerRow], tuple[str, ...]],
    fold: Callable[[float, WorkerRow], float],
) -> Labelled:  # fmt: skip
    found: Labelled = {}
    for row in known:
        for pool in row.pools:
            key = (pool, *labels(row))
            found[key] = fold(found.get(key, 0.0), row)
    return found


def _open_batches(session: Session) -> Labelled:
    states = (BatchState.RUNNING, BatchState.HELD)
    return {(state.value,): len(batches.batches_in(session, state)) for state in states}


def _age(now: datetime, since: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
