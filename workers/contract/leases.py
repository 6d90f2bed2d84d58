"""Claim, lease and heartbeat: who may work on what, for how long."""

from workers.contract.jobs import JobSpec
from workers.contract.messages import Message, Words
from workers.contract.platforms import Machine
from workers.contract.version import PROTOCOL


class ClaimRequest(Message):
    """A worker asks for the best ready job it can do."""

    worker: str
    """The worker's stable name, unique in the farm."""
    pools: tuple[str, ...]
    machine: Machine
    protocol: int = PROTOCOL
    version: str = ""


class Claim(Message):
    """A granted job. Only the holder of the newest lease of a job may upload or report."""

    attempt: str
    """Id of the attempt, the key of every later call."""
    lease: int
    """The fencing number: grows with every attempt of the job; named in every write."""
    token: str
    """Bearer token that is good for this attempt alone."""
    lease_seconds: float
    """The lease lapses this long after the last heartbeat."""
    spec: JobSpec


class Heartbeat(Message):
    """Sent about three times within a lease."""

    lease: int
    phase: Words = ""


class HeartbeatAnswer(Message):
    """Whether to go on. ``stop`` means: end the process tree at once and report nothing."""

    stop: bool = False
    reason: str = ""


class WorkerState(Message):
    """A worker tells that it is here, or that it goes."""

    worker: str
    pools: tuple[str, ...]
    machine: Machine
    state: str
    """``idle``, ``busy``, ``draining`` or ``gone``."""
    protocol: int = PROTOCOL
    version: str = ""
