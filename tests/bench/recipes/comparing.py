"""Two readings of one recipe side by side: what each says of every output over all variants, and where they differ."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.domain.recipes import Origin, Output, Section

SECTIONS = ("build", "host", "run", "run_constrained")
MERGED = ("build and host", "run", "run_constrained")
"""Without a host section conda-build makes one environment of the two; the translation puts it under host."""
_OURS = {"build": Section.BUILD, "host": Section.HOST, "run": Section.RUN, "run_constrained": Section.CONSTRAINS}
Pinned = frozenset[tuple[str, str]]
"""Sections and names of what is a pin."""
_PINS = frozenset({Origin.EXACT_PIN, Origin.PIN_SUBPACKAGE, Origin.PIN_COMPATIBLE})
_NEVER_COMPARED = frozenset({"target_platform", "channel_targets", "channel_sources", "CONDA_BUILD_SYSROOT"})
"""conda-build notes the last three in every compiled package; rattler-build notes ``target_platform`` in all.

Both hash virtual packages (``__unix``), but conda-build does not tell them with the keys.
"""
_OPERATOR = re.compile(r"\s*([=<>!~]=|[=<>,|])\s*")


@dataclass(frozen=True, slots=True)
class Said:
    """One output of one variant. Specs of a section that are pins are told by name alone: their text is found later."""

    name: str
    version: str
    number: int
    noarch: str
    sections: Mapping[str, frozenset[tuple[str, str]]]
    exports: frozenset[tuple[str, str]]
    """Kind and name."""
    used: frozenset[tuple[str, str]]
    checks: frozenset[int]
    """Imports and commands of its tests together, as many as they are in any variant; none where it is not known."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one output: what only conda-build says, and what only we say."""

    recipe: str
    output: str
    field: str
    theirs: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    cause: str = field(default="", compare=False)


def said_by_conda_build(output: Mapping[str, Any], pinned: Pinned) -> Said:
    """An output of ``conda_build_render``'s answer. ``pinned`` are the sections and names that are pins to us."""
    return Said(
        name=output["name"],
        version=output["version"],
        number=int(output["number"] or 0),
        noarch=output["noarch"],
        sections={
            section: frozenset(_without_pin(section, _spec(text), pinned) for text in output[section])
            for section in SECTIONS
        },
        exports=frozenset((kind, _spec(text)[0]) for kind, texts in output["run_exports"].items() for text in texts),
        used=_used(output["used"]),
        checks=frozenset({output["imports"] + output["commands"]}),
    )


def said_by_us(output: Output, checks: frozenset[int], pinned: Pinned, siblings: frozenset[str]) -> Said:
    """An output of our reading. ``siblings`` are the recipe's outputs: exact pins on them stand among our keys."""
    return Said(
        name=output.name,
        version=output.version,
        number=output.build_number,
        noarch=output.noarch,
        sections={
            name: frozenset(_without_pin(name, _spec(need.spec), pinned) for need in output.in_section(section))
            for name, section in _OURS.items()
        },
        exports=frozenset(_exports(output)),
        used=_used({key: value for key, value in output.variant.items() if key not in siblings}),
        checks=checks,
    )


def pins_of(outputs: Iterable[Output]) -> frozenset[tuple[str, str]]:
    """Section and name of everything that is a pin to us."""
    names = {section: name for name, section in _OURS.items()}
    needs = (need for output in outputs for need in output.requirements)
    return frozenset((names[need.section], need.name) for need in needs if need.origin in _PINS)


def differences(recipe: str, theirs: Sequence[Said], ours: Sequence[Said]) -> Iterator[Difference]:
    """Field by field, over all variants of each output."""
    by_name = [_by_name(theirs), _by_name(ours)]
    for name in sorted({*by_name[0], *by_name[1]}):
        left, right = (side.get(name, []) for side in by_name)
        if not left or not right:
            yield Difference(recipe, name, "outputs", (name,) if left else (), (name,) if right else ())
            continue
        yield from _of_output(recipe, name, left, right)


def _of_output(recipe: str, name: str, left: Sequence[Said], right: Sequence[Said]) -> Iterator[Difference]:
    for what, values in _FIELDS.items():
        first, second = ({value for each in side for value in values(each)} for side in (left, right))
        if first != second and (second or what != "tests"):
            yield Difference(recipe, name, what, _told(first - second), _told(second - first))
    merged = not any(each.sections["host"] for each in left)
    for section in MERGED if merged else SECTIONS:
        first, second = ({_specs(each, section) for each in side} for side in (left, right))
        if first != second:
            whole = [frozenset[tuple[str, str]]().union(*side) for side in (first, second)]
            yield Difference(recipe, name, section, _told(whole[0] - whole[1]), _told(whole[1] - whole[0]))


def _specs(said: Said, section: str) -> frozenset[tuple[str, str]]:
    return frozenset[tuple[str, str]]().union(*(said.sections[part] for part in section.split(" and ")))


def _variants(said: Said) -> list[object]:
    return [tuple(sorted(said.used))]


_FIELDS: Mapping[str, Any] = {
    "version": lambda said: [said.version],
    "build number": lambda said: [said.number],
    "noarch": lambda said: [said.noarch],
    "run_exports": lambda said: said.exports,
    "used keys": lambda said: [key for key, _ in said.used],
    "used values": lambda said: said.used,
    "tests": lambda said: said.checks,
}


def _by_name(side: Sequence[Said]) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = {}
    for each in side:
        found.setdefault(each.name, []).append(each)
    return found


def _told(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted(" ".join(v).strip() if isinstance(v, tuple) and _texts(v) else str(v) for v in values))


def _texts(values: tuple[object, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


def _spec(text: str) -> tuple[str, str]:
    """Name and bound, so that equal bounds are equal text: ``1.2``, ``=1.2`` and ``==1.2.*`` are ``1.2.*``."""
    found = re.match(r"(?:[\w.\-]+::?)?([^\s=<>!~\[|:]+)(?:\[\w+\])?\s*(.*)", text.strip(), re.DOTALL)
    if not found:
        return text, ""
    bound = _OPERATOR.sub(r"\1", re.sub(r"\s+", " ", found[2].strip()))
    bound = re.sub(r"(?<![0-9A-Za-z])0+(?=\d)", "", bound)  # 39.01 is 39.1
    bound = re.sub(r"=([<>])", r"\1=", re.sub(r"==([\w.]+\.\*)", r"\1", bound))
    bound = re.sub(r"(?<=[\w*])=(?=[\w*])", " ", bound) if "," not in bound else re.sub(r",(?=\d)", ",==", bound)
    bound = re.sub(r"^=?([\w.]+?)(?:\.?\*)?$", r"\1.*", bound)
    return found[1].lower(), re.sub(r"^=*([\w.*]+)[ =](?=[\w*])", r"\1 ", bound)


def _without_pin(section: str, spec: tuple[str, str], pinned: Pinned) -> tuple[str, str]:
    return (spec[0], "") if (section, spec[0]) in pinned else spec


def _used(variant: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (key, str(value)) for key, value in variant.items() if key not in _NEVER_COMPARED and key[:2] != "__"
    )


def _exports(output: Output) -> Iterator[tuple[str, str]]:
    exports = output.run_exports
    for kind in ("weak", "strong", "noarch", "weak_constrains", "strong_constrains"):
        yield from ((kind, _spec(text)[0]) for text in getattr(exports, kind))
