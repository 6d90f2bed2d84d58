"""A rendered output, in the farm's own words."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any

from controller.domain.recipes import NO_EXPORTS, Origin, Output, Requirement, RunExports, Section
from controller.gateways.rendering import Rendered
from controller.planning.pins import pin_spec

_SECTIONS = {
    Section.BUILD: "build",
    Section.HOST: "host",
    Section.RUN: "run",
    Section.CONSTRAINS: "run_constraints",
}
_EXPORTS = {
    "weak": "weak",
    "strong": "strong",
    "noarch": "noarch",
    "weak_constrains": "weak_constraints",
    "strong_constrains": "strong_constraints",
}
_PROSE = ("about", "extra", "context", "schema_version")
_PLAIN = re.compile(r"[0-9A-Za-z.]+")


def make_output(
    rendered: Rendered, siblings: Sequence[Rendered], recipe: str, subdir: str, lasting_hash: str, files: str,
    fingerprint: str = "",
) -> Output:  # fmt: skip
    """``lasting_hash`` is the hash of the used variant whatever the build number; ``files`` digests the folder.

    ``fingerprint`` is given where the rendered document is not what the recipe says.
    """
    requirements = rendered.document.get("requirements") or {}
    ignored = requirements.get("ignore_run_exports") or {}
    tests = [test for test in rendered.document.get("tests") or () if "package_contents" not in test]
    return Output(
        recipe=recipe,
        name=rendered.name,
        version=rendered.version,
        build=rendered.build,
        build_number=rendered.build_number,
        hash=lasting_hash,
        subdir="noarch" if rendered.noarch else subdir,
        target_platform=subdir,
        noarch=rendered.noarch,
        variant=rendered.variant,
        requirements=tuple(_requirements(rendered, siblings)),
        run_exports=_run_exports(rendered, siblings, requirements.get("run_exports")),
        ignored_exports=frozenset(_listed(ignored.get("by_name"))),
        ignored_exporters=frozenset(_listed(ignored.get("from_package"))) | _stable_interface(rendered),
        tests=len(tests),
        test_requirements=_of_tests(tests),
        fingerprint=fingerprint or _fingerprint(rendered, files),
    )


def _stable_interface(rendered: Rendered) -> frozenset[str]:
    """A build for every later Python takes none of its exports (CEP 20)."""
    python = (rendered.document.get("build") or {}).get("python") or {}
    return frozenset({"python"}) if python.get("version_independent") else frozenset()


def _of_tests(tests: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(spec for test in tests for spec in _test_requirements(test)))


def _requirements(rendered: Rendered, siblings: Sequence[Rendered]) -> Iterator[Requirement]:
    places = [rendered.document.get("requirements") or {}]
    places += [cache.get("requirements") or {} for cache in rendered.document.get("staging_caches") or ()]
    seen = set()
    for place in places:
        for section, key in _SECTIONS.items():
            for entry in _listed(place.get(key)):
                found = _requirement(section, entry, rendered, siblings)
                if found not in seen:
                    seen.add(found)
                    yield found


def _requirement(section: Section, entry: Any, rendered: Rendered, siblings: Sequence[Rendered]) -> Requirement:
    if isinstance(entry, Mapping):
        return _pinned(section, entry, rendered, siblings)
    spec = str(entry)
    name = name_of(spec)
    if spec == name and section in {Section.BUILD, Section.HOST}:
        value = _variant_value(name, rendered.variant)
        if value:
            return Requirement(section, name, f"{name} {value}", Origin.VARIANT)
    return Requirement(section, name, spec)


def _pinned(
    section: Section, entry: Mapping[str, Any], rendered: Rendered, siblings: Sequence[Rendered]
) -> Requirement:
    kind, pin = next(iter(entry.items()))
    name = str(pin["name"]).lower()
    if kind == "pin_compatible":  # its bound comes from what is found in the host environment, only then
        return Requirement(section, name, name, Origin.PIN_COMPATIBLE)
    origin = Origin.EXACT_PIN if pin.get("exact") else Origin.PIN_SUBPACKAGE
    return Requirement(section, name, _pin(pin, rendered, siblings), origin)


def _pin(pin: Mapping[str, Any], rendered: Rendered, siblings: Sequence[Rendered]) -> str:
    name = str(pin["name"])
    if name == rendered.name:
        return pin_spec(pin, rendered.version, rendered.build)
    build = rendered.exact.get(name, "")
    named = [sibling for sibling in siblings if sibling.name == name]
    chosen = next((sibling for sibling in named if sibling.build == build), named[0] if named else None)
    return pin_spec(pin, chosen.version, build or chosen.build) if chosen else name


def _run_exports(rendered: Rendered, siblings: Sequence[Rendered], document: Any) -> RunExports:
    if not document:
        return NO_EXPORTS
    by_kind = document if isinstance(document, Mapping) else {"weak": document}
    return RunExports(
        **{
            kind: tuple(_export(entry, rendered, siblings) for entry in _listed(by_kind.get(key)))
            for kind, key in _EXPORTS.items()
        }
    )


def _export(entry: Any, rendered: Rendered, siblings: Sequence[Rendered]) -> str:
    return _requirement(Section.RUN, entry, rendered, siblings).spec


def _test_requirements(test: Mapping[str, Any]) -> Iterator[str]:
    for key in ("run", "build"):
        yield from (str(spec) for spec in _listed((test.get("requirements") or {}).get(key)))
    if test.get("downstream"):
        yield str(test["downstream"])
    python = test.get("python")
    if isinstance(python, Mapping) and python.get("pip_check", True):
        yield "pip"


def _variant_value(name: str, variant: Mapping[str, str]) -> str:
    """What a bare name in build or host is narrowed to by the pin of that name (``-``, ``_`` and ``.`` are one)."""
    value = variant.get(re.sub("[-.]", "_", name)) or variant.get(name) or ""
    return f"{value}.*" if _PLAIN.fullmatch(value) else value


def _fingerprint(rendered: Rendered, files: str) -> str:
    """Digest of all that can alter the build; prose and the build number can not."""
    document = {key: value for key, value in rendered.document.items() if key not in _PROSE}
    build = dict(document.get("build") or {})
    build.pop("number", None)
    build["string"] = _without_number(rendered)
    text = json.dumps(document | {"build": build}, sort_keys=True, default=str)
    return sha256(f"{text}\0{files}".encode()).hexdigest()


def _without_number(rendered: Rendered) -> str:
    text = rendered.build.replace(rendered.hash, "<hash>") if rendered.hash else rendered.build
    return re.sub(rf"(?<![0-9A-Za-z.]){rendered.build_number}(?![0-9A-Za-z.])", "<number>", text)


@lru_cache(maxsize=65_536)
def name_of(spec: str) -> str:
    """The package that a match spec speaks of."""
    return re.split(r"[\s\[=<>!~]", spec.rsplit("::", 1)[-1].strip(), maxsplit=1)[0].lower()


def _listed(entry: Any) -> list[Any]:
    if entry is None:
        return []
    return list(entry) if isinstance(entry, list | tuple) else [entry]
