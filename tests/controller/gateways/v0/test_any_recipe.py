"""Whatever stands in a meta.yaml, it is read or refused."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.errors import RecipeError
from controller.gateways.pins import Pins
from controller.gateways.v0.evaluating import Source
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.matrix import members

PINS = Pins({"python": ("3.11.* *_cpython", "3.12.* *_cpython"), "zlib": ("1",), "blas": ("mkl", "openblas")})
REAL = """\
{% set name = "Zlib" %}
{% set version = "1.2.13" %}
package:
  name: {{ name|lower }}
  version: {{ version }}  # [not win]
source:
  url: https://example.org/{{ name[0] }}/{{ name }}-{{ version }}.tar.gz
  sha256: {{ "0" * 64 }}
build:
  number: 1
  skip: true  # [py<310 or (win and blas == "mkl")]
  script: |
    {{ PYTHON }} -m pip install . -vv  # [unix]
    make PREFIX=${PREFIX} ${{ "{{" }}
requirements: &reqs
  build:
    - {{ compiler('c') }}
    - {{ stdlib("c") }}  # [linux]
  host:
    - python
    - {{ pin_compatible("numpy", max_pin="x.x") }}
outputs:
{% for out in ["a", "b"] %}
  - name: {{ out }}
    requirements:
      <<: *reqs
      run:
        - {{ pin_subpackage("a", exact=True) }}
{% endfor %}
about: {home: 'https://example.org', license: "MIT"}
extra:
  recipe-maintainers:
    - me
"""
PARTS = st.sampled_from(
    [
        "{{ ", " }}", "{% ", " %}", "set x = ", "for x in [1] ", "endfor", "if linux", "endif", "# [", "]", "[",
        "{", "}", "linux", " and ", "not ", "(", ")", ": ", "- ", "\n", "  ", "\t", "'", '"', "&a ", "*a",
        "<<: ", "!!int ", "|", ">", "x", "1.10", "~", "compiler('c')", "environ.get('A')", "PKG_NAME", "python",
        "\x0c", "\u2028", "\ufeff", "\r", "outputs:\n", "package:\n",
    ]
)  # fmt: skip


def check(text: str) -> None:
    try:
        members(Source.of(text), PINS, "linux-64")
    except V0Error as error:
        assert error.line is None or 1 <= error.line <= text.count("\n") + text.count("\r") + 1, error  # noqa: PT017
        assert error.what.endswith(".")  # noqa: PT017
    except RecipeError:
        pass  # of the pins


def test_the_recipe_that_others_are_made_of_is_read() -> None:
    assert len(members(Source.of(REAL), PINS, "linux-64")) == 4


@pytest.mark.timeout(60)
@settings(max_examples=150, deadline=None)
@given(st.lists(PARTS | st.text(max_size=3), max_size=40).map("".join))
def test_any_text_of_what_recipes_are_made_of_is_read_or_refused(text: str) -> None:
    check(text)


@pytest.mark.timeout(60)
@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32), st.lists(PARTS | st.text(max_size=2), min_size=1, max_size=4))
def test_a_real_recipe_with_anything_changed_is_read_or_refused(seed: int, given_parts: list[str]) -> None:
    rolled, text = random.Random(seed), REAL
    for part in given_parts:
        start = rolled.randrange(len(text))
        text = text[:start] + part + text[start + rolled.choice([0, 0, 1, 2, 9, 60]) :]
    check(text)


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, len(REAL)), changed=st.binary(max_size=6))
def test_a_real_recipe_with_any_bytes_changed_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, changed: bytes
) -> None:
    folder: Path = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    written = REAL.encode()
    (folder / "meta.yaml").write_bytes(written[:place] + changed + written[place + len(changed) :])
    try:
        check(Source.read(folder).text)
    except V0Error as error:
        assert error.line is None or 1 <= error.line <= written.count(b"\n") + 7  # noqa: PT017
    assert [path.name for path in folder.iterdir()] == ["meta.yaml"]
