"""The requirements of a ``meta.yaml`` as the new format has them, with what stood under ``build`` in the old one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rattler import MatchSpec
from rattler.exceptions import InvalidMatchSpecError

from controller.gateways.v0.matrix import truth
from controller.gateways.v0.translation.specs import OLD_PIN, match_spec, name_in

_SECTIONS = (("build", "build"), ("host", "host"), ("run", "run"), ("run_constrained", "run_constraints"))
_EXPORTS = {
    "weak": "weak", "strong": "strong", "noarch": "noarch",
    "weak_constrains": "weak_constraints", "strong_constrains": "strong_constraints",
}  # fmt: skip
_TOOLS = ("${{ compiler(", "${{ stdlib(")
Pinned = Mapping[str, Mapping[str, str]]
"""conda-build's ``pin_run_as_build``: package name to ``min_pin`` and ``max_pin``."""


def translate_requirements(said: Any, build: Mapping[str, Any], pinned: Pinned) -> dict[str, Any]:
    """``requirements`` in the new format.

    Without a host section conda-build makes one environment of build and host: all but compilers go to host then,
    where their exports count.
    """
    sections = by_section(said)
    made = {new: [match_spec(spec) for spec in sections.get(old, ())] for old, new in _SECTIONS}
    if "host" not in sections and not truth(build.get("merge_build_host")):
        made["host"] = [spec for spec in made["build"] if not spec.startswith(_TOOLS)]
        made["build"] = [spec for spec in made["build"] if spec.startswith(_TOOLS)]
    made["run"] = [_run(old, new, made, pinned) for old, new in zip(sections.get("run", ()), made["run"], strict=True)]
    found: dict[str, Any] = {section: specs for section, specs in made.items() if specs}
    exports = _run_exports(build.get("run_exports"))
    ignored = _ignored(build)
    return found | ({"run_exports": exports} if exports else {}) | ({"ignore_run_exports": ignored} if ignored else {})


def by_section(said: Any) -> dict[str, list[str]]:
    """Specs by section; the old short form, a list, means host and run (conda-build's ``expand_reqs``)."""
    if not isinstance(said, Mapping):
        specs = list(_texts(said))
        return {"host": specs, "run": specs} if specs else {}
    return {section: list(_texts(specs)) for section, specs in said.items() if specs is not None}


def _texts(value: Any) -> Iterator[str]:
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, list):
            yield from _texts(entry)
        elif entry is not None and str(entry).strip():
            yield str(entry)


def _run(old: str, new: str, made: Mapping[str, list[str]], pinned: Pinned) -> str:
    """``numpy x.x``, and a bare name of ``pin_run_as_build``, are bound by what is found in host."""
    name = name_in(new)
    if new != name:
        return new
    if old.split()[1:] == [OLD_PIN]:
        return f"${{{{ pin_compatible('{name}', lower_bound='x.x', upper_bound='x.x') }}}}"
    pin = pinned.get(name)
    if pin is None or name not in {name_in(spec) for spec in made["host"]}:
        return new
    bounds = {"lower_bound": pin.get("min_pin") or "x.x.x.x.x.x", "upper_bound": pin.get("max_pin") or None}
    given = [f"{key}={value!r}" for key, value in bounds.items()]
    return f"${{{{ pin_compatible('{name}', {', '.join(given)}) }}}}"


def _run_exports(said: Any) -> dict[str, list[str]]:
    if isinstance(said, Mapping):
        kinds = {
            _EXPORTS.get(str(kind), str(kind)): [match_spec(spec) for spec in _texts(specs)]
            for kind, specs in said.items()
        }
        return {kind: specs for kind, specs in kinds.items() if specs}
    specs = [match_spec(spec) for spec in _texts(said)]
    return {"weak": specs} if specs else {}


def _ignored(build: Mapping[str, Any]) -> dict[str, list[str]]:
    names = {"by_name": build.get("ignore_run_exports"), "from_package": build.get("ignore_run_exports_from")}
    made = {key: [match_spec(spec) for spec in _texts(specs)] for key, specs in names.items()}
    return {key: specs for key, specs in made.items() if specs}


def sound_requirements(made: Mapping[str, Any]) -> dict[str, Any]:
    """The same with what the builder would refuse cut down to the name it speaks of, or left out."""
    found: dict[str, Any] = {}
    for section, specs in made.items():
        if isinstance(specs, Mapping):
            found[section] = sound_requirements(specs)
        else:
            found[section] = list(dict.fromkeys(spec for spec in map(_sound, specs) if spec))
    return {section: specs for section, specs in found.items() if specs}


def _sound(spec: str) -> str:
    if spec.startswith("${{"):
        return spec if spec.endswith("}}") else f"{spec.partition('}}')[0]}}}}}"
    for text in (spec, match_spec(re.sub(r"\[.*?\]", "", spec)), name_in(spec.partition("(")[0])):
        if _is_sound(text):
            return text
    return ""


def _is_sound(spec: str) -> bool:
    try:
        MatchSpec(spec, strict=True)
    except InvalidMatchSpecError:
        return False
    return True


def without_siblings(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same recipe whose packages do not run with each other: the builder sorts by that and may find a circle."""
    names = {output["package"]["name"] for output in document["outputs"] if "package" in output}
    outputs = [_without(output, names) for output in document["outputs"]]
    return {**document, "outputs": outputs}


def _without(output: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    needed = dict(output.get("requirements", {}))
    pins = tuple(f"${{{{ pin_subpackage('{name}'" for name in names)
    for section in ("run", "run_constraints"):
        kept = [s for s in needed.get(section, ()) if name_in(s) not in names and not s.startswith(pins)]
        needed |= {section: kept} if section in needed else {}
    return {**output, "requirements": needed}
