"""Golden readings: what a recipe is for one platform and one combination of values, construct by construct."""

from pathlib import Path
from textwrap import dedent, fill
from typing import Any

import pytest
from inline_snapshot import snapshot

from controller.gateways.v0.evaluating import Source
from controller.gateways.v0.faults import TooLargeError, V0Error


def read(text: str, platform: str = "linux-64", folder: Path | None = None, **variant: str) -> Any:
    return Source.of(dedent(text), folder).form(platform, variant).document


SELECTED = """
    build:
      number: 1
      number: 2  # [win]
      skip: true  # [py<310 or osx and not arm64]
    requirements:
      host:
        - a  # [linux]
        - b  # [unix] and a word more
        - c  # see [here](https://example.org)
        - d  # [mpi != "nompi"]
        - e  # [target_platform == "linux-aarch64"]
        - "f  # [aarch64 or arm64]"
"""


@pytest.mark.parametrize(
    ("platform", "python", "expected"),
    [
        ("linux-64", "3.12", snapshot({"build": {"number": "1"}, "requirements": {"host": ["a", "b", "c"]}})),
        (
            "linux-aarch64",
            "3.9.* *_cpython",
            snapshot({"build": {"number": "1", "skip": True}, "requirements": {"host": ["a", "b", "c", "e", "f"]}}),
        ),
        ("osx-64", "3.12", snapshot({"build": {"number": "1", "skip": True}, "requirements": {"host": ["b", "c"]}})),
        ("osx-arm64", "3.12", snapshot({"build": {"number": "1"}, "requirements": {"host": ["b", "c", "f"]}})),
        ("win-64", "3.12", snapshot({"build": {"number": "2"}, "requirements": {"host": ["c"]}})),
    ],
)
def test_selectors_keep_lines_by_platform_and_variant(platform: str, python: str, expected: dict[str, Any]) -> None:
    assert read(SELECTED, platform, python=python, mpi="nompi") == expected


TYPED = """
    a:
      - false  # [not flag]
      - number  # [count > 2 and count < 10]
      - text  # [python.startswith("3.10") and py == 310]
      - none  # [gone == "None"]
      - nobody  # [never_heard_of]
      - in  # [gone in ("None", "x")]
"""


def test_values_of_the_variant_have_types_in_selectors_and_are_text_in_jinja() -> None:
    variant = {"flag": "False", "count": "3", "python": "3.10.* *_cpython", "gone": "None"}
    assert read(TYPED, **variant)["a"] == snapshot([False, "number", "text", "none", "in"])
    said = read("a: {{ flag }}{{ count }}\nb: '{{ python }}'\nc: {{ 'yes' if flag else 'no' }}\n", **variant)
    assert said == snapshot({"a": "False3", "b": "3.10.* *_cpython", "c": True})


def test_numbers_stay_the_text_that_was_written() -> None:
    assert read("package:\n  version: 1.10\nbuild:\n  number: 007\nx: 1e3\ny: 2024-01-01\n") == snapshot(
        {"package": {"version": "1.10"}, "build": {"number": "007"}, "x": "1e3", "y": "2024-01-01"}
    )


def test_aliases_are_written_out_and_text_that_looks_like_an_expression_is_literal() -> None:
    assert read(
        """
        deps: &deps
          - a
        more: *deps
        merged:
          <<: {x: y}
          z: $PREFIX
        script: echo ${PREFIX} $${{ '{{' }} x }}
        """
    ) == snapshot(
        {
            "deps": ["a"],
            "more": ["a"],
            "merged": {"x": "y", "z": "$PREFIX"},
            "script": "echo ${PREFIX} $${{ '${{' }} x }}",
        }
    )


def test_jinja_sets_chooses_repeats_and_names() -> None:
    assert read(
        """
        {% set name = "Zlib" %}
        {% set version = "1.2.13" %}
        {% set parts = version.split(".") %}
        {% macro dep(name, pin) -%}
        {{ name }} >={{ pin }}
        {%- endmacro %}
        package:
          name: {{ name|lower }}
          version: {{ version }}
        source:
          url: https://example.org/{{ name[0] }}/{{ parts[:2]|join(".") }}/{{ name }}-{{ version }}.tar.gz
        requirements:
          run:
            - {{ dep("a", "1") }}
        {% for extra in ["b", "c"] %}
            - {{ extra }}{{ loop.index }}
        {% endfor %}
        {% if python.startswith("3.") %}
            - new
        {% else %}
            - old
        {% endif %}
        """,
        python="3.12",
    ) == snapshot(
        {
            "package": {"name": "zlib", "version": "1.2.13"},
            "source": {"url": "https://example.org/Z/1.2/Zlib-1.2.13.tar.gz"},
            "requirements": {"run": ["a >=1", "b1", "c2", "new"]},
        }
    )


def test_what_the_builder_answers_stands_as_its_expressions() -> None:
    assert read(
        """
        requirements:
          build:
            - {{ compiler('c') }}
            - {{ stdlib("c") }}
            - {{ cdt('mesa-libgl-devel') }}
          run:
            - {{ pin_subpackage('libx', max_pin='x.x') }}
            - {{ pin_subpackage("x", exact=True) }}
            - {{ pin_compatible('numpy') }}
            - {{ pin_compatible('numpy', lower_bound='1.2', upper_bound="3") }}
        build:
          string: py{{ CONDA_PY }}h{{ PKG_HASH }}_{{ PKG_BUILDNUM }}
        """,
        python="3.12.* *_cpython",
    ) == snapshot(
        {
            "requirements": {
                "build": ["${{ compiler('c') }}", "${{ stdlib('c') }}", "mesa-libgl-devel-cos6-x86_64"],
                "run": [
                    "${{ pin_subpackage('libx', upper_bound='x.x') }}",
                    "${{ pin_subpackage('x', exact=True) }}",
                    "${{ pin_compatible('numpy') }}",
                    "${{ pin_compatible('numpy', lower_bound='1.2', upper_bound='3') }}",
                ],
            },
            "build": {"string": "py312h${{ hash }}_${{ build_number }}"},
        }
    )


def test_the_environment_is_that_of_the_build_never_that_of_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the controller")
    text = """
        a: {{ environ.get("SECRET", "none") }}
        b: {{ environ["PREFIX"] }} {{ PREFIX }} {{ os.environ.get("SUBDIR") }} {{ os.getenv("ARCH") }}
        c: {{ "yes" if "SECRET" in environ else "no" }}{{ environ|list }}
        d: {{ SHLIB_EXT }} {{ PY_VER }} {{ R }}
    """
    assert read(text, python="3.12") == snapshot(
        {"a": "none", "b": "$PREFIX $PREFIX linux-64 64", "c": "no[]", "d": ".so 3.12 $R"}
    )
    assert read(text, "win-64", python="3.12")["b"] == snapshot("%PREFIX% %PREFIX% win-64 64")
    with pytest.raises(V0Error, match="SECRET"):
        read('a: {{ environ["SECRET"] }}')


def test_a_recipe_may_speak_of_its_own_name_and_version() -> None:
    assert read(
        """
        package:
          name: Own
          version: 1.10
        source:
          fn: {{ PKG_NAME }}-{{ PKG_VERSION }}.tar.gz
        """
    )["source"] == snapshot({"fn": "Own-1.10.tar.gz"})


def test_data_of_files_beside_the_recipe_is_read(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"version": "1.2", "deps": ["a", "b"]}', encoding="utf-8")
    (tmp_path / "x.py").write_text("__version__ = '3.4'\n", encoding="utf-8")
    assert read(
        """
        {% set data = load_file_data("data.json", from_recipe_dir=True) %}
        {% set found = load_file_regex("x.py", "version__ = '(.*)'", from_recipe_dir=True) %}
        {% set more = load_str_data('{"c": [1, 2]}', "json") %}
        a: {{ data.version }} {{ data["deps"]|join(" ") }} {{ data.get("none", "-") }}
        b: {{ found.group(1) }} {{ found[1] }}
        c: {{ more.c }}
        """,
        folder=tmp_path,
    ) == snapshot({"a": "1.2 a b -", "b": "3.4 3.4", "c": ["1", "2"]})


OUTPUTS = """
    {% set version = "1" %}
    package:
      name: all
      version: {{ version }}
    requirements:
      host:
        - {{ shared }}
    outputs:
      - name: one
        requirements:
          host:
            - python  # [py >= 310]
            - x {{ first }}
      - name: two  # [win]
        script: b.bat  # [vc]
      - name: three
        requirements:
          - y {{ second }}  # [blas == "mkl"]
    about:
      license: {{ lasting }}
"""


def test_names_are_used_by_the_output_that_speaks_of_them() -> None:
    variant = {name: name for name in ("shared", "first", "second", "lasting", "blas")}
    form = Source.of(dedent(OUTPUTS)).form("linux-64", {**variant, "python": "3.12"})
    assert [output["name"] for output in form.document["outputs"]] == ["one", "three"]
    assert sorted(form.used) == snapshot(["lasting", "set", "shared", "version"])
    assert [sorted(names) for names in form.used_by_output] == snapshot([["first", "py"], ["blas"]])


OLD = """
    package: {name: old, version: 1.0}
    build:
      noarch_python: True
      entry_points:
        - x = y:z
      track_features:
        - b
    requirements:
      build:
        - python
        - setuptools
      run: python
    test: {imports: [x], requires: }
"""


def test_old_forms_are_read_as_they_are() -> None:
    assert read(OLD) == snapshot(
        {
            "package": {"name": "old", "version": "1.0"},
            "build": {"noarch_python": True, "entry_points": ["x = y:z"], "track_features": ["b"]},
            "requirements": {"build": ["python", "setuptools"], "run": "python"},
            "test": {"imports": ["x"], "requires": None},
        }
    )


def test_a_list_in_brackets_at_the_end_of_a_line_is_a_selector_as_in_conda_build() -> None:
    assert read("a: [b, c]\nd: [e]\nf: [g, h]  # of both\n") == snapshot({"a": None, "f": ["g", "h"]})


def test_forms_are_made_once_for_all_combinations_that_make_no_difference() -> None:
    source = Source.of("a: {{ python }}\nb: 1  # [linux]\n")
    first = source.form("linux-64", {"python": "3.12", "zlib": "1"})
    assert source.form("linux-64", {"python": "3.12", "zlib": "2"}) is first
    assert source.form("linux-64", {"python": "3.11", "zlib": "1"}) is not first
    assert source.form("osx-64", {"python": "3.12"}).document == {"a": "3.12"}


@pytest.mark.parametrize(
    "text", ["a: b\r\nc: d  # [win]\r\ne: f\r\n", "\ufeffa: b\ne: f\n", "a: b\x0c\ne: f", "a: b\re: f"]
)
def test_line_ends_of_any_system_and_marks_of_byte_order_are_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "meta.yaml").write_bytes(text.encode())
    assert Source.read(tmp_path).form("linux-64", {}).document == {"a": "b", "e": "f"}


BROKEN = {
    "a second colon": "a: 1\nb: c: d\n",
    "below lines that selectors removed": "a: 1  # [win]\nb: 1  # [win]\nc: 2\n\td: e\n",
    "below a loop": "{% for x in range(9) %}\na{{ x }}: 1\n{% endfor %}\nb: c: d\n",
    "in the last line": "a: 'b\nc: d\n",
    "nobody's name": "a: 1\nb: {{ nobody }}\n",
    "nobody's name, within a loop": "{% for x in [1] %}\na: 1\nb: {{ nobody }}\n{% endfor %}\n",
    "an open block": "a: 1\n{% if linux %}\nb: 2\n",
    "an expression that is none": "a: 1\nb: {{ 1 + }}\n",
    "a filter that is none": "a: {{ 'b'|nothing }}\n",
    "a selector that is none": "a: 1\nb: 2  # [linux and]\n",
    "a selector that calls": "a: 1\nb: 2  # [open('x')]\n",
    "a selector that compares what does not compare": "a: 1\nb: 2  # [mpi < 3]\n",
    "a git variable": "a: {{ GIT_DESCRIBE_TAG }}\n",
    "setup.py": "{% set data = load_setup_py_data() %}\na: {{ data.version }}\n",
    "a file of the source": "{% set data = load_file_data('pyproject.toml') %}\na: b\n",
    "a file elsewhere": "{% set data = load_file_data('../x.json', from_recipe_dir=True) %}\na: b\n",
    "another file": "a: 1\n{% include '/etc/passwd' %}\n",
    "Python's own": "a: {{ ''.__class__ }}\n",
    "an unknown variable of the environment": "a: {{ environ['SECRET'] }}\n",
    "division by nothing": "a: 1\nb: {{ 1 / 0 }}\n",
    "boa's dialect": "a:\n  - sel(win): x: y\n",
    "the new format": "context:\n  x: ${{ 1 }}\npackage:\n  name: ${{ x }}\n",
    "no mapping": "# nothing\n",
    "a private character": "a: b\nc: \ue000\n",
    "an escaped private character": 'a: "\\ue0005\\ue001"\n',
    "an alias to nothing": "a: 1\nb: *.txt\n",
}


def refusal(name: str, text: str, folder: Path) -> str:
    (folder / "meta.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(V0Error) as raised:
        Source.read(folder).form("linux-64", {"mpi": "nompi"})
    error = raised.value
    return fill(f"{name} -> meta.yaml:{error.line}: {error.what} {error.remedy}", 100, subsequent_indent="    ")


def test_what_is_wrong_is_told_with_its_line_its_cause_and_what_to_do(tmp_path: Path) -> None:
    assert "\n".join(refusal(name, text, tmp_path) for name, text in BROKEN.items()) == snapshot("""\
a second colon -> meta.yaml:2: its YAML cannot be read: a second `: ` stands on the line; put the
    value in quotes. Correct the file and push again.
below lines that selectors removed -> meta.yaml:4: its YAML cannot be read: a tab stands where only
    blanks may. Correct the file and push again.
below a loop -> meta.yaml:4: its YAML cannot be read: a second `: ` stands on the line; put the
    value in quotes. Correct the file and push again.
in the last line -> meta.yaml:2: its YAML cannot be read: a quote is not closed. Correct the file
    and push again.
nobody's name -> meta.yaml:2: Jinja: 'nobody' is undefined. Set it with {% set ... %} or in a pin
    file, or give it a default.
nobody's name, within a loop -> meta.yaml:3: Jinja: 'nobody' is undefined. Set it with {% set ... %}
    or in a pin file, or give it a default.
an open block -> meta.yaml:2: Jinja: Unexpected end of template. Jinja was looking for the following
    tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'. Correct
    the file and push again.
an expression that is none -> meta.yaml:2: Jinja: unexpected 'end of print statement'. Correct the
    file and push again.
a filter that is none -> meta.yaml:1: Jinja: No filter named 'nothing'. Correct the file and push
    again.
a selector that is none -> meta.yaml:2: the selector [linux and] is no expression. Write it as in `#
    [linux and py>=310]`, or quote text in brackets that is no selector.
a selector that calls -> meta.yaml:2: the selector [open('x')] does more than compare names. Use
    names, numbers, text, comparisons, and, or, not.
a selector that compares what does not compare -> meta.yaml:2: the selector [mpi < 3] fails: '<' not
    supported between instances of 'str' and 'int'. Correct the file and push again.
a git variable -> meta.yaml:1: Jinja: GIT_DESCRIBE_TAG comes from the source, which is not here yet.
    Set it with {% set ... %} or in a pin file, or give it a default.
setup.py -> meta.yaml:1: Jinja may not do this in a recipe: load_setup_py_data runs the setup.py of
    the source, which is not here yet. Write out what it is meant to make.
a file of the source -> meta.yaml:1: Jinja may not do this in a recipe: pyproject.toml belongs to
    the source, which is not here yet. Write out what it is meant to make.
a file elsewhere -> meta.yaml:1: Jinja may not do this in a recipe: ../x.json lies outside of the
    recipe's folder. Write out what it is meant to make.
another file -> meta.yaml:2: Jinja may not do this in a recipe: include, which is for texts of
    several files. Write out what it is meant to make.
Python's own -> meta.yaml:1: Jinja may not do this in a recipe: access to attribute '__class__' of
    'str' object is unsafe. Write out what it is meant to make.
an unknown variable of the environment -> meta.yaml:1: environ['SECRET'] is not known when a recipe
    is read. Give it a default with environ.get, or name it in a pin file.
division by nothing -> meta.yaml:2: Jinja: ZeroDivisionError: division by zero. Correct the file and
    push again.
boa's dialect -> meta.yaml:2: it is of boa's dialect (keys like `sel(win):`). Write it as a
    meta.yaml of conda-build or as a recipe.yaml.
the new format -> meta.yaml:1: it is of the new format, under the old one's name. Write it as a
    meta.yaml of conda-build or as a recipe.yaml.
no mapping -> meta.yaml:None: it holds no mapping. A meta.yaml starts with `package:`.
a private character -> meta.yaml:2: it holds the character U+E000. Take it out.
an escaped private character -> meta.yaml:None: it holds the character U+E000. Take it out.
an alias to nothing -> meta.yaml:2: its YAML cannot be read: `*` or `&` starts a value; put it in
    quotes. Correct the file and push again.\
""")


def test_what_is_no_recipe_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "meta.yaml"
    with pytest.raises(V0Error, match="it is no file"):
        Source.read(tmp_path)
    path.write_bytes(b"a: b\nc: \xff\n")
    with pytest.raises(V0Error, match="it is not UTF-8") as raised:
        Source.read(tmp_path)
    assert raised.value.line == 2
    path.write_bytes(b" " * 2_000_001)
    with pytest.raises(TooLargeError, match="more than 2000000 bytes"):
        Source.read(tmp_path)
