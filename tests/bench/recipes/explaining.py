"""Why a difference from conda-build is meant to be one; all others are told by the field that differs."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.bench.recipes.comparing import Difference

_NOARCH_PYTHON = "by design: a noarch package keeps its bare python open"
_BY_TEXT = "by design: conda-build counts keys by the text (run, tests, pin_compatible), we by the builder's rule"
_BY_RENDERING = "by design: a key whose name Jinja wrote, as in {{ mpi }}, counts for the builder, not for conda-build"


def cause_of_difference(difference: Difference, answer: Mapping[str, Any], text: str) -> str:
    """A sentence that starts with ``by design`` where the reason is known and wanted, else the field's name.

    ``text`` is the recipe's.
    """
    outputs = [output for output in answer["outputs"] if output["name"] == difference.output]
    theirs, ours = _names(difference.theirs), _names(difference.ours)
    keys = difference.field in {"used keys", "used values"}
    if any(output["noarch"] for output in outputs) and theirs | ours == {"python"}:
        return _NOARCH_PYTHON
    if keys and not ours and all(_told_apart(key, text, outputs) for key in theirs):
        return _BY_TEXT
    if keys and not theirs and "{{" in text and all(_written_by_jinja(key, text, outputs) for key in ours):
        return _BY_RENDERING
    return difference.field


def _names(told: Iterable[str]) -> set[str]:
    return {each.partition(" ")[0] for each in told}


def _told_apart(key: str, text: str, outputs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether no build or host dependency is bound by the key, but the text names it elsewhere."""
    name = re.sub("[-_]", "[-_]", re.escape(key).replace("\\-", "-"))
    bare = re.search(rf"^\s+-\s+{name}\s*(?:#.*)?$|pin_compatible\(\s*['\"]{name}['\"]", text, re.MULTILINE)
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
