"""Specs replaced in a recipe's text."""

import pytest

from controller.gateways.spec_edits import edited


@pytest.mark.parametrize(
    ("text", "old", "new", "becomes"),
    [
        ("    - mkl-devel 2025.*\n", "mkl-devel 2025.*", "mkl-devel 2026.*", "    - mkl-devel 2026.*\n"),
        ("- mkl-devel   2025.*  # [x86]\n", "mkl-devel 2025.*", "mkl-devel 2026.*", "- mkl-devel 2026.*  # [x86]\n"),
        ("host: [lib<2, other]", "lib <2", "lib <3", "host: [lib <3, other]"),
        ("- lib >=1,<2.0a0\n", "lib >=1,<2.0a0", "lib >=2,<3.0a0", "- lib >=2,<3.0a0\n"),
        ("- mylib <2\n- lib <2\n- lib <20\n", "lib <2", "lib <3", "- mylib <2\n- lib <3\n- lib <20\n"),
    ],
)  # fmt: skip
def test_a_spec_is_replaced_however_it_is_spaced_and_nothing_else(text: str, old: str, new: str, becomes: str) -> None:
    assert edited(text, [(old, new)]) == (becomes, ())


def test_what_is_not_there_as_written_is_said() -> None:
    text = "- lib {{ version }}\n"
    assert edited(text, [("lib 1.*", "lib 2.*")]) == (text, ("lib 1.*",))
