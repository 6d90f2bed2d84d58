"""The packages that a ``meta.yaml`` makes, each with what it has from the recipe as a whole, and what names it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from controller.gateways.v0.evaluated import Evaluated
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.matrix import truth
from controller.gateways.v0.translation.requirements import by_section


@dataclass(frozen=True, slots=True)
class Outline:
    """One package of a recipe: its own description, with what it has from the recipe as a whole filled in."""

    name: str
    version: str
    build: Mapping[str, Any]
    requirements: Any
    said: Mapping[str, Any]
    """The entry of ``outputs``; the recipe itself where it makes one package."""
    used: frozenset[str]
    place: str
    """Where it stands: ``outputs[2]``, empty for the recipe itself."""
    top: bool
    """Whether it is what the recipe itself describes: same name, same script."""


def build_bones(outline: Outline) -> dict[str, Any]:
    """Number, string, noarch and variant: what the name is made of."""
    build = outline.build
    made: dict[str, Any] = {"number": number_of(build)}
    if build.get("string"):
        made["string"] = str(build["string"])
    noarch = noarch_of(build)
    if noarch:
        made["noarch"] = noarch
    variant = _variant(outline)
    return made | ({"variant": variant} if variant else {})


def number_of(build: Mapping[str, Any]) -> int:
    """The build number; an empty one is 0. Raises V0Error for what is no number."""
    said = str(build.get("number") or "0").strip()
    if not said.isdigit():
        raise V0Error(f"its build number is {said!r}.", remedy="Write a whole number.")
    return int(said)


def noarch_of(build: Mapping[str, Any]) -> str:
    """``generic``, ``python`` or empty."""
    if truth(build.get("noarch_python")):
        return "python"
    said = build.get("noarch")
    if said is True or str(said).lower() == "true":
        return "generic"
    return str(said).lower() if truth(said) else ""


def _variant(outline: Outline) -> dict[str, Any]:
    build = outline.build
    used = set(outline.used) | set(_listed(build.get("force_use_keys")))
    made: dict[str, Any] = {"use_keys": sorted(used)} if used else {}
    ignored = _listed(build.get("force_ignore_keys"))
    if ignored:
        made["ignore_keys"] = sorted(ignored)
    features = _listed(build.get("track_features"))
    return made | ({"down_prioritize_variant": min(len(features), 127)} if features else {})


def _listed(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    return [word for entry in entries if entry is not None for word in str(entry).split()]


def outlines(evaluated: Evaluated) -> Iterator[Outline]:
    """Every package that the recipe makes (conda-build's ``get_output_metadata``)."""
    document = evaluated.document
    package, build = mapping(document.get("package")), mapping(document.get("build"))
    name, version = str(package.get("name") or ""), str(package.get("version") or "")
    outputs = document.get("outputs")
    if not outputs:
        if not name:
            raise V0Error("it has no package name.", remedy="Add `package: name:`.")
        used = evaluated.used.union(*evaluated.used_by_output)
        requirements = _of_its_own(by_section(document.get("requirements")), "", number_of(build))
        yield Outline(name.lower(), version, build, requirements, document, used, "", top=True)
        return
    if not isinstance(outputs, list):
        raise V0Error("its outputs are no list.", remedy="Write `outputs:` as a list of `- name: ...`.")
    found = [said for said in outputs if isinstance(said, Mapping)]
    for place, said in enumerate([*found, *_metapackage(document, found, name)]):
        own = _outline(evaluated, place, said, name, version)
        if not truth(own.build.get("skip")):
            yield own


def _metapackage(document: Mapping[str, Any], outputs: list[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """The recipe's own name becomes a package too where the recipe itself runs with one of its packages, or pins one.

    conda-build's ``uses_subpackage``.
    """
    names = {str(said.get("name") or name) for said in outputs}
    if not name or name in names:
        return []
    whole = by_section(document.get("requirements"))
    runs = any(spec.split()[0] in names for spec in whole.get("run", ()))
    pinned = any("${{ pin_subpackage(" in spec for specs in whole.values() for spec in specs)
    return [{"name": name}] if pinned or runs else []


def _outline(evaluated: Evaluated, place: int, said: Mapping[str, Any], name: str, version: str) -> Outline:
    document = evaluated.document
    top = str(said.get("name") or name) == name and bool(name)
    named = str(said.get("name") or name).lower()
    if not named:
        raise V0Error(f"outputs[{place}] has no name.", remedy="Add `name:` to it.")
    build = _build(said, mapping(document.get("build")), top=top)
    requirements = by_section(said.get("requirements"))
    if top:  # conda-build's combine_top_level_metadata_with_output: section by section, what it does not say itself
        requirements = {**by_section(document.get("requirements")), **requirements}
    used = evaluated.used | (evaluated.used_by_output[place] if place < len(evaluated.used_by_output) else frozenset())
    own = _of_its_own(requirements, named, number_of(build))
    return Outline(named, str(said.get("version") or version), build, own, said, used, f"outputs[{place}]", top=top)


def _build(said: Mapping[str, Any], whole: Mapping[str, Any], *, top: bool) -> dict[str, Any]:
    """An output's own build section takes the place of the recipe's, all but the number."""
    legacy = ("number", "string", "run_exports", "track_features", "noarch", "noarch_python")
    own = mapping(said.get("build"))
    kept = dict(whole) if top else {}
    if not top and "build" not in said:  # conda-build hands the recipe's whole section on
        kept = {key: value for key, value in whole.items() if key not in {"script", "noarch", "noarch_python", "skip"}}
    made = {"number": whole.get("number"), **kept, **{key: said[key] for key in legacy if said.get(key)}, **own}
    return made if made.get("number") is not None else made | {"number": whole.get("number")}


def _of_its_own(sections: dict[str, list[str]], name: str, number: int) -> dict[str, list[str]]:
    """conda-build leaves a package out of its own requirements; what they say of its build number is known here."""
    itself = f"${{{{ pin_subpackage('{name}'"
    return {
        section: [
            spec.replace("${{ build_number }}", str(number))
            for spec in specs
            if section == "run_constrained" or not (spec.startswith(itself) or spec.split(" ")[0].lower() == name)
        ]
        for section, specs in sections.items()
    }


def mapping(value: Any) -> Mapping[str, Any]:
    """A section, empty where it is missing or no section."""
    return value if isinstance(value, Mapping) else {}
