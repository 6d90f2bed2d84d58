import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from jinja2.exceptions import SecurityError

from controller.gateways.v0.faults import TooLargeError, V0Error
from controller.gateways.v0.functions import Calls, functions, refuse_marks


def known(calls: Calls | None = None, folder: Path | None = None) -> dict[str, Any]:
    return functions(calls or Calls(), folder, lambda package: f"{package}-cos7-x86_64")


def kept(call: Callable[[dict[str, Any]], str]) -> str:
    calls = Calls()
    return calls.put_back(call(known(calls)))


@pytest.mark.parametrize(
    ("call", "expression"),
    [
        (lambda f: f["compiler"]("c"), "${{ compiler('c') }}"),
        (lambda f: f["compiler"]("m2w64_c"), "${{ compiler('m2w64_c') }}"),
        (lambda f: f["stdlib"]("c"), "${{ stdlib('c') }}"),
        (lambda f: f["pin_subpackage"]("x"), "${{ pin_subpackage('x') }}"),
        (lambda f: f["pin_subpackage"]("x", exact=True), "${{ pin_subpackage('x', exact=True) }}"),
        (lambda f: f["pin_subpackage"]("x", max_pin="x.x"), "${{ pin_subpackage('x', upper_bound='x.x') }}"),
        (
            lambda f: f["pin_subpackage"]("x", "x.x", None),
            "${{ pin_subpackage('x', lower_bound='x.x', upper_bound=None) }}",
        ),
        (lambda f: f["pin_subpackage"]("x", max_pin=""), "${{ pin_subpackage('x', upper_bound=None) }}"),
        (lambda f: f["pin_subpackage"]("x", max_pin="x.x,x"), "${{ pin_subpackage('x', upper_bound='x.x') }}"),
        (lambda f: f["pin_compatible"]("numpy"), "${{ pin_compatible('numpy') }}"),
        (
            lambda f: f["pin_compatible"]("numpy", lower_bound="1.2", upper_bound="3"),
            "${{ pin_compatible('numpy', lower_bound='1.2', upper_bound='3') }}",
        ),
        (
            lambda f: f["pin_compatible"]("numpy", min_pin="x", max_pin="x.x"),
            "${{ pin_compatible('numpy', lower_bound='x', upper_bound='x.x') }}",
        ),
    ],
)
def test_what_the_builder_answers_is_kept_for_it_as_an_expression(
    call: Callable[[dict[str, Any]], str], expression: str
) -> None:
    assert kept(call) == expression


def test_an_expression_may_stand_in_the_middle_of_a_text_and_be_made_twice() -> None:
    calls = Calls()
    compiler = known(calls)["compiler"]
    text = f"{compiler('c')} >=1, {compiler('cxx')} {compiler('c')}"
    assert calls.put_back(text) == "${{ compiler('c') }} >=1, ${{ compiler('cxx') }} ${{ compiler('c') }}"
    assert calls.expressions == ["compiler('c')", "compiler('cxx')"]


def test_what_looks_like_an_expression_in_the_recipes_own_text_is_literal() -> None:
    assert Calls().put_back("echo ${{ x }}") == "echo ${{ '${{' }} x }}"


@pytest.mark.parametrize("name", ["", "a'b", "a) }} ${{ b", "c c", "x" * 50 + "\n"])
def test_no_call_smuggles_an_expression_in(name: str) -> None:
    with pytest.raises(V0Error, match="is no name"):
        known()["compiler"](name)


@pytest.mark.parametrize(
    "forged", ["\ue0000\ue001", "\ue0009999999\ue001", "\ue000", "a\ue001b", "a\0b", "\ue000²\ue001"]
)
def test_a_mark_that_no_call_made_is_refused(forged: str) -> None:
    with pytest.raises(V0Error, match=r"it holds the character U\+"):
        Calls().put_back(forged)


def test_a_mark_in_a_file_is_refused_with_its_line() -> None:
    with pytest.raises(V0Error) as raised:
        refuse_marks("a\nb\ue000")
    assert (raised.value.what, raised.value.line) == ("it holds the character U+E000.", 2)


def test_a_pin_of_hundreds_of_places_is_none() -> None:
    with pytest.raises(V0Error, match="is no pin"):
        known()["pin_subpackage"]("x", max_pin="x." * 100)


def test_small_things_are_computed() -> None:
    functions_ = known()
    assert functions_["ccache"]("c") == "ccache"
    assert functions_["cdt"]("mesa-libgl-devel") == "mesa-libgl-devel-cos7-x86_64"
    assert functions_["load_str_data"]('{"a": [1, 2]}', "json") == {"a": [1, 2]}
    assert functions_["load_str_data"]("a = 1.5", "toml") == {"a": 1.5}
    assert functions_["load_str_data"]("a: 1", "yaml") == {"a": 1}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "load_setup_py_data",
            snapshot("load_setup_py_data runs the setup.py of the source, which is not here yet"),
        ),
        ("load_setuptools", snapshot("load_setuptools runs the setup.py of the source, which is not here yet")),
        ("load_npm", snapshot("load_npm reads the source, which is not here yet")),
        (
            "resolved_packages",
            snapshot("resolved_packages needs a solved environment, which is made at the build"),
        ),
    ],
)
def test_what_needs_the_source_or_a_solver_is_refused_with_its_reason(name: str, said: str) -> None:
    with pytest.raises(SecurityError) as raised:
        known()[name]("x", from_recipe_dir=True)
    assert str(raised.value) == said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
    (recipe / "data.json").write_text('{"version": "1.2"}', encoding="utf-8")
    (recipe / "data.yml").write_text("version: 1.2\nnames: [a]\n", encoding="utf-8")
    (recipe / "py.toml").write_text('[project]\nversion = "3"\n', encoding="utf-8")
    (recipe / "x.py").write_text("__version__ = '1.2.3'\n", encoding="utf-8")
    (recipe / "bad.json").write_text("{", encoding="utf-8")
    (recipe / "latin.json").write_bytes(b'{"a": "\xe9"}')
    return recipe


def test_files_of_the_recipe_are_read_as_data(folder: Path) -> None:
    load = known(folder=folder)["load_file_data"]
    assert load("data.json", from_recipe_dir=True) == {"version": "1.2"}
    assert load("data.yml", from_recipe_dir=True) == {"version": 1.2, "names": ["a"]}
    assert load("py.toml", from_recipe_dir=True) == {"project": {"version": "3"}}
    assert load("data.json", "yaml", from_recipe_dir=True) == {"version": "1.2"}


def test_a_pattern_finds_its_groups_in_a_file(folder: Path) -> None:
    found = known(folder=folder)["load_file_regex"]("x.py", r"'(?P<v>\d+)\.(\d+)", from_recipe_dir=True)
    assert (found.group(0), found[1], found.group("v"), found.groups()) == ("'1.2", "1", "1", ("1", "2"))
    assert known(folder=folder)["load_file_regex"]("x.py", "nothing", from_recipe_dir=True) is None


def tricks(folder: Path) -> dict[str, str]:
    outside = folder.parent / "secret.json"
    (folder / "link.json").symlink_to(outside)
    (folder / "self.json").symlink_to(folder / "self.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    (folder / "up").symlink_to(folder.parent)
    (folder / "sub.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    (folder / "large.json").write_bytes(b" " * 1_000_001)
    return {
        "../secret.json": "outside",
        "data/../../secret.json": "outside",
        str(outside): "outside",
        "/etc/passwd": "outside",
        "/dev/zero": "outside",
        "link.json": "outside",
        "up/secret.json": "outside",
        "zero.json": "outside",
        "self.json": "cannot be opened",
        "sub.json": "no file there",
        "pipe.json": "no file there",
        "large.json": "larger than",
        "none.json": "no file there",
        "": "no file there",
        "a\0b.json": "cannot be opened",
        "x" * 5_000: "cannot be opened",
        "latin.json": "not UTF-8",
        "~/x.json": "no file there",
    }


@pytest.mark.timeout(20)
@pytest.mark.parametrize("function", ["load_file_data", "load_file_regex"])
def test_no_path_leads_out_of_the_folder_or_to_what_is_no_file(folder: Path, function: str) -> None:
    load = known(folder=folder)[function]
    for name, said in tricks(folder).items():
        with pytest.raises((V0Error, SecurityError), match=said):
            load(name, "json", from_recipe_dir=True)


def test_files_of_the_source_are_refused_and_so_is_reading_without_a_folder(folder: Path) -> None:
    with pytest.raises(SecurityError, match="belongs to the source, which is not here yet"):
        known(folder=folder)["load_file_data"]("data.json")
    with pytest.raises(SecurityError, match="no folder"):
        known()["load_file_data"]("data.json", from_recipe_dir=True)


def refusal(text: str, kind: str) -> str:
    with pytest.raises(V0Error) as raised:
        known()["load_str_data"](text, kind)
    return raised.value.what


def test_data_that_cannot_be_read_is_said() -> None:
    assert refusal("{", "json").startswith("load_str_data cannot be read as json: Expecting property name")
    assert refusal("a", "toml").startswith("load_str_data cannot be read as toml: Expected '=' after a key")
    assert refusal("a: b: c", "yaml").startswith("load_str_data: its YAML cannot be read: a second `: `")
    assert refusal("a", "ini") == "'ini' is no format that data is read in."


@pytest.mark.parametrize(
    ("text", "kind"), [("[" * 100_000, "json"), ("a=" + "[" * 100_000, "toml"), ("[" * 99, "yaml")]
)
def test_data_nested_without_end_is_refused(text: str, kind: str) -> None:
    assert refusal(text, kind) == "load_str_data: it is nested too deeply."


def test_calls_data_and_searches_are_bounded(folder: Path) -> None:
    of = known(folder=folder)
    assert ends("more than 2000 ways", lambda number: of["compiler"](f"c{number}")) == 2_000
    assert ends("characters of data", lambda _: of["load_str_data"]("1", "json")) < 5_000
    assert ends("more than 20 times", lambda _: of["load_file_regex"]("large", "", from_recipe_dir=True)) == 20


def ends(said: str, call: Callable[[int], object]) -> int:
    """After how many calls that is said."""
    for number in range(10_000):
        try:
            call(number)
        except TooLargeError as error:
            assert said in error.what  # noqa: PT017 -- the loop goes on after other refusals
            return number
        except V0Error:
            continue
    raise AssertionError(said)
