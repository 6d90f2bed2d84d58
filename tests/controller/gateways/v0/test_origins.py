import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.gateways.v0.origins import origin_of
from controller.gateways.v0.templates import render


def origin(text: str, looked_for: str, context: dict[str, object] | None = None) -> int:
    rendered = render(text, context or {})
    return origin_of(rendered[: rendered.index(looked_for)].count("\n") + 1, text, context or {}, rendered)


@pytest.mark.parametrize(
    "text",
    [
        "a\nHERE\n",
        "{% set x = 1 %}\na\nHERE {{ x }}\n",
        "{% for x in range(9) %}\n{{ x }}\n{% endfor %}\nHERE\n",
        "{% for x in range(9) %}\n{{ x }}\n{% if x == 5 %}\nHERE\n{% endif %}\n{% endfor %}\n",
        "{% for x in range(9) -%}\n\n{{ x }}\n{%- endfor %}\n\n  {%- set y = 1 %}  \nHERE\n",
        "{% macro f(x) %}\n{{ x }}\n{{ x }}\n{% endmacro %}\n{{ f(1) }}{{ f(2) }}\nHERE\n",
        "{% set x %}\n1\n2\n{% endset %}\n{{ x }}\n{{ x }}\nHERE\n",
        "{# a\n b #}\n{% if false %}\n1\n2\n{% else %}\n3\nHERE\n{% endif %}\n",
        "{{ 'a\\nb\\nc' }}\n{% if true %}\nHERE\n{% endif %}\n",
        "{% raw %}\n{{ x }}\n{% endraw %}\nHERE\n",
    ],
)
def test_a_line_of_what_was_rendered_comes_from_where_its_text_stands(text: str) -> None:
    assert origin(text, "HERE") == text[: text.index("HERE")].count("\n") + 1


BLOCKS = ["{{% for x in range(3) %}}\n{}{{% endfor %}}\n", "{{% if true %}}\n{}{{% endif %}}\n", "{}"]


@given(st.recursive(st.sampled_from(["a\n", "{{ 1 }} b\n", "{% set y = 2 %}\n"]), lambda inner: st.tuples(
    st.sampled_from(BLOCKS), st.lists(inner, min_size=1, max_size=3)
).map(lambda made: made[0].format("".join(made[1]))), max_leaves=12), st.data())  # fmt: skip
def test_every_numbered_line_is_found_again(text: str, data: st.DataObject) -> None:
    text = "".join(f"n{number} {line}" for number, line in enumerate(text.splitlines(keepends=True), 1))
    rendered = render(text, {})
    place = data.draw(st.integers(0, rendered.count("\n")))
    line = rendered.split("\n")[place]
    if line.startswith("n"):
        assert origin_of(place + 1, text, {}, rendered) == int(line[1:].split(" ")[0])


def test_what_cannot_be_rendered_again_keeps_its_line() -> None:
    assert origin_of(3, "{% if x %}\n", {}, "whatever") == 3
    assert origin_of(3, "{% if true %}\n{% endif %}", {}, "something else") == 3
