"""Recipes written as text."""

import yaml
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from controller.gateways.recipe_texts import recipe_text

TEXT = st.text("a1é:#'\"{}[]-|>&*!%@ ,.$\n\t", max_size=20)
VALUES = st.recursive(
    TEXT | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=8), VALUES, max_size=4))
def test_what_is_written_reads_back_as_the_same(document: dict[str, object]) -> None:
    assert (yaml.safe_load(recipe_text(document, ["a comment"])) or {}) == document


def test_sections_stand_apart_and_long_text_in_blocks() -> None:
    document = {
        "package": {"name": "a", "version": "3.10"},
        "build": {"number": 0, "script": "make\nmake install"},
        "requirements": {"host": ["python ${{ python_min }}.*"]},
    }
    assert recipe_text(document, ["made of a\nand b"]) == snapshot("""\
# made of a
# and b
package:
  name: a
  version: '3.10'

build:
  number: 0
  script: |-
    make
    make install

requirements:
  host:
    - python ${{ python_min }}.*
""")
