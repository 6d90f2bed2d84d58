"""Where nothing starts though there is work, for people: as the loop noted it, or that there is no loop to note it."""

from datetime import timedelta

from controller.domain.idle_words import IDLE_WORDS
from controller.domain.idling import IdleCause
from controller.services.answers.idle_shapes import IdleShape
from controller.services.answers.words import amount
from controller.services.farm import Farm
from controller.storage import idling, jobs, leadership
from controller.storage.database import Session
from controller.storage.idling import IdlePoolRow


def idle_in(farm: Farm, session: Session) -> list[IdleShape]:
    """What is wrong now; empty while work goes on. Without a loop no other cause counts."""
    nobody = _without_loop(farm, session)
    if nobody is not None:
        return [nobody] if jobs.ready_by_pool(session) else []
    return [_of_pool(row) for row in idling.idle_pools(session)]


def idle_list(farm: Farm) -> list[IdleShape]:
    """The same, asked by itself."""
    with farm.reading() as session:
        return idle_in(farm, session)


def _without_loop(farm: Farm, session: Session) -> IdleShape | None:
    row, now = leadership.find(session), farm.database.clock(session)
    patience = timedelta(seconds=farm.rules.idle_seconds)
    if row is None or not patience:
        return None
    if row.until + patience < now:
        cause, since = IdleCause.NO_LEADER, row.until
    elif row.until > now and row.ticked_at + patience < now:
        cause, since = IdleCause.STILL, row.ticked_at
    else:
        return None
    what, remedy = IDLE_WORDS[cause]
    return IdleShape(pool="", cause=cause, sentence=f"Nothing goes on: {what}.", remedy=remedy, since=since)


def _of_pool(row: IdlePoolRow) -> IdleShape:
    what, remedy = IDLE_WORDS[IdleCause(row.cause)]
    waits = "is" if row.ready == 1 else "are"
    return IdleShape(
        pool=row.pool, cause=row.cause, ready=row.ready, since=row.since,
        sentence=f"Nothing starts in {row.pool}: {amount(row.ready, 'job')} {waits} ready, and {what}.",
        remedy=remedy.format(pool=row.pool),
    )  # fmt: skip
