"""The tables ``tree.expected`` of a tree's ``farm.toml``: what is known to fail, and breaks nothing while it does."""

from datetime import date
from typing import Any

from controller.domain.cases import case_name
from controller.domain.expected import Expected, ExpectedKind
from controller.gateways.tree_tables import Refuse, Table, packages_of, read_tables, texts

_KEYS = ("packages", "subdirs", "kind", "case", "why", "until")


def read_expected(tables: Any, refuse: Refuse) -> tuple[Expected, ...]:
    """The expected failures that these tables say. Raises what ``refuse`` answers."""
    return read_tables(tables, "expected", _expected, refuse)


def _expected(table: Table, refuse: Refuse) -> Expected:
    packages = packages_of(table, "expected", _KEYS, refuse)
    kind = table.get("kind", "")
    if kind not in list(ExpectedKind):
        raise refuse(f"{kind!r} is no kind of failure.", "kind", f"Name one of {', '.join(ExpectedKind)}.")
    case = _text(table, "case", refuse)
    if case and kind != ExpectedKind.TEST:
        raise refuse("a build has no cases.", "case", 'Write kind = "test", or leave the case out.')
    why = _text(table, "why", refuse)
    if not why:
        raise refuse("an expected failure has no why.", "expected", "Say why, for those who come after.")
    kind, subdirs = ExpectedKind(kind), texts(table, "subdirs", refuse)
    return Expected(packages, kind, why, _until(table, refuse), subdirs, case_name(case))


def _text(table: Table, key: str, refuse: Refuse) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise refuse(f"{key} is no text.", key, f'Write {key} = "...".')
    return value.strip()


def _until(table: Table, refuse: Refuse) -> date | None:
    """The end is asked for, so that leaving it out is no slip; ``never`` says that there is none."""
    until = table.get("until")
    if until == "never":
        return None
    if type(until) is not date:  # a datetime is a date too
        remedy = "Write until = 2027-01-31, or until = 'never'."
        raise refuse("an expected failure has no day on which it ends.", "expected", remedy)
    return until
