"""What is said of a farm that does nothing, and what to do."""

from collections.abc import Mapping
from types import MappingProxyType

from controller.domain.idling import IdleCause

_C = IdleCause

IDLE_WORDS: Mapping[IdleCause, tuple[str, str]] = MappingProxyType(
    {
        _C.NO_LEADER: ("no loop leads the farm", "Start one: `farm up`, or `farm loop` beside a server."),
        _C.STILL: (
            "the loop that leads stands still",
            "Its log says what it last did. End that process: another loop takes over.",
        ),
        _C.NO_WORKER: ("no worker serves the pool", "Start one: `farm worker run --pool {pool}`."),
        _C.LOST: ("all its workers are lost", "Look at their machines and at the network to the controller."),
        _C.DRAINING: (
            "all its workers drain",
            "`farm worker list` says why. Mended? `farm worker resume NAME`; else start others.",
        ),
        _C.UNFIT: (
            "none of its idle workers offers what they ask for",
            "`farm job why` of one says what the nearest worker lacks: start one that has it, or ask for less.",
        ),
        _C.BROKER: ("the broker does not answer, so nobody hears a bell", "Look at Redis, and at FARM_BROKER_URL."),
        _C.CLOCKS: (
            "the clocks of controller and database differ",
            "Set both by the same time server: leases and waits are counted by them.",
        ),
        _C.NOT_TAKEN: (
            "its workers are idle and take none of its jobs",
            "`farm job why` of its oldest job says what that waits for; the workers' logs say whether they can claim.",
        ),
    }
)
"""Cause to what is wrong and what to do next."""
