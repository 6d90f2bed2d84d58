"""Why an environment could not be solved: the builder drops the solver's words, so it is asked once more.

The builder writes what it asked for into its log before it solves (platform, virtual packages, specs); that is
taken from there, so the question is the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.builders.orders import Priority

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

_PLATFORM = re.compile(r"^\s+Platform: (?P<platform>\S+) \[(?P<virtual>.*)\]")
_SPEC = re.compile(r"^\s+- (?P<spec>.+)$")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of the solver last."""

    platform: str
    virtual_packages: tuple[str, ...]
    specs: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Solved:
    """The question has an answer after all."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """It has none, in the solver's words."""

    words: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The channels could not be read."""

    why: str


Answer = Solved | Contradiction | Unreachable


def last_question(lines: Sequence[str]) -> Question | None:
    """The last environment that the builder tried to solve, read from its log."""
    start = next((at for at in reversed(range(len(lines))) if _PLATFORM.match(lines[at])), None)
    if start is None:
        return None
    found = _PLATFORM.match(lines[start])
    assert found is not None  # noqa: S101 -- the line was chosen because it matches
    listed: dict[str, list[str]] = {"Channels:": [], "Specs:": []}
    heading = ""
    for line in lines[start + 1 :]:
        item = _SPEC.match(line)
        if item and heading:
            listed[heading].append(item["spec"].strip())
        elif line.strip() in listed:
            heading = line.strip()
        else:
            break
    virtual = tuple(name for name in found["virtual"].split(", ") if name)
    return Question(found["platform"], virtual, tuple(listed["Specs:"]), tuple(listed["Channels:"]))


def ask_again(question: Question, priority: Priority) -> Answer:
    """Solve the same question with py-rattler, which keeps the solver's words."""
    import asyncio

    from rattler.exceptions import FetchRepoDataError, GatewayError, IoError, SolverError

    try:
        asyncio.run(_solve(question, priority))
    except SolverError as error:
        return Contradiction(str(error).strip())
    except (GatewayError, FetchRepoDataError, IoError, OSError) as error:
        return Unreachable(str(error).strip())
    return Solved()


async def _solve(question: Question, priority: Priority) -> None:
    from rattler import Gateway, Subdir, solve
    from rattler.channel import ChannelPriority

    await solve(
        list(question.channels),
        list(question.specs),
        gateway=Gateway(),
        platforms=[Subdir(question.platform), Subdir("noarch")],
        virtual_packages=[_virtual(text) for text in question.virtual_packages],
        channel_priority=ChannelPriority.Strict if priority == "strict" else ChannelPriority.Disabled,
    )


def _virtual(text: str) -> "GenericVirtualPackage":
    from rattler import BuildString, GenericVirtualPackage, PackageName, Version

    name, version, build = (*text.split("="), "0", "0")[:3]
    return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
