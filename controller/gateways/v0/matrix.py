"""Which combinations of variant values a ``meta.yaml`` is built for, and what it is for each.

A key is used when a selector or Jinja speaks of it, when a bare build or host dependency has its name, or when a
compiler or ``stdlib`` needs it (conda-build's ``metadata.get_used_vars``). Which keys are used can itself depend on
the variant, so they are gathered until no combination adds one.
"""

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from rattler import Version
from rattler.exceptions import InvalidVersionError

from controller.gateways.combinations import combinations
from controller.gateways.pins import Pins, key_for
from controller.gateways.v0.evaluated import Evaluated
from controller.gateways.v0.evaluating import Form, Source

_CALL = re.compile(r"(compiler|stdlib)\('([^']*)'\)")
_BARE = re.compile(r"([A-Za-z0-9_][\w.\-]*)(?:\s+x\.x)?")
_PYTHON = "python"
_BUILD_ONLY = ("python", "numpy")
"""conda-build's default of ``ignore_build_only_deps``."""
_FALSE = frozenset({"", "false", "no", "off", "0", "none"})


@dataclass(frozen=True, slots=True)
class Member:
    """One combination and the form that the recipe has for it."""

    variant: Mapping[str, str]
    form: Form
    keys: frozenset[str]
    """The keys that are used for it, each in ``variant``."""


def members(source: Source, pins: Pins, platform: str) -> list[Member]:
    """Every combination, in the order of the pin files; those that skip themselves are left out."""
    return [member for member in _all(source, pins, platform) if not skips(member.form.document)]


def _all(source: Source, pins: Pins, platform: str) -> list[Member]:
    used = frozenset(name for name in source.selectors if name in pins.values)
    keys: dict[int, frozenset[str]] = {}  # of each form; the source keeps them, so that their ids stay
    while True:
        firsts = _firsts(_Same(pins))  # for keys that are not known to be used yet
        formed = [(variant, source.form(platform, ChainMap(variant, firsts))) for variant in combinations(pins, used)]
        for _, form in formed:
            if id(form) not in keys:
                keys[id(form)] = _keys(form, pins)
        found = [Member(variant, form, keys[id(form)]) for variant, form in formed]
        if len(pins.values.get(_PYTHON, ())) > 1 and found and _noarch(found[0].form.document):
            pins = _newest(_Same(pins))
            keys.clear()
            continue
        more = frozenset[str]().union(*(member.keys for member in found)) - used
        if not more:
            return found
        used |= more


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Pins as a key of a cache: the same object, not an equal one."""

    pins: Pins

    def __hash__(self) -> int:
        return id(self.pins)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.pins is self.pins


@lru_cache(maxsize=16)
def _firsts(of: _Same) -> dict[str, str]:
    return {key: values[0] for key, values in of.pins.values.items() if values}


@lru_cache(maxsize=16)
def _newest(of: _Same) -> Pins:
    """Only the newest python, with what goes together with it: one noarch package is for all of them.

    conda-build's ``render.distribute_variants`` filters so before it looks at anything else.
    """
    values = dict(of.pins.values)
    pythons = values[_PYTHON]
    place = max(range(len(pythons)), key=lambda at: _version(pythons[at]))
    together = next((group for group in of.pins.zip_keys if _PYTHON in group), (_PYTHON,))
    values |= {key: values[key][place : place + 1] for key in together if key in values}
    return replace(of.pins, values=values, zip_keys=tuple(g for g in of.pins.zip_keys if _PYTHON not in g))


def _version(value: str) -> Version:
    try:
        return Version(value.partition(" ")[0].rstrip("*.") or "0")
    except InvalidVersionError:
        return Version("0")


def skips(document: Mapping[str, Any]) -> bool:
    """Whether ``build: skip`` holds."""
    build = document.get("build")
    return isinstance(build, Mapping) and truth(build.get("skip"))


def truth(value: object) -> bool:
    """A flag, however it was written."""
    return value if isinstance(value, bool) else str(value or "").strip().lower() not in _FALSE


def _keys(form: Form, pins: Pins) -> frozenset[str]:
    keys = {name for name in form.names if name in pins.values}
    keys.update(_of_calls(form, pins))
    keys.update(_of_dependencies(form.document, pins))
    return frozenset(keys)


def _of_calls(form: Form, pins: Pins) -> Iterator[str]:
    for call in form.calls:
        found = _CALL.fullmatch(call)
        if found:
            names = [f"{found[2]}_{found[1]}", f"{found[2]}_{found[1]}_version", "CONDA_BUILD_SYSROOT"]
            yield from (name for name in names if name in pins.values)
    if "cdt" in form.names:
        yield from (name for name in ("cdt_name", "cdt_arch") if name in pins.values)


def _of_dependencies(document: Mapping[str, Any], pins: Pins) -> Iterator[str]:
    """Bare names in build and host, but those that a tool alone needs (conda-build's ``trim_build_only_deps``)."""
    ignored = pins.joined.get("ignore_build_only_deps") or _BUILD_ONLY
    for place in (document, *_listed(document.get("outputs"))):
        requirements = place.get("requirements") if isinstance(place, Mapping) else None
        if not isinstance(requirements, Mapping):
            continue
        build, host, run = (list(_specs(requirements.get(section))) for section in ("build", "host", "run"))
        elsewhere = {spec.split(" ")[0] for spec in host} | set(run)
        for spec in (*build, *host):
            bare = _BARE.fullmatch(spec)
            key = key_for(pins, bare[1].lower()) if bare else None
            if bare and key and (key not in ignored or bare[1] in elsewhere):
                yield key


def _specs(value: object) -> Iterator[str]:
    yield from (entry.strip() for entry in _listed(value) if isinstance(entry, str) and entry.strip())


def _noarch(place: Mapping[str, Any]) -> bool:
    build = place.get("build")
    said = [build.get("noarch"), build.get("noarch_python")] if isinstance(build, Mapping) else []
    return truth(place.get("noarch")) or any(truth(value) for value in said)


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _spoken(form: Form) -> frozenset[str]:
    """Names that the whole recipe depends on; ``cdt('x')`` is text by now, and its keys must not be lost."""
    return form.used | {"cdt_name", "cdt_arch"} if "cdt" in form.names else form.used


def evaluated(group: Iterable[Member], pins: Pins) -> Evaluated:
    """What translation starts from: the form that the members share, and the first one's variant."""
    first = next(iter(group))
    form = first.form
    return Evaluated(
        document=form.document,
        variant={key: value for key, value in first.variant.items() if key in first.keys},
        used=frozenset(name for name in _spoken(form) if name in pins.values),
        used_by_output=tuple(
            frozenset(name for name in names if name in pins.values and name not in form.used)
            for names in form.used_by_output
        ),
    )
