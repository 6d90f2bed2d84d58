"""A plan that is decided again does not forget what it was: each new decision keeps what was otherwise before it."""

from collections.abc import Collection, Mapping
from typing import Any

Document = Mapping[str, Any]
"""A plan as it is kept with its batch: ``members`` and ``jobs``, and under ``earlier`` what they were before."""
_Key = tuple[str, str, str, str, str]


def with_earlier(before: Document, after: Document, revision: int) -> dict[str, Any]:
    """``after``, which holds from ``revision`` on, with what it takes to tell ``before`` from it."""
    old, new = _by_output(before), _by_output(after)
    step = {
        "revision": revision,
        "members": [kept for key, kept in old.items() if key not in new or _said(kept) != _said(new[key])],
        "came": [list(key) for key in new if key not in old],
        "jobs": before.get("jobs"),
    }
    return {**after, "earlier": [*before.get("earlier", ()), step]}


def plan_at(document: Document, wanted: int, changed: Collection[int]) -> Document | None:
    """The plan as it was at a revision, with ``changed`` the revisions that altered it; None where that is lost."""
    steps = [step for step in document.get("earlier", ()) if step["revision"] > wanted]
    if {number for number in changed if number > wanted} - {step["revision"] for step in steps}:
        return None
    members, jobs = _by_output(document), document.get("jobs")
    for step in reversed(steps):
        for key in step["came"]:
            members.pop(tuple(key), None)
        members |= {_key(kept): kept for kept in step["members"]}
        jobs = step["jobs"]
    return {"members": list(members.values()), "jobs": jobs}


def _by_output(document: Document) -> dict[_Key, Document]:
    return {_key(kept): kept for kept in document.get("members", ())}


def _key(kept: Document) -> _Key:
    """An output, whatever its build number."""
    output = kept["output"]
    return (output["subdir"], output["name"], output["hash"], output["version"], output["recipe"])


def _said(kept: Document) -> tuple[Any, ...]:
    return (kept["membership"], kept["reasons"], kept["artifact"])
