"""The tables ``tree.needs`` of a tree's ``farm.toml``: what jobs of some packages ask of a worker."""

import re
from typing import Any

from controller.domain.jobs import JobKind
from controller.domain.needs import Needs, NeedsRule
from controller.gateways.tree_tables import Refuse, Table, packages_of, read_tables, texts
from workers.contract.platforms import is_label

_KEYS = ("packages", "subdirs", "kinds", "labels", "cores", "memory", "disk", "gpus", "virtual")
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT])(?:i?B)?\s*", re.IGNORECASE)
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def read_needs(tables: Any, refuse: Refuse) -> tuple[NeedsRule, ...]:
    """The rules that these tables say. Raises what ``refuse`` answers."""
    return read_tables(tables, "needs", _rule, refuse)


def _rule(table: Table, refuse: Refuse) -> NeedsRule:
    packages = packages_of(table, "needs", _KEYS, refuse)
    needs = Needs(
        tuple(sorted(_labels(table, refuse))), _number(table, "cores", refuse), _size(table, "memory", refuse),
        _size(table, "disk", refuse), _number(table, "gpus", refuse), tuple(sorted(_virtual(table, refuse))),
    )  # fmt: skip
    return NeedsRule(packages, needs, texts(table, "subdirs", refuse), _kinds(table, refuse))


def _labels(table: Table, refuse: Refuse) -> tuple[str, ...]:
    labels = texts(table, "labels", refuse)
    if not all(map(is_label, labels)):
        raise refuse("labels holds what is no label.", "labels", 'Write letters, digits, dots, dashes: ["gpu"].')
    return labels


def _virtual(table: Table, refuse: Refuse) -> tuple[str, ...]:
    specs = texts(table, "virtual", refuse)
    if not all(spec.startswith("__") for spec in specs):
        raise refuse("virtual holds what is no virtual package.", "virtual", 'Write virtual = ["__cuda >=12"].')
    return specs


def _kinds(table: Table, refuse: Refuse) -> tuple[str, ...]:
    kinds = texts(table, "kinds", refuse)
    if not all(kind in list(JobKind) for kind in kinds):
        raise refuse("kinds holds what is no kind of job.", "kinds", f"Name some of {', '.join(JobKind)}.")
    return kinds


def _number(table: Table, key: str, refuse: Refuse) -> int:
    value = table.get(key, 0)
    if type(value) is not int or value < 0:
        raise refuse(f"{key} is no whole number.", key, f"Write {key} = 8.")
    return value


def _size(table: Table, key: str, refuse: Refuse) -> int:
    """A size in bytes, of ``16G``, ``16 GiB`` or ``16GB``; all count by 1024."""
    found = _SIZE.fullmatch(str(table.get(key, "0K")))
    if found is None:
        raise refuse(f"{key} is no size.", key, f'Write {key} = "16G".')
    return round(float(found[1]) * _UNITS[found[2].upper()])
