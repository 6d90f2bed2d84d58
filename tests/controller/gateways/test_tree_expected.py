"""What a tree's people write of what is known to fail."""

from datetime import date

import pytest

from controller.domain.expected import Expected, ExpectedKind
from controller.gateways.tree_file import TreeFileError, read_tree_file
from controller.planning.policy import Policy
from controller.storage.tables import from_json, to_json

WHOLE = b"""
[[tree.expected]]
packages = ["numpy", "scipy*"]
subdirs = ["osx-arm64"]
kind = "test"
case = "test_linalg::test_solve"
why = "upstream issue 7"
until = 2027-01-31

[[tree.expected]]
packages = ["cudnn"]
kind = "build"
why = "needs a newer compiler"
until = "never"
"""
SOUND = {"packages": '["x"]', "kind": '"test"', "why": '"y"', "until": "2027-01-31"}


def text(**lines: str) -> bytes:
    said = {key: value for key, value in (SOUND | lines).items() if value}
    return "\n".join(["[[tree.expected]]", *(f"{key} = {value}" for key, value in said.items())]).encode()


def test_a_tree_says_what_is_known_to_fail() -> None:
    assert read_tree_file(WHOLE).policy.expected == (
        Expected(("numpy", "scipy*"), ExpectedKind.TEST, "upstream issue 7", date(2027, 1, 31), ("osx-arm64",),
                 "test_linalg::test_solve"),
        Expected(("cudnn",), ExpectedKind.BUILD, "needs a newer compiler"),
    )  # fmt: skip


def test_it_is_kept_with_its_batch_as_it_is_and_older_batches_have_none() -> None:
    policy = read_tree_file(WHOLE).policy
    kept = to_json(Policy, policy)
    assert from_json(Policy, kept) == policy
    del kept["expected"]
    assert from_json(Policy, kept).expected == ()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ({"packages": ""}, "names no packages"), ({"packages": "3"}, "packages is no list"),
        ({"kind": '"retest"'}, "'retest' is no kind of failure"), ({"kind": ""}, "no kind of failure"),
        ({"kind": '"build"', "case": '"a::x"'}, "a build has no cases"), ({"case": "3"}, "case is no text"),
        ({"why": ""}, "no why"), ({"why": '" "'}, "no why"), ({"until": ""}, "no day on which it ends"),
        ({"until": '"soon"'}, "no day on which it ends"), ({"until": "2027-01-31T10:00:00Z"}, "no day"),
        ({"author": '"eva"'}, "author that means nothing"), ({"subdirs": '"linux-64"'}, "subdirs is no list"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_named(lines: dict[str, str], told: str) -> None:
    with pytest.raises(TreeFileError, match=told):
        read_tree_file(text(**lines))


def test_one_table_in_place_of_a_list_says_what_to_write() -> None:
    with pytest.raises(TreeFileError, match=r"\[\[tree.expected\]\]"):
        read_tree_file(b'[tree.expected]\npackages = ["x"]\n')
