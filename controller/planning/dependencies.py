"""Labelled edges between outputs: who needs whom, where, and how firmly (rebuild-semantics 2.2)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.domain.recipes import Origin, Output, Requirement, Section
from controller.planning.providers import Providers
from controller.planning.specs import name_of


class EdgeKind(StrEnum):
    """How one output needs another."""

    BUILD = "build"
    HOST = "host"
    RUN = "run"
    CONSTRAINS = "constrains"
    TEST = "test"
    WEAK = "weak export"
    """Drawn into run by something in host."""
    STRONG = "strong export"
    """Drawn into host and run by something in build, or into run by something in host."""
    NOARCH = "noarch export"
    EXACT = "exact pin"
    STATIC = "static or header use"
    """Stood in host, and nothing of it shows in the artifact's record."""


HARD = frozenset({EdgeKind.BUILD, EdgeKind.HOST})
RUNNING = frozenset({EdgeKind.RUN, EdgeKind.WEAK, EdgeKind.STRONG, EdgeKind.NOARCH, EdgeKind.EXACT})
_OF_SECTION = {
    Section.BUILD: EdgeKind.BUILD,
    Section.HOST: EdgeKind.HOST,
    Section.RUN: EdgeKind.RUN,
    Section.CONSTRAINS: EdgeKind.CONSTRAINS,
    Section.TEST: EdgeKind.TEST,
}


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement as it will be, exports included. ``exporter`` drew it in, where somebody did."""

    kind: EdgeKind
    name: str
    spec: str
    origin: Origin = Origin.TEXT
    exporter: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """``user`` needs ``provider``; both are places in the sequence of outputs."""

    provider: int
    user: int
    need: Need


def needs_of(user: int, providers: Providers) -> Iterator[Need]:
    """Everything an output will need: what its recipe says, and what its parents' exports add to that."""
    output = providers.outputs[user]
    for requirement in output.requirements:
        yield _need(requirement)
    for spec in output.test_requirements:
        yield Need(EdgeKind.TEST, name_of(spec), spec)
    yield from _exported(user, output, providers)


def edges_of(outputs: Sequence[Output]) -> Iterator[Edge]:
    """All edges among these outputs. What none of them provides is somebody else's and has no edge."""
    providers = Providers.of(outputs)
    for user in range(len(outputs)):
        for need in needs_of(user, providers):
            for provider in providers.of_name(need.name, user):
                if provider != user:
                    yield Edge(provider, user, need)


def _need(requirement: Requirement) -> Need:
    exact = requirement.origin is Origin.EXACT_PIN and requirement.section is Section.RUN
    kind = EdgeKind.EXACT if exact else _OF_SECTION[requirement.section]
    return Need(kind, requirement.name, requirement.spec, requirement.origin)


def _exported(user: int, output: Output, providers: Providers) -> Iterator[Need]:
    seen: set[tuple[EdgeKind, str]] = set()
    for requirement in output.in_section(Section.BUILD, Section.HOST):
        if requirement.name in output.ignored_exporters:
            continue
        for provider in providers.of_name(requirement.name, user):
            if provider == user:
                continue
            for kind, spec in _taken(requirement.section, output, providers.outputs[provider]):
                if name_of(spec) not in output.ignored_exports and (kind, spec) not in seen:
                    seen.add((kind, spec))
                    yield Need(kind, name_of(spec), spec, Origin.RUN_EXPORT, requirement.name)


def _taken(section: Section, user: Output, exporter: Output) -> Iterable[tuple[EdgeKind, str]]:
    """Which exports of a direct build or host requirement a user takes (rebuild-semantics 2.2, the table)."""
    exports = exporter.run_exports
    if not exports:
        return
    if section is Section.BUILD:
        yield from ((EdgeKind.HOST, spec) for spec in exports.strong)
        if not user.noarch:
            yield from ((EdgeKind.STRONG, spec) for spec in exports.strong)
            yield from ((EdgeKind.CONSTRAINS, spec) for spec in exports.strong_constrains)
    elif user.noarch:
        yield from ((EdgeKind.NOARCH, spec) for spec in exports.noarch)
    else:
        yield from ((EdgeKind.WEAK, spec) for spec in exports.weak)
        yield from ((EdgeKind.STRONG, spec) for spec in exports.strong)
        yield from ((EdgeKind.CONSTRAINS, spec) for spec in (*exports.weak_constrains, *exports.strong_constrains))
