import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.templates import render, render_whole

CONTEXT = {"name": "Foo", "version": "1.2.3", "python": "3.12", "compiler": lambda language: f"<{language}>"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ name }}", "Foo"),
        ("{{ name|lower }}-{{ version }}", "foo-1.2.3"),
        ('{% set n = "Bar" %}{{ n }}', "Bar"),
        ('{% set name = "Bar" %}{% set v = name|lower %}{{ v }}', "bar"),
        ("{{ version.split('.')[:2]|join('.') }}", "1.2"),
        ("{{ compiler('c') }} {{ compiler(name) }}", "<c> <Foo>"),
        ("{% if python == '3.12' %}new{% else %}old{% endif %}", "new"),
        ("{% for x in ['a', 'b'] %}- {{ x }}\n{% endfor %}", "- a\n- b\n"),
        ("{% macro dep(x) %}{{ x }} >=1{% endmacro %}{{ dep('zlib') }}", "zlib >=1"),
        ("{%- set x = 1 -%}  a", "a"),
        ("a {# nothing #} b", "a  b"),
        ("{{ '{{' }}", "{{"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{% set a, b = 1, 2 %}{{ a + b }}", "3"),
        ("{% set ns = namespace(x=1) %}{% for i in range(3) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "4"),
        ("{% set x %}a{{ name }}{% endset %}{{ x }}", "aFoo"),
        ('{{ "%s.%02d" % (name, 7) }}', "Foo.07"),
        ('{{ "%s-%s"|format(name, version) }}', "Foo-1.2.3"),
        ('{{ "{}_{}".format(name, 1) }}', "Foo_1"),
        ("{{ version.__len__() }}", "5"),
        ("{{ 'a b'|urlencode }}", "a%20b"),
        ("{{ nobody is defined }} {{ nobody|default('x') }}", "False x"),
        ("{{ [1.26, 2]|sum }} {{ 2.345|round(1) }} {{ 2.1|round(method='ceil')|int }}", "3.26 2.3 3"),
        ("{{ ['b', 'a']|sort|map('upper')|join(',') }}", "A,B"),
        ("{{ {'a': 1}.items()|list }} {{ {'a': {'b': 2}}['a']['b'] }}", "[('a', 1)] 2"),
        ("{{ '.'.join(version.split('.')) ~ name }}", "1.2.3Foo"),
        ("{{ 'x'.ljust(3) }}|{{ '7'.zfill(3) }}", "x  |007"),
        ("no Jinja: { a }", "no Jinja: { a }"),
    ],
)
def test_jinja_of_a_recipe_is_rendered(text: str, expected: str) -> None:
    assert render(text, CONTEXT) == expected


SET = " Set it with {% set ... %} or in a pin file, or give it a default."
CORRECT = " Correct the file and push again."
WRITE = " Write out what it is meant to make."
ENDLESS = (
    "Jinja: Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. "
    "The innermost block that needs to be closed is 'for'."
)
UNSAFE = "Jinja may not do this in a recipe: access to attribute '__class__' of 'str' object is unsafe."
SEVERAL = "which is for texts of several files." + WRITE


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a\n{{ nobody }}", 2, "Jinja: 'nobody' is undefined." + SET),
        ("a\n\n{% if %}", 3, "Jinja: Expected an expression, got 'end of statement block'." + CORRECT),
        ("{{ 'x'|nothing }}", 1, "Jinja: No filter named 'nothing'." + CORRECT),
        ("\n{{ 1 / 0 }}", 2, "Jinja: ZeroDivisionError: division by zero." + CORRECT),
        ("{% for x in [1] %}\n{{ x.y.z }}\n{% endfor %}", 2, "Jinja: 'int object' has no attribute 'y'." + SET),
        ("{{ ''.__class__ }}", 1, UNSAFE + WRITE),
        ("{% for x in [1] %}", 1, ENDLESS + CORRECT),
        ("{% include 'x' %}", 1, "Jinja may not do this in a recipe: include, " + SEVERAL),
        ("{% import 'x' as y %}", 1, "Jinja may not do this in a recipe: import, " + SEVERAL),
        ("{% block a %}{% endblock %}", 1, "Jinja may not do this in a recipe: block, " + SEVERAL),
        ("{{ '%d' % 'x' }}", 1, "Jinja: TypeError: %d format: a real number is required, not str." + CORRECT),
    ],
)  # fmt: skip
def test_what_jinja_cannot_do_is_said_with_its_line(text: str, line: int, sentence: str) -> None:
    with pytest.raises(V0Error) as raised:
        render(text, CONTEXT)
    assert (raised.value.line, str(raised.value)) == (line, sentence)


TEXTS = st.text(
    alphabet=st.characters(codec="ascii", exclude_characters="{}%#\r\\'\"", categories=("L", "N", "P", "Z"))
)
NAMES = st.sampled_from(["name", "version", "x", "y", "nobody", "result", "self"])
LITERALS = st.one_of(st.integers(0, 99).map(str), TEXTS.map(lambda text: f"'{text}'"), NAMES)
EXPRESSIONS = st.recursive(
    LITERALS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["lower", "upper", "string", "int", "length", "default('d')"])).map("|".join),
        st.tuples(inner, st.sampled_from(["~", "+", "==", "and", "or", "in", "*", "%"]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"[{one}]"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}, {two[1]})"),
        inner.map(lambda one: f"compiler({one})"),
        st.tuples(inner, inner).map(lambda two: f"{two[0]} if {two[1]} else 'z'"),
    ),
    max_leaves=4,
)
TOKENS = st.one_of(
    TEXTS,
    st.just("\n"),
    EXPRESSIONS.map(lambda one: f"{{{{ {one} }}}}"),
    st.tuples(st.sampled_from(["x", "y", "name"]), EXPRESSIONS).map(lambda two: f"{{% set {two[0]} = {two[1]} %}}"),
)


@given(st.lists(TOKENS, max_size=6).map("".join))
@example("{{ 0 if 0 if 0 else 'z' else 'z' }}")
@example("{% set x = 0 if 0 if 0 else 'z' else 'z' %}")
def test_piece_by_piece_is_the_same_as_jinja_as_a_whole(text: str) -> None:
    assert outcome(render, text + "\n.") == outcome(whole, text + "\n.")


def whole(text: str, context: dict[str, object]) -> str:
    """By way of a comment, which is nothing and keeps ``render`` from taking the text apart."""
    return render(text + "{#- -#}", context)


def outcome(way: object, text: str) -> object:
    try:
        return way(text, dict(CONTEXT))  # type: ignore[operator]
    except V0Error as error:
        return type(error), error.what, error.line


def test_jinja_alone_gives_the_same() -> None:
    assert render_whole("{{ name }} {{ compiler('c') }}", CONTEXT) == "Foo <c>"


@given(st.text(alphabet="{}%#'\"\\ abx=|()[]\n-", max_size=40))
def test_any_text_is_rendered_or_refused_with_a_line_within_it(text: str) -> None:
    found = outcome(render, text)
    if isinstance(found, tuple) and found[2] is not None:
        assert 1 <= found[2] <= text.count("\n") + 1


@pytest.mark.timeout(10)
@pytest.mark.parametrize("unit", ["{{", "{%", "{#", "{% set x =", "{{ '", '{{ "\\"', "{{ x }}", " ", "{", "}}", "{{ ("])
def test_a_long_text_is_answered_soon(unit: str) -> None:
    began = time.monotonic()
    outcome(render, unit * (100_000 // len(unit)))
    outcome(render, "{% set x =" + unit * (100_000 // len(unit)) + "%}")
    assert time.monotonic() - began < 8
