"""The farm at a glance: the first page."""

from controller.domain.jobs import BROKEN
from controller.services.answers.batches import summaries
from controller.services.answers.channels import MAIN, main_channels, promotion_shape
from controller.services.answers.idling import idle_in
from controller.services.answers.jobs import job_line
from controller.services.answers.leader import leader_in
from controller.services.answers.shapes import FarmView
from controller.services.answers.upstream import view_in
from controller.services.answers.words import count
from controller.services.answers.workers import pools_of, worker_shape
from controller.services.farm import Farm
from controller.storage import batches, channels, events, jobs, lines, workers

_BATCHES, _BROKEN, _MOVES, _MOVED = 12, 8, 6, 8


def farm_view(farm: Farm) -> FarmView:
    """Figures over the running batches, the newest batches, what broke last, pools and channels."""
    with farm.reading() as session:
        known = workers.all_workers(session)
        broken = lines.broken_last(session, [state.value for state in BROKEN], _BROKEN)
        last = lines.last_workers(session, [job.id for job in broken])
        return FarmView(
            counts=count(jobs.counts_of_all(session)),
            batches=tuple(summaries(session, batches.newest_batches(session, _BATCHES))),
            newly_broken=tuple(job_line(job, last.get(job.id, "")) for job in broken),
            pools=tuple(pools_of(farm, session, known)),
            workers=tuple(worker_shape(row) for row in known),
            channels=tuple(main_channels(session)),
            promotions=tuple(promotion_shape(row) for row in channels.newest_moves(session, MAIN, _MOVES)),
            upstream=view_in(farm, session, _MOVED),
            leader=leader_in(farm, session), idle=tuple(idle_in(farm, session)),
            at=farm.now(), latest_event=events.newest_event(session),
        )  # fmt: skip
