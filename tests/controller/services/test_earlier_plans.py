"""A plan keeps what it was before each time it is decided again."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.services.earlier_plans import plan_at, with_earlier

PLANS = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["rebuild", "retest", "nothing"])), min_size=1
)


def document(said: dict[str, str]) -> dict[str, Any]:
    return {"members": [member(name, what) for name, what in said.items()], "jobs": len(said)}


def member(name: str, what: str) -> dict[str, Any]:
    output = {"subdir": "noarch", "name": name, "hash": "h", "version": "1", "recipe": name}
    return {"output": output, "membership": what, "reasons": [], "artifact": ""}


def told(found: Any) -> dict[str, str]:
    return {kept["output"]["name"]: kept["membership"] for kept in found["members"]}


@given(PLANS)
def test_every_plan_that_was_can_be_told_from_the_last(plans: list[dict[str, str]]) -> None:
    kept = document(plans[0])
    for revision, said in enumerate(plans[1:], 1):
        kept = with_earlier(kept, document(said), revision)
    for revision, said in enumerate(plans):
        found = plan_at(kept, revision, range(1, len(plans)))
        assert found is not None
        assert (told(found), found["jobs"]) == (said, len(said))


def test_a_revision_that_changed_nothing_needs_no_keeping() -> None:
    kept = with_earlier(document({"a": "retest"}), document({"a": "rebuild"}), 1)
    assert told(plan_at(kept, 1, [1])) == {"a": "rebuild"}
    assert told(plan_at(kept, 0, [1])) == {"a": "retest"}


def test_what_was_not_kept_is_not_made_up() -> None:
    assert plan_at(document({"a": "rebuild"}), 0, [1]) is None
