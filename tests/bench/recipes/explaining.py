"""Why a difference from conda-build is meant to be one; all others are told by the field that differs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.bench.recipes.comparing import Difference

_NOARCH_PYTHON = "by design: a noarch package keeps its bare python open"
_BY_TEXT = "by design: conda-build counts keys by the text (run, tests, pin_compatible), we by the builder's rule"
_SHARED = "by design: outputs share the environment of the recipe's own build, told with each of them"
_BY_RENDERING = "by design: a key whose name Jinja wrote, as in {{ mpi }}, counts for the builder, not for conda-build"
_TESTS = "by design: tests are told with the output that they are written for, whatever its name"
_OUTPUTS = re.compile(r"^outputs:", re.MULTILINE)
_ENVIRONMENTS = frozenset({"build", "host", "build and host", "used keys", "used values"})
_KEYS = frozenset({"used keys", "used values"})
_TOP_LEVEL = re.compile(r"^requirements:.*\n((?:[ \t#].*\n|[ \t]*\n)*)", re.MULTILINE)


def cause_of_difference(difference: Difference, answer: Mapping[str, Any], text: str) -> str:
    """A sentence that starts with ``by design`` where the reason is known and wanted, else the field's name.

    ``text`` is the recipe's.
    """
    outputs = [output for output in answer["outputs"] if output["name"] == difference.output]
    theirs, ours = _names(difference.theirs), _names(difference.ours)
    if any(output["noarch"] for output in outputs) and theirs | ours == {"python"}:
        return _NOARCH_PYTHON
    if difference.field == "tests" and set(difference.theirs) <= {"0"} and _OUTPUTS.search(text):
        return _TESTS
    causes = []
    if difference.field in _ENVIRONMENTS:
        causes += [_why_theirs(key, difference, text, outputs) for key in sorted(theirs)]
        causes += [_why_ours(name, difference, text, outputs) for name in sorted(ours)]
    return causes[0] if causes and all(causes) else difference.field


def _why_theirs(key: str, difference: Difference, text: str, outputs: Sequence[Mapping[str, Any]]) -> str:
    return _BY_TEXT if difference.field in _KEYS and _told_apart(key, text, outputs) else ""


def _why_ours(name: str, difference: Difference, text: str, outputs: Sequence[Mapping[str, Any]]) -> str:
    if _of_top_level(name, text):
        return _SHARED
    return _BY_RENDERING if difference.field in _KEYS and _written_by_jinja(name, text, outputs) else ""


def _names(told: Iterable[str]) -> set[str]:
    return {each.partition(" ")[0] for each in told}


def _of_top_level(name: str, text: str) -> bool:
    """Whether it stands in the recipe's own requirements, beside its outputs."""
    found = _TOP_LEVEL.search(text) if _OUTPUTS.search(text) else None
    block, plain = found[1].replace("-", "_") if found else "", name.replace("-", "_")
    tools = "compiler(" in block or "stdlib(" in block
    return plain in block or (tools and bool(re.search("_linux|_compiler|_stdlib", plain)))


def _told_apart(key: str, text: str, outputs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether no build or host dependency is bound by the key, but the text names it elsewhere."""
    name = re.sub("[-_]", "[-_]", re.escape(key).replace("\\-", "-"))
    places = rf"^\s+-\s+{name}\s*(?:#.*)?$|pin_[a-z]+\(\s*['\"]{name}\b|\{{%.*\b{name}\b|\bcdt\("
    bare = re.search(places, text, re.MULTILINE)
    return bare is not None and not any(_bound(name, output) for output in outputs)


def _bound(name: str, output: Mapping[str, Any]) -> bool:
    bare = re.compile(rf"{name}(?:\s+{re.escape(_value(name, output))}\S*)?")
    return any(bare.fullmatch(spec) for section in ("build", "host") for spec in output[section])


def _value(name: str, output: Mapping[str, Any]) -> str:
    return next((value for key, value in output["used"].items() if re.fullmatch(name, key)), "")


def _written_by_jinja(key: str, text: str, outputs: Iterable[Mapping[str, Any]]) -> bool:
    name = key.replace("_", "-")
    specs = {spec.partition(" ")[0] for output in outputs for section in ("build", "host") for spec in output[section]}
    return bool({key, name} & specs) and not re.search(rf"^\s+-\s+{re.escape(name)}\b", text, re.MULTILINE)
