"""Batches as rows, drawn by hand: what services are tested on without reading a tree."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controller.domain.jobs import JobKind, JobState
from controller.services.farm import Farm
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Session
from controller.storage.jobs import JobEdge, JobRow
from workers.contract.leases import ClaimRequest
from workers.contract.platforms import Machine

MACHINE = Machine(
    subdir="linux-64", host="here", system="Linux", cores=2, memory_bytes=2**33, disk_free_bytes=2**34, python="3.11"
)


def asking(worker: str = "w1", *pools: str) -> ClaimRequest:
    """A worker's claim."""
    return ClaimRequest(worker=worker, pools=pools or ("linux-64",), machine=MACHINE)


def draw_batch(farm: Farm, graph: Mapping[str, Sequence[str]], kind: JobKind = JobKind.BUILD) -> dict[str, int]:
    """A running batch of one job a name, each waiting for the names it lists; answers name to job number."""
    with farm.transaction() as session:
        change = ChangeRow(key=f"push:t:{len(graph)}:{sorted(graph)}", kind="push", tree="t", commit="c", at=farm.now())
        session.add(change)
        session.flush()
        batch = BatchRow(change_id=change.id or 0, state="running", title="drawn", created_at=farm.now())
        session.add(batch)
        session.flush()
        rows = {name: _job(farm, batch, name, len(waits), kind) for name, waits in graph.items()}
        session.add_all(rows.values())
        session.flush()
        session.add_all(
            JobEdge(parent_id=rows[parent].id or 0, child_id=rows[name].id or 0)
            for name, waits in graph.items()
            for parent in waits
        )
        return {name: row.id or 0 for name, row in rows.items()}


def _job(farm: Farm, batch: BatchRow, name: str, waits: int, kind: JobKind) -> JobRow:
    order = {
        "kind": "build", "recipe": name, "source_sha256": "0" * 64, "variant_config": "", "target_platform": "linux-64",
        "build_platform": "linux-64", "build_number": 0, "files": [],
    }  # fmt: skip
    return JobRow(
        batch_id=batch.id or 0, plan_key=name, kind=kind.value,
        state=(JobState.WAITING if waits else JobState.READY).value, recipe=name, name=name, subdir="linux-64",
        pool="linux-64", wave=0, open_parents=waits, order=order, created_at=farm.now(),
        ready_at=None if waits else farm.now(),
    )  # fmt: skip


def states(farm: Farm, jobs: Mapping[str, int]) -> dict[str, str]:
    """Name to state."""
    with farm.reading() as session:
        rows = {name: session.get(JobRow, number) for name, number in jobs.items()}
        return {name: row.state if row else "" for name, row in rows.items()}


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def add_job(session: Session, name: str, **values: Any) -> int:
    """A job of batch 1 as a row; ready, unless it is said otherwise. Answers its number."""
    fields = {"state": "ready", "pool": "linux-64", "rank": 0, "recipe": name} | values
    row = JobRow(
        batch_id=1, plan_key=name, kind="build", name=name, subdir="linux-64", wave=0, created_at=NOW,
        **fields,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id or 0
