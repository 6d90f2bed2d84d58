"""Which worker can do a job: what the job asks for, against what the worker offers."""

from collections.abc import Iterator, Mapping, Sequence

from controller.domain.jobs import JobKind
from controller.domain.needs import NO_NEEDS, Lack, Needs, NeedsRule, Offer
from controller.domain.needs_words import size
from controller.domain.plans import PlannedJob
from controller.domain.recipes import Output, Section
from controller.planning.specs import admits, name_of

_OF_THE_SUBDIR = frozenset({"__unix", "__linux", "__osx", "__win"})
"""The pool decides on these."""
_LEAST_REQUEST = 2 * 2**30


def needs_of(job: PlannedJob, rules: Sequence[NeedsRule], used: int = 0) -> Needs:
    """What a job asks for: by the rules of its tree, by the virtual packages that its environments name, and by the
    bytes of memory that it ``used`` before.
    """
    specs = {spec for output in job.outputs for spec in _specs(output, job.kind) if _is_virtual(spec)}
    found = Needs(virtual=tuple(sorted(specs)), memory_bytes=request_of(used))
    names = {job.name, *(output.name for output in job.outputs)}
    for rule in rules:
        if any(rule.speaks_of(name, job.subdir, job.kind.value) for name in names):
            found |= rule.needs
    return found


def request_of(used: int) -> int:
    """The memory to ask for where so much was used: a step below it, so that the worker that did it is asked again.

    Steps are quarters of a power of two, so that few different requests come about; less than 2 GiB asks for nothing.
    """
    if used < _LEAST_REQUEST:
        return 0
    step = 1 << (used.bit_length() - 3)
    return used // step * step


def _specs(output: Output, kind: JobKind) -> Iterator[str]:
    if kind is JobKind.BUILD:
        yield from (requirement.spec for requirement in output.in_section(Section.BUILD, Section.HOST))
    else:
        yield from (requirement.spec for requirement in output.in_section(Section.RUN))
        yield from output.test_requirements


def _is_virtual(spec: str) -> bool:
    name = name_of(spec)
    return name.startswith("__") and name not in _OF_THE_SUBDIR


def lacks(needs: Needs, offer: Offer) -> tuple[Lack, ...]:
    """All that is asked for and not offered; empty where the worker can do it."""
    if needs == NO_NEEDS:
        return ()
    return tuple(_lacks(needs, offer))


def _lacks(needs: Needs, offer: Offer) -> Iterator[Lack]:
    yield from (Lack("label", f"label {label}") for label in needs.labels if label not in offer.labels)
    for what, wanted, there in (("cores", needs.cores, offer.cores), ("GPUs", needs.gpus, offer.gpus)):
        if wanted > there:
            yield Lack(what, f"{wanted} {what}", str(there))
    sizes = (
        ("memory", needs.memory_bytes, offer.memory_bytes),
        ("disk", needs.disk_bytes, offer.disk_bytes),
    )
    for what, wanted, there in sizes:
        if wanted > there:
            yield Lack(what, f"{size(wanted)} of {what}", size(there))
    for spec in needs.virtual:
        version, build = offer.virtual.get(name_of(spec), ("", ""))
        if not version or not admits(spec, version, build):
            yield Lack("virtual package", spec, version)


def nearest(needs: Needs, offers: Mapping[str, Offer]) -> tuple[str, tuple[Lack, ...]] | None:
    """Of workers by name the one that lacks the least, and what that is; None where there are none."""
    missing = {name: lacks(needs, offer) for name, offer in offers.items()}
    return min(missing.items(), key=lambda found: (len(found[1]), found[0]), default=None)
