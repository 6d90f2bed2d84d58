"""What a tree's people want beyond what is forced, as they write it."""

from datetime import date

import pytest

from controller.domain.overrides import Override, OverrideKind
from controller.gateways.tree_file import TreeFileError, read_tree_file
from controller.planning.policy import MINIMAL, Policy, Scope

WHOLE = b"""
[tree.policy]
scope = "direct"
packages = {openssl = "minimal", "lib*" = "transitive"}
relink_static = false
static = ["zlib-static"]
not_static = ["doxygen"]
generators = ["cython"]
coalesce_seconds = 60

[[tree.overrides]]
kind = "skip"
packages = ["gromacs*"]
subdirs = ["osx-arm64"]
author = "jane"
reason = "no compiler"
until = 2027-03-31

[[tree.overrides]]
kind = "only on"
packages = ["cuda-tools"]
subdirs = ["linux-64"]
author = "joe"
reason = "there is no other driver"
until = "never"
"""


def test_a_tree_says_its_policy_and_its_overrides() -> None:
    skip = Override(OverrideKind.SKIP, ("gromacs*",), "jane", "no compiler", date(2027, 3, 31), ("osx-arm64",))
    only = Override(OverrideKind.ONLY_ON, ("cuda-tools",), "joe", "there is no other driver", None, ("linux-64",))
    assert read_tree_file(WHOLE).policy == Policy(
        scope=Scope.DIRECT, packages=(("openssl", Scope.MINIMAL), ("lib*", Scope.TRANSITIVE)), relink_static=False,
        static=("zlib-static",), not_static=("doxygen",), generators=("cython",), overrides=(skip, only),
        coalesce_seconds=60.0,
    )  # fmt: skip


def test_a_tree_that_says_nothing_rebuilds_what_is_forced() -> None:
    assert read_tree_file(b"[tree]\n").policy == MINIMAL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[tree.policy]\nscop = "direct"', "line 2: policy has a key scop that means nothing. Did you mean scope?"),
        ('[tree.policy]\nscope = "all"', "line 2: 'all' is no scope. Name one of minimal, direct, transitive."),
        ('[tree.policy]\npackages = ["a"]', "packages is no table."),
        ("[tree.policy]\nrelink_static = 1", "relink_static is neither true nor false."),
        ('[tree.policy]\nstatic = "a"', "static is no list of texts."),
        ("[tree.policy]\ncoalesce_seconds = -1", "line 2: coalesce_seconds is no number of seconds from 0 to 3600."),
        ("[tree.policy]\ncoalesce_seconds = true", "coalesce_seconds is no number of seconds from 0 to 3600."),
        ("[tree.policy]\ncoalesce_seconds = nan", "coalesce_seconds is no number of seconds from 0 to 3600."),
        ("[tree]\npolicy = 1", "policy is no table."),
        ("[tree]\noverrides = 1", "overrides is no list of tables."),
        ('[[tree.overrides]]\nkind = "skip"', "an override has no author."),
        ('[[tree.overrides]]\nkind = "hold"', "'hold' is no kind of override."),
        ('[[tree.overrides]]\nkind = "skip"\nauthor = "a"\nreason = "b"', "an override has no day on which it ends."),
        (
            '[[tree.overrides]]\nkind = "skip"\nauthor = "a"\nreason = "b"\nuntil = 2027-01-01T00:00:00',
            "an override has no day on which it ends.",
        ),
        (
            '[[tree.overrides]]\nkind = "skip"\nauthor = "a"\nreason = "b"\nuntil = "never"',
            "an override names no packages.",
        ),
        (
            '[[tree.overrides]]\nkind = "only on"\npackages = ["p"]\nauthor = "a"\nreason = "b"\nuntil = "never"',
            "an override names no subdirs.",
        ),
    ],
)
def test_a_slip_is_told_with_its_remedy(text: str, said: str) -> None:
    with pytest.raises(TreeFileError) as raised:
        read_tree_file(text.encode())
    assert said in f"{raised.value.what} {raised.value.remedy}"
