"""The tables ``tree.needs`` of a tree's ``farm.toml``: what jobs of some packages ask of a worker."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from controller.domain.jobs import JobKind
from controller.domain.needs import Needs, NeedsRule
from workers.contract.platforms import is_label

Refuse = Callable[[str, str, str], Exception]
"""What is wrong, the key that it stands at, and the remedy; answers the error to raise."""
_KEYS = ("packages", "subdirs", "kinds", "labels", "cores", "memory", "disk", "gpus", "virtual")
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT])(?:i?B)?\s*", re.IGNORECASE)
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def read_needs(tables: Any, refuse: Refuse) -> tuple[NeedsRule, ...]:
    """The rules that these tables say. Raises what ``refuse`` answers."""
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise refuse("needs is no list of tables.", "needs", "Write [[tree.needs]] for each.")
    return tuple(_rule(table, refuse) for table in tables)


def _rule(table: Mapping[str, Any], refuse: Refuse) -> NeedsRule:
    unknown = next((key for key in table if key not in _KEYS), None)
    if unknown is not None:
        raise refuse(f"needs has a key {unknown} that means nothing.", unknown, f"It may hold {', '.join(_KEYS)}.")
    packages = _texts(table, "packages", refuse)
    if not packages:
        raise refuse("needs names no packages.", "packages", 'Write packages = ["name*"].')
    needs = Needs(
        tuple(sorted(_labels(table, refuse))), _number(table, "cores", refuse), _size(table, "memory", refuse),
        _size(table, "disk", refuse), _number(table, "gpus", refuse), tuple(sorted(_virtual(table, refuse))),
    )  # fmt: skip
    return NeedsRule(packages, needs, _texts(table, "subdirs", refuse), _kinds(table, refuse))


def _texts(table: Mapping[str, Any], key: str, refuse: Refuse) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise refuse(f"{key} is no list of texts.", key, f'Write {key} = ["..."].')
    return tuple(value)


def _labels(table: Mapping[str, Any], refuse: Refuse) -> tuple[str, ...]:
    labels = _texts(table, "labels", refuse)
    if not all(map(is_label, labels)):
        raise refuse("labels holds what is no label.", "labels", 'Write letters, digits, dots, dashes: ["gpu"].')
    return labels


def _virtual(table: Mapping[str, Any], refuse: Refuse) -> tuple[str, ...]:
    specs = _texts(table, "virtual", refuse)
    if not all(spec.startswith("__") for spec in specs):
        raise refuse("virtual holds what is no virtual package.", "virtual", 'Write virtual = ["__cuda >=12"].')
    return specs


def _kinds(table: Mapping[str, Any], refuse: Refuse) -> tuple[str, ...]:
    kinds = _texts(table, "kinds", refuse)
    if not all(kind in list(JobKind) for kind in kinds):
        raise refuse("kinds holds what is no kind of job.", "kinds", f"Name some of {', '.join(JobKind)}.")
    return kinds


def _number(table: Mapping[str, Any], key: str, refuse: Refuse) -> int:
    value = table.get(key, 0)
    if type(value) is not int or value < 0:
        raise refuse(f"{key} is no whole number.", key, f"Write {key} = 8.")
    return value


def _size(table: Mapping[str, Any], key: str, refuse: Refuse) -> int:
    """A size in bytes, of ``16G``, ``16 GiB`` or ``16GB``; all count by 1024."""
    found = _SIZE.fullmatch(str(table.get(key, "0K")))
    if found is None:
        raise refuse(f"{key} is no size.", key, f'Write {key} = "16G".')
    return round(float(found[1]) * _UNITS[found[2].upper()])
