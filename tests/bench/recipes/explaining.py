"""Why a difference from conda-build is meant to be one; all others are told by the field that differs."""

from typing import Any

from tests.bench.recipes.comparing import Difference

_NOARCH_PYTHON = "by design: a noarch package keeps its bare python open"


def cause_of_difference(difference: Difference, answer: dict[str, Any]) -> str:
    """A sentence that starts with ``by design`` where the reason is known and wanted, else the field's name."""
    noarch = any(output["noarch"] for output in answer["outputs"] if output["name"] == difference.output)
    names = {each.partition(" ")[0] for each in (*difference.theirs, *difference.ours)}
    if noarch and names == {"python"} and difference.field in {"build", "host", "used keys", "used values"}:
        return _NOARCH_PYTHON
    return difference.field
