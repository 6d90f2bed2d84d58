"""Workers: they say they are here, that they drain, that they go."""

from datetime import timedelta

from controller.domain.errors import InvalidInputError
from controller.services.farm import Farm
from controller.storage import events, workers
from workers.contract.leases import WorkerState
from workers.contract.platforms import is_pool
from workers.contract.version import OLDEST_PROTOCOL, PROTOCOL

STATES = frozenset({"idle", "busy", "draining", "gone"})


def check_handshake(pools: tuple[str, ...], protocol: int) -> None:
    """Refuse a worker whose pools or protocol cannot be served."""
    if not OLDEST_PROTOCOL <= protocol <= PROTOCOL:
        raise InvalidInputError(
            f"This worker speaks protocol {protocol}; this controller serves {OLDEST_PROTOCOL} to {PROTOCOL}.",
            remedy="Install the same version of condafarm on both.",
        )
    wrong = [pool for pool in pools if not is_pool(pool)]
    if wrong or not pools:
        raise InvalidInputError(
            f"'{', '.join(wrong)}' is no pool." if wrong else "A worker must serve at least one pool.",
            remedy="A pool is a subdir, optionally with a class: linux-64, linux-64.large.",
        )


def note_state(farm: Farm, said: WorkerState) -> None:
    """Keep what a worker says of itself."""
    check_handshake(said.pools, said.protocol)
    if said.state not in STATES:
        known = ", ".join(sorted(STATES))
        raise InvalidInputError(f"'{said.state}' is no state of a worker.", remedy=f"One of {known}.")
    with farm.transaction() as session:
        workers.seen(
            session, said.worker, farm.database.clock_value(session), pools=list(said.pools),
            machine=said.machine.model_dump(mode="json"),
            state=said.state, version=said.version, protocol=said.protocol,
        )  # fmt: skip
        events.note(session, farm.now(), "worker.state", worker=said.worker, state=said.state)


def mark_silent(farm: Farm) -> int:
    """Workers that have not spoken for three leases are shown as lost. Answers how many."""
    with farm.reading() as session:
        limit = farm.database.clock(session) - timedelta(seconds=3 * farm.rules.lease_seconds)
        if not workers.silent_since(session, limit):
            return 0
    with farm.transaction() as session:
        silent = workers.silent_since(session, limit)
        for row in silent:
            row.state = "lost"
            session.add(row)
            events.note(session, farm.now(), "worker.state", worker=row.name, state="lost")
        return len(silent)
