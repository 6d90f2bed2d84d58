"""Pins: what the pin files of a tree say for one platform, whatever their format."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pins:
    """Every key with its values in order, as text, and how keys go together."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zip_keys: tuple[tuple[str, ...], ...] = ()
    pin_run_as_build: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Package name to ``min_pin`` and ``max_pin``: the old global form of a run export."""


NO_PINS = Pins()
