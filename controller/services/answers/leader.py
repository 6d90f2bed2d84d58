"""Who leads the loop, for people."""

from datetime import timedelta

from controller.services.answers.leader_shapes import LeaderShape
from controller.services.farm import Farm
from controller.storage import leadership
from controller.storage.database import Session
from controller.storage.leadership import LeadershipRow


def leader_in(farm: Farm, session: Session) -> LeaderShape:
    """Who leads now, or led last."""
    row, now = leadership.find(session), farm.database.clock(session)
    if row is None:
        return LeaderShape(sentence="No loop has led this farm yet.")
    leads = row.until > now
    return LeaderShape(
        sentence=_sentence(row, leads=leads), leads=leads, holder=row.holder, epoch=row.epoch, since=row.since,
        until=row.until, ticked_seconds=max(timedelta(), now - row.ticked_at).total_seconds(),
    )  # fmt: skip


def leader(farm: Farm) -> LeaderShape:
    """The same, asked by itself."""
    with farm.reading() as session:
        return leader_in(farm, session)


def _sentence(row: LeadershipRow, *, leads: bool) -> str:
    if leads:
        return f"Loop led by {row.holder} since {row.since:%Y-%m-%d %H:%M} UTC, epoch {row.epoch}."
    return f"No loop leads: that of {row.holder} ended {row.until:%Y-%m-%d %H:%M:%S} UTC, epoch {row.epoch}."
