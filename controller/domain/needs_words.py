"""What a job asks for, and what a worker lacks, in words."""

from collections.abc import Iterator, Sequence

from controller.domain.needs import Lack, Needs

_GIB = 2**30


def size(number: int) -> str:
    """``16 GiB``, ``1.5 GiB``."""
    return f"{number / _GIB:.3g} GiB"


def asked(needs: Needs) -> str:
    """``label gpu, 16 GiB of memory, __cuda >=12``; empty where nothing is asked for."""
    return ", ".join(_parts(needs))


def _parts(needs: Needs) -> Iterator[str]:
    yield from (f"label {label}" for label in needs.labels)
    for number, thing in ((needs.cores, "core"), (needs.gpus, "GPU")):
        if number:
            yield f"{number} {thing}{'' if number == 1 else 's'}"
    for number, thing in ((needs.memory_bytes, "memory"), (needs.disk_bytes, "disk")):
        if number:
            yield f"{size(number)} of {thing}"
    yield from needs.virtual


def lacking(lacks: Sequence[Lack]) -> str:
    """``label gpu; 16 GiB of memory (it has 8 GiB)``."""
    return "; ".join(f"{lack.asked}{f' (it has {lack.offered})' if lack.offered else ''}" for lack in lacks)
