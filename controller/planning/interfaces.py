"""A built file beside the one whose place it takes: exports, libraries, symbols, content.

Symbols of ELF are ``name`` or ``name@VERSION``. A name without a version is met by any version of it, as the loader
does it; a versioned one by itself, or by a library that knows no versions.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.differences import Difference, SymbolChange
from controller.domain.recipes import Origin, RunExports
from controller.planning.records import place_of
from controller.planning.specs import bound_of, name_of
from workers.contract.interfaces import InterfaceFacts, LibraryFacts

_SHOWN = 20
_NUMBER = re.compile(r"_\d+$")
_MODULE = re.compile(r"\.(cpython|pypy|abi3)[^/]*\.(so|dylib)$|\.pyd$")
"""Modules of Python: they are loaded by name and path, and nobody links what they export."""
_ELF = "elf"
_SEPARATOR = "@"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered under one library name: its symbols, and the same without their versions."""

    symbols: frozenset[str]
    bare: frozenset[str]

    @classmethod
    def of(cls, symbols: Iterable[str]) -> "Offer":
        """The offer of these symbols."""
        found = frozenset(symbols)
        return cls(found, frozenset(symbol.split(_SEPARATOR, 1)[0] for symbol in found))

    def meets(self, symbol: str) -> bool:
        """Whether whoever asks for ``symbol`` finds it here."""
        if symbol in self.symbols:
            return True
        name, versioned, _ = symbol.partition(_SEPARATOR)
        return name in self.symbols if versioned else name in self.bare

    def replaces(self, other: "Offer") -> bool:
        """Whether nobody whom ``other`` served is left out here.

        A name that had no version served those who ask for any version of it; one that has got a version does not.
        """
        return all(s in self.symbols or (_SEPARATOR in s and self.meets(s)) for s in other.symbols)


NOTHING = Offer(frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Break:
    """One library name whose offer shrank, or that is gone: then ``after`` is None."""

    library: str
    before: Offer
    after: Offer | None


def compare(
    before: Artifact | None, after: Artifact, old: InterfaceFacts | None, new: InterfaceFacts | None,
    predicted: RunExports,
) -> Difference:  # fmt: skip
    """``after`` was built in the place of ``before``; ``old`` and ``new`` are their libraries, where known.

    ``predicted`` is what its recipe promised to export.
    """
    unpredicted = tuple(_told(after.run_exports)) if _differ(after.run_exports, predicted) else ()
    if before is None:
        return Difference(place_of(after), unpredicted=unpredicted, unreadable=_unreadable(new))
    then, now = _told(before.run_exports), _told(after.run_exports)
    libraries = _compare_libraries(old, new) if old and new else _Libraries()
    return Difference(
        file=place_of(after),
        before=place_of(before),
        unchanged=is_unchanged(before, after),
        pins=tuple(sorted({name_of(d.spec) for d in after.depends if _is_exact(d)})),
        exports_gone=tuple(spec for spec in then if spec not in now),
        exports_come=tuple(spec for spec in now if spec not in then),
        unpredicted=unpredicted,
        libraries_gone=libraries.gone,
        libraries_come=libraries.come,
        symbols=libraries.symbols,
        unreadable=_unreadable(new),
        unknown=_unknown(old, new),
    )


def is_unchanged(before: Artifact, after: Artifact) -> bool:
    """Whether it installs the same, exports the same and asks for the same, build numbers of exact pins apart."""
    if not before.content or before.content != after.content or before.noarch != after.noarch:
        return False
    if _differ(before.run_exports, after.run_exports) or before.track_features != after.track_features:
        return False
    return _asks(before.depends) == _asks(after.depends) and _asks(before.constrains) == _asks(after.constrains)


def find_still(differences: Collection[Difference], names: Mapping[str, str]) -> frozenset[str]:
    """Files that are unchanged together with all that they pin exactly. ``names`` are the packages' by file."""
    still = {found.file for found in differences if found.unchanged}
    while True:
        moved = {names[found.file] for found in differences if found.file not in still}
        left = {found.file for found in differences if found.file in still and moved.isdisjoint(found.pins)}
        if left == still:
            return frozenset(still)
        still = left


def find_breaks(old: InterfaceFacts, new: InterfaceFacts, elsewhere: Collection[str] = ()) -> tuple[Break, ...]:
    """Library names of the old file that offer less in the new one.

    ``elsewhere`` are the names that other new files offer: what moved there is not gone. Nothing is said of what
    could not be read, or was too large to be told.
    """
    then, now = _by_name(old), _by_name(new)
    unread = {bad.path.rsplit("/", 1)[-1] for bad in new.unreadable}
    everything = Offer.of(symbol for libraries in now.values() for lib in libraries for symbol in lib.exported)
    found = []
    for name, libraries in then.items():
        if any(lib.cut or lib.path.rsplit("/", 1)[-1] in unread for lib in (*libraries, *now.get(name, ()))):
            continue
        before = Offer.of(symbol for lib in libraries for symbol in lib.exported)
        if name not in now:
            if name not in elsewhere and not unread:
                found.append(Break(name, before, None))
            continue
        # a loader of ELF looks through all libraries of a process, so that a symbol may move to a sibling
        shared = all(lib.format == _ELF for lib in now[name])
        after = everything if shared else Offer.of(symbol for lib in now[name] for symbol in lib.exported)
        if not after.replaces(before):
            found.append(Break(name, before, after))
    return tuple(found)


def broken_uses(user: InterfaceFacts, breaks: Sequence[Break]) -> dict[str, tuple[str, ...]]:
    """Library name to what of it a user asks for and will not find; no symbols where the library itself is gone."""
    by_name = {broken.library: broken for broken in breaks}
    found: dict[str, dict[str, None]] = {}
    for library in user.libraries:
        for name in library.needed:
            broken = by_name.get(name)
            if broken is None:
                continue
            lacking = [symbol for symbol in _asked(library, name) if _is_lacking(symbol, broken)]
            if broken.after is None or lacking:
                found.setdefault(name, {}).update(dict.fromkeys(lacking if broken.after else ()))
    return {name: tuple(sorted(symbols)) for name, symbols in sorted(found.items())}


def _asked(library: LibraryFacts, name: str) -> Iterator[str]:
    yield from library.imported.get(name, ())
    yield from library.imported.get("", ())


def _is_lacking(symbol: str, broken: Break) -> bool:
    return broken.before.meets(symbol) and not (broken.after or NOTHING).meets(symbol)


@dataclass(frozen=True, slots=True)
class _Libraries:
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()
    symbols: tuple[SymbolChange, ...] = ()


def _compare_libraries(old: InterfaceFacts, new: InterfaceFacts) -> _Libraries:
    then, now = _by_name(old), _by_name(new)
    breaks = {broken.library: broken for broken in find_breaks(old, new)}
    gone = tuple(name for name, broken in breaks.items() if broken.after is None)
    changes = (_symbols(name, then[name], now[name], breaks.get(name)) for name in sorted(then.keys() & now.keys()))
    return _Libraries(
        gone=gone,
        come=tuple(name for name in now if name not in then),
        symbols=tuple(change for change in changes if change.removed_count or change.added_count),
    )


def _symbols(name: str, old: Sequence[LibraryFacts], new: Sequence[LibraryFacts], broken: Break | None) -> SymbolChange:
    if any(library.cut for library in (*old, *new)):
        return SymbolChange(name)
    removed = [symbol for symbol in broken.before.symbols if _is_lacking(symbol, broken)] if broken else []
    before = {symbol for library in old for symbol in library.exported}
    after = {symbol for library in new for symbol in library.exported}
    return SymbolChange(name, tuple(sorted(removed)[:_SHOWN]), len(removed), len(after - before))


def _by_name(facts: InterfaceFacts) -> dict[str, list[LibraryFacts]]:
    found: dict[str, list[LibraryFacts]] = {}
    for library in facts.libraries:
        if library.name and not _MODULE.search(library.name):
            found.setdefault(library.name, []).append(library)
    return found


def _told(exports: RunExports) -> list[str]:
    return [f"{kind}: {spec}" for kind in RunExports.__slots__ for spec in getattr(exports, kind)]


def _differ(one: RunExports, other: RunExports) -> bool:
    return _meant(one) != _meant(other)


def _meant(exports: RunExports) -> set[tuple[str, str]]:
    return {(kind, _plain(spec)) for kind in RunExports.__slots__ for spec in getattr(exports, kind)}


def _plain(spec: str) -> str:
    """The spec as the solver reads it: recipes and builders set blanks and brackets each in their own way."""
    bound = bound_of(spec)
    if bound.version is None and not bound.build:
        return spec.strip()  # a bare name, or what nobody can take apart
    return f"{bound.name} {bound.version or '*'} {bound.build}".strip()


def _asks(dependencies: Sequence[Dependency]) -> list[str]:
    return sorted(_numberless(dependency) for dependency in dependencies)


def _numberless(dependency: Dependency) -> str:
    return _NUMBER.sub("", dependency.spec) if _is_exact(dependency) else dependency.spec


def _is_exact(dependency: Dependency) -> bool:
    return dependency.origin is Origin.EXACT_PIN or bound_of(dependency.spec).names_one_build


def _unreadable(facts: InterfaceFacts | None) -> tuple[str, ...]:
    return tuple(f"{bad.path}: {bad.why}" for bad in facts.unreadable[:_SHOWN]) if facts else ()


def _unknown(old: InterfaceFacts | None, new: InterfaceFacts | None) -> str:
    if new is None or not (new.libraries or new.unreadable):
        return ""
    if old is None:
        return "those of the file before were never read"
    cut = [library.name or library.path for library in (*old.libraries, *new.libraries) if library.cut]
    return f"{cut[0]} has too many symbols" if cut else ""
