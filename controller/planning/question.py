"""A question to the decision, beyond what lies in a tree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from controller.domain.errors import InvalidInputError
from controller.planning.policy import Scope
from controller.planning.specs import version_of

_MIGRATION = re.compile(r"[\w.+-]+\.ya?ml")
_NAME = re.compile(r"[a-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked beyond what lies in the tree."""

    supposed: tuple[tuple[str, str], ...] = ()
    """Packages, each with the version that it is supposed to have."""
    since: str | None = None
    """A commit: the target is then what the tree said there, all of it built, and not what testing holds."""
    channel: str = ""
    """A conda channel: the target is then what its index tells."""
    pins: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Pins of the tree, each with the values that it is supposed to have."""
    migrations: tuple[tuple[str, str], ...] = ()
    """Migrations, by name and text, that are supposed to lie beside the tree's pins."""
    scope: Scope | None = None
    """In place of the scope that the tree's policy says."""


NOTHING_ELSE = Question()


def pins_of(texts: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """``python_min=3.11`` or ``openssl=3.4,3.5`` taken apart. Raises InvalidInputError."""
    found = []
    for text in texts:
        key, sign, values = text.partition("=")
        if not (key and sign and values):
            raise InvalidInputError(f"{text!r} is no pin with a value.", remedy="Write python_min=3.11.")
        found.append((key.strip().replace("-", "_"), tuple(value.strip() for value in values.split(","))))
    return tuple(found)


def migrations_of(files: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Names and texts of migrations, checked to be such. Raises InvalidInputError."""
    for name, text in files:
        if not _MIGRATION.fullmatch(name):
            raise InvalidInputError(f"{name!r} is no name of a migration.", remedy="Name it like python315.yaml.")
        if not any(word in text for word in ("__migrator", "migrator_ts")):
            remedy = "Give it a table __migrator, as conda-forge's have; for a plain pin there is --pin."
            raise InvalidInputError(f"{name} is no migration.", remedy=remedy)
    names = [name for name, _ in files]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise InvalidInputError(f"{twice} is given twice.", remedy="Give each migration a name of its own.")
    return tuple(files)


def supposed_of(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """``mkl=2026.1`` taken apart, several of them. Raises InvalidInputError."""
    found = []
    for text in texts:
        name, sign, version = text.partition("=")
        name, version = name.strip().lower(), version.strip("= ")
        if not (sign and _NAME.fullmatch(name) and version and version_of(version)):
            raise InvalidInputError(f"{text!r} is no package with a version.", remedy="Write mkl=2026.1.")
        found.append((name, version))
    return tuple(found)
