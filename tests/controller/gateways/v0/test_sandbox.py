from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.templates import render
from tests.controller.gateways.v0.confined import Read, confined

HEAD = "package:\n  name: a\n  version: '1'\nabout:\n  summary: |\n    "
DOUBLING = "{% set x = 'aaaaaaaa' %}"
BIG = "{% set b = 'a' * 100000 %}{% set b = b ~ b ~ b ~ b ~ b ~ b ~ b ~ b ~ b ~ b %}"
LOOP = "{% for i in range(99999) %}"


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    with confined() as found:
        yield found


TOO_MUCH = {
    "nested loops": LOOP * 3 + "{% endfor %}" * 3,
    "a hundred nested loops": "{% for i in [1, 2] %}" * 90 + "x" + "{% endfor %}" * 90,
    "recursion": "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "a macro that calls two that call two": "".join(
        f"{{% macro m{n + 1}() %}}{{{{ m{n}() }}}}{{{{ m{n}() }}}}{{% endmacro %}}" for n in range(40)
    ) + "{{ m40() }}",
    "blocks that call two": "{% block a0 %}x{% endblock %}" + "".join(
        f"{{% block a{n + 1} %}}{{{{ self.a{n}() }}}}{{{{ self.a{n}() }}}}{{% endblock %}}" for n in range(40)
    ),
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{{ loop([1]) }}{% endfor %}",
    "doubling by tilde": DOUBLING + "{% set x = x ~ x %}" * 40 + "{{ x }}",
    "doubling by plus": DOUBLING + "{% set x = x + x %}" * 40 + "{{ x }}",
    "doubling by a block": DOUBLING + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40 + "{{ x }}",
    "doubling by format": DOUBLING + "{% set x = '{0}{0}'.format(x) %}" * 40,
    "doubling by percent": DOUBLING + "{% set x = '%s%s' % (x, x) %}" * 40,
    "doubling by replace": DOUBLING + "{% set x = x|replace('a', 'aa') %}" * 40,
    "doubling by a method": DOUBLING + "{% set x = x.replace('a', 'aa') %}" * 40,
    "doubling by join": DOUBLING + "{% set x = [x, x]|join(x) %}" * 40,
    "doubling by a method's join": DOUBLING + "{% set x = x.join([x, x, x]) %}" * 40,
    "doubling of lists": "{% set x = ['a'] %}" + "{% set x = [x, x] %}" * 40 + "{{ x }}",
    "doubling of tuples": "{% set x = (1,) %}" + "{% set x = (x, x) %}" * 45 + "{{ {x: 1} }}",
    "doubling of mappings": "{% set x = {} %}" + "{% set x = {1: x, 2: x} %}" * 40 + "{{ x|string }}",
    "a list in itself": "{% set x = [1] %}{% set _ = x.append(x) %}" + "{% set x = [x, x] %}" * 40 + "{{ x ~ '' }}",
    "a list that grows by itself": "{% set x = [1] %}" + "{% set _ = x.extend(x) %}" * 60,
    "lists that are kept": "{% set k = [] %}" + LOOP + "{% set _ = k.append(range(99999)|list) %}{% endfor %}",
    "texts that are kept": BIG + "{% set k = [] %}" + LOOP + "{% set _ = k.append(b ~ i) %}{% endfor %}",
    "slices that are kept": BIG + "{% set k = [] %}" + LOOP + "{% set _ = k.append(b[i:]) %}{% endfor %}",
    "texts made by map": BIG + "{{ (['a'] * 99999)|map('replace', 'a', b)|list|length }}",
    "lists summed": "{{ ([range(99999)|list] * 9999)|sum(start=[])|length }}",
    "join of large texts": BIG + "{{ ([b] * 99999)|join }}",
    "a method's join of large texts": BIG + "{{ ''.join([b] * 99999) }}",
    "printing large texts": BIG + "{{ [b] * 9000 }}",
    "translate to large texts": BIG + "{{ b.translate({97: b}) }}",
    "format with a large text": BIG + "{{ ('{0}' * 10000).format(b) }}",
    "percent with a large text": BIG + "{{ ('%(b)s' * 9999) % {'b': b} }}",
    "a mapping that grows": "{% set m = {} %}" + LOOP
    + "{% set _ = m.update(dict.fromkeys(range(99999), i)) %}{% endfor %}",
    "a product": "{{ 'a' * 999999999 }}{{ [1] * 999999999 }}",
    "a power": "{{ 2 ** 99999999 }}",
    "powers of powers": "{% set x = 9 %}" + "{% set x = x ** 60 %}" * 9,
    "padding by a method": "{{ 'a'.center(1000000000) }}",
    "padding by name": "{{ 'a'.expandtabs(tabsize=1000000000) }}",
    "padding by percent": "{{ '%1000000000d' % 1 }}",
    "padding by percent with a name": "{{ '%(a)1000000000d' % {'a': 1} }}",
    "padding by percent with parentheses in the name": "{{ '%(a(b))1000000000d' % {'a(b)': 1} }}",
    "padding by a star": "{{ '%*d' % (1000000000, 1) }}",
    "padding by the filter": "{{ '%(a)9999999999d'|format(a=1) }}",
    "padding by format": "{{ '{:1000000000}'.format(1) }}",
    "padding by format within format": "{{ '{:{}}'.format(1, 1000000000) }}",
    "padding by format_map": "{{ '{a:1000000000}'.format_map({'a': 1}) }}",
    "precision": "{{ '%.1000000000f' % 1.5 }}",
    "rounding": "{{ 1.5|round(999999999, 'ceil') }}",
    "bytes": "{{ (1).to_bytes(1000000000, 'big') }}",
    "percent of bytes": "{{ 'a%999999999d'.encode() % 1 }}",
    "parentheses": "{{ " + "(" * 5_000 + ")" * 5_000 + " }}",
    "minus": "{{ " + "-" * 50_000 + "1 }}",
    "attributes": "{{ a" + ".b" * 50_000 + " }}",
    "tildes": "{{ 'a'" + " ~ 'a'" * 20_000 + " }}",
    "ifs": "{% if 1 %}" * 5_000 + "{% endif %}" * 5_000,
}  # fmt: skip


@pytest.mark.parametrize("jinja", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_would_take_the_machines_memory_or_time_is_refused(read: Read, tmp_path: Path, jinja: str) -> None:
    kind, what, line = ending(read, tmp_path, HEAD + jinja)
    assert kind in {"V0Error", "TooLargeError"}, what
    assert what.endswith(".")
    assert line in {6, None}


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ [].append.__self__ }}",
    "{{ compiler.__globals__ }}",
    "{{ compiler.__func__ }}",
    "{{ load_file_data.__self__ }}",
    "{{ environ.names.variant }}",
    "{{ environ._names.variant }}",
    "{{ environ.get.__self__ }}",
    "{{ os.environ._names }}",
    "{{ os.system('id') }}",
    "{{ ''|attr('__class__') }}",
    "{{ ['']|map(attribute='__class__')|join }}",
    "{{ ['']|selectattr('__class__')|list }}",
    "{{ ['']|map('attr', '__class__')|list }}",
    "{{ [{'a': ''}]|map(attribute='a.__class__')|join }}",
    "{{ ['', 'a']|sort(attribute='__class__') }}",
    "{{ ['']|join(attribute='__class__') }}",
    "{{ '{0.__class__}'.format('') }}",
    "{{ '{a.__class__}'.format_map({'a': ''}) }}",
    "{% set f = '{0.__class__}'.format %}{{ f('') }}",
    "{{ ['{0.__class__}']|map('format', '')|list }}{{ ''['__class__'] }}",
    "{{ ''.__len__.__self__ }}",
    "{{ namespace.__init__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ joiner }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__ }}",
    "{{ range.__class__ }}",
    "{% include '/etc/passwd' %}",
    "{% import '/etc/passwd' as x %}",
    "{% extends '/etc/passwd' %}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for x in [1] %}{{ loop._recurse }}{% endfor %}",
    "{{ load_str_data('!!python/object/apply:os.system [id]', 'yaml') }}",
    "{{ load_file_data('/etc/passwd', 'yaml', from_recipe_dir=True) }}",
]


@pytest.mark.parametrize("jinja", ESCAPES)
def test_nothing_outside_of_the_recipe_is_reached(read: Read, tmp_path: Path, jinja: str) -> None:
    kind, what, line = ending(read, tmp_path, HEAD + jinja)
    assert (kind, line) == ("V0Error", 6), what


@pytest.mark.parametrize(
    "jinja",
    [
        "{{ ''.__len__() }}{{ [1].__len__() }}{{ {}.__len__() }}",
        "{% for i in range(1000) %}{{ i }}{% endfor %}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{% for i in range(500) %}{{ m(i) }}{% endfor %}",
        "{{ range(5000)|list }}.",
        "{% for x in ['a', 'b']|map('upper') %}{{ x }}{% endfor %}",
        "{{ '%-10s|%+.3f' % ('a', 1.5) }}{{ '{:>10}'.format('a') }}{{ 'a'.rjust(80) }}",
    ],
)
def test_what_recipes_do_stays_far_within_the_bounds(read: Read, tmp_path: Path, jinja: str) -> None:
    assert ending(read, tmp_path, HEAD + jinja) == ("read", "1", None)


def ending(read: Read, folder: Path, text: str) -> tuple[str, str, int | None]:
    (folder / "meta.yaml").write_text(text + "\n")
    return read(folder)


DOUBLED = {
    "lists": "{% set x=['a'] %}{% set y=['a'] %}" + "{% set x = [x,x] %}{% set y = [y,y] %}" * 40 + "{{ x == y }}",
    "lists by append": "{% set x=[] %}"
    + "{% set z = x %}{% set x = [] %}{% set _ = x.append(z) %}{% set _ = x.append(z) %}" * 40
    + "{{ x == x|list }}",
    "mappings": "{% set x={} %}" + "{% set x = {'a': x, 'b': x} %}" * 40 + "{{ x == x }}",
    "sums": "{% set x=[] %}" + "{% set x = [x] + [x] %}" * 40 + "{{ x in [x] }}",
    "itself": "{% set x=[1] %}{% set _ = x.append(x) %}{{ x == x }}",
}


@pytest.mark.parametrize("text", DOUBLED.values(), ids=list(DOUBLED))
def test_what_would_take_for_ever_to_compare_is_not_made(text: str) -> None:
    with pytest.raises(V0Error, match="a structure that large"):
        render(text, {})


def test_a_long_list_is_made_in_a_moment() -> None:
    text = "{% set l = [] %}{% for i in range(9000) %}{% set _ = l.append(i) %}{% endfor %}{{ l|length }}"
    assert render(text, {}) == "9000"
