"""What a machine can say about itself, and the names of the pools it may serve."""

import re

from workers.contract.messages import Message

NOARCH = "noarch"

_POOL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9][a-z0-9-]*)?")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Machine(Message):
    """A worker's description of the machine it runs on."""

    subdir: str
    """The conda subdir whose programs run here, as ``linux-64``."""
    host: str
    system: str
    cores: int
    memory_bytes: int
    disk_free_bytes: int
    python: str
    virtual_packages: tuple[str, ...] = ()
    """Virtual packages as ``name=version=build``, for example ``__glibc=2.36=0``."""
    builders: tuple[str, ...] = ("rattler-build",)
    labels: tuple[str, ...] = ()
    """What its operator says of it, as ``gpu`` or ``fast-disk``; jobs may ask for it."""
    gpus: int = 0


def is_pool(name: str) -> bool:
    """Whether ``name`` is a pool: a subdir, optionally with a class, as ``linux-64.large``."""
    return bool(_POOL.fullmatch(name))


def is_label(name: str) -> bool:
    """Whether ``name`` may be a worker's label."""
    return bool(_LABEL.fullmatch(name))


def pool_subdir(pool: str) -> str:
    """The subdir that a pool serves: ``linux-64`` for ``linux-64.large``."""
    return pool.split(".", 1)[0]
