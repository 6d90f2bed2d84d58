"""What a job asks for is kept with it; what a worker offers is asked at its claim."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.domain.needs import Needs, NeedsRule, Offer
from controller.domain.plans import PlannedJob
from controller.planning.durations import folder_of, work_of
from controller.planning.matching import lacks, needs_of
from controller.services.farm import Farm
from controller.storage import durations
from controller.storage import needs as stored
from controller.storage.database import Session
from controller.storage.jobs import JobRow
from workers.contract.platforms import Machine


def offer_of(machine: Machine) -> Offer:
    """What a machine offers, in the words of matching. One of an older protocol may say less."""
    virtual = (named.split("=", 2) for named in machine.virtual_packages)
    return Offer(
        labels=frozenset(machine.labels), cores=machine.cores, memory_bytes=machine.memory_bytes,
        disk_bytes=machine.disk_free_bytes, gpus=machine.gpus,
        virtual={name: (rest[0] if rest else "0", rest[1] if len(rest) > 1 else "") for name, *rest in virtual},
    )  # fmt: skip


def offer_of_row(machine: Mapping[str, Any]) -> Offer:
    """The same of what a worker said last."""
    known: dict[str, Any] = dict.fromkeys(("subdir", "host", "system", "python"), "")
    known |= dict.fromkeys(("cores", "memory_bytes", "disk_free_bytes"), 0)
    return offer_of(Machine.model_validate(known | dict(machine)))


def fitting(farm: Farm, session: Session, machine: Machine, known: int) -> tuple[int, ...]:
    """Numbers of all needs that this machine satisfies. ``known``: how many there are; they are read when more came."""
    if len(farm.needs) != known + 1:
        farm.needs = stored.needs_by_number(session)
    offer = offer_of(machine)
    return tuple(number for number, needs in farm.needs.items() if not lacks(needs, offer))


def assign(
    farm: Farm, session: Session, rules: Sequence[NeedsRule], planned: Sequence[tuple[PlannedJob, JobRow]]
) -> None:
    """Give each new job what it asks for."""
    numbers: dict[Needs, int] = {}
    times = farm.rules.memory_times
    used = durations.memory(session, {folder_of(job.recipe) for job, _ in planned}) if times else {}
    for job, row in planned:
        most = used.get(work_of(job.kind, job.recipe, job.name, job.subdir), 0)
        wanted = needs_of(job, rules, round(most * times))
        if wanted not in numbers:
            numbers[wanted] = stored.number_of(session, wanted)
        row.needs_id = numbers[wanted]


def raised(session: Session, number: int, memory_bytes: int) -> int:
    """The number of the same needs with at least so much memory."""
    if not memory_bytes:
        return number
    return stored.number_of(session, stored.needs_by_number(session)[number] | Needs(memory_bytes=memory_bytes))
