"""The doing-nothing alarm: it begins and ends with an event, and stands on the pages in between."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from controller.domain.idling import IdleCause
from controller.domain.needs import Needs
from controller.planning.idling import FarmFacts, PoolFacts, idle_cause, is_waiting
from controller.planning.matching import lacks
from controller.services.farm import Farm
from controller.services.matching import offer_of_row
from controller.storage import events, idling, jobs, needs, pauses, workers
from controller.storage.database import Session
from controller.storage.idling import IdlePoolRow
from controller.storage.workers import WorkerRow

_LOOKS = 20.0
"""So often within the patience it is asked."""


def watch_idleness(farm: Farm) -> None:
    """Note which pools do nothing though there is work, and why; and which go on again."""
    patience, now = farm.rules.idle_seconds, farm.now()
    asked = farm.asked_idleness
    if asked is not None and timedelta() <= now - asked < timedelta(seconds=patience / _LOOKS):
        return
    farm.asked_idleness = now
    with farm.reading() as session:
        known = {row.pool: row for row in idling.idle_pools(session)}
        waiting = _waiting(farm, session) if patience else {}
        skew = (now - farm.database.clock(session)).total_seconds() if waiting else 0.0
    if not known and not waiting:
        return
    facts = {pool: FarmFacts(broker=farm.bells.outstanding(pool) is not None, skew_seconds=skew) for pool in waiting}
    causes = {pool: idle_cause(waiting[pool], facts[pool], patience) for pool in waiting}
    found = {pool: cause for pool, cause in causes.items() if cause}
    if found or known:
        _keep(farm, {pool: (cause, waiting[pool]) for pool, cause in found.items()})


def pool_facts(farm: Farm, session: Session) -> dict[str, PoolFacts]:
    """Every pool with ready jobs whose oldest waits longer than it should. What a person paused is not among them."""
    still, recipes = pauses.stopped(session)
    now, ready, oldest = farm.now(), jobs.ready_by_pool(session, recipes), jobs.oldest_ready(session, recipes)
    since = now - timedelta(seconds=farm.rules.idle_seconds)
    late = sorted(pool for pool, at in oldest.items() if at < since and pool not in still)
    if not late:
        return {}
    claimed, asked = idling.pools_claimed_since(session, since, late), needs.ready_needs(session, late)
    known, wanted = workers.all_workers(session), needs.needs_by_number(session)
    found = {}
    for pool in late:
        serving = [row for row in known if pool in row.pools]
        states = Counter(workers.shown_state(row) for row in serving)
        found[pool] = PoolFacts(
            ready[pool], (now - oldest[pool]).total_seconds(), pool in claimed, states["idle"], states["busy"],
            states["draining"], states["lost"], fits=_fits(serving, [wanted[number] for number in asked[pool]]),
        )  # fmt: skip
    return found


def _fits(serving: Sequence[WorkerRow], wanted: Sequence[Needs]) -> bool:
    offers = [offer_of_row(row.machine) for row in serving if workers.shown_state(row) == "idle"]
    return any(not lacks(each, offer) for each in wanted for offer in offers)


def _waiting(farm: Farm, session: Session) -> dict[str, PoolFacts]:
    found = pool_facts(farm, session)
    return {pool: facts for pool, facts in found.items() if is_waiting(facts, farm.rules.idle_seconds)}


def _keep(farm: Farm, found: Mapping[str, tuple[IdleCause, PoolFacts]]) -> None:
    with farm.transaction() as session:
        known = {row.pool: row for row in idling.idle_pools(session)}
        for pool in sorted(known.keys() - found.keys()):
            session.delete(known[pool])
            events.note(session, farm.now(), "pool.goes_on", pool=pool)
        for pool, (cause, facts) in sorted(found.items()):
            _note(session, farm.now(), known.get(pool), pool, cause, facts)


def _note(
    session: Session, now: datetime, row: IdlePoolRow | None, pool: str, cause: IdleCause, facts: PoolFacts
) -> None:
    if row is None or row.cause != cause:
        events.note(session, now, "pool.idle", pool=pool, cause=cause.value, ready=facts.ready)
    oldest = now - timedelta(seconds=facts.oldest_seconds)
    row = row or IdlePoolRow(pool=pool, cause="", ready=0, oldest_at=oldest, since=now)
    row.cause, row.ready, row.oldest_at = cause.value, facts.ready, oldest
    session.add(row)
