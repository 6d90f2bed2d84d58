"""Recipes that are made to do harm, each read with 1 GB and 20 seconds: an answer or a refusal, and nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controller.gateways.v0.confined import Ending, Read, confined

N = 100_000


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    with confined() as reader:
        yield reader


def ending(read: Read, folder: Path, text: str | bytes) -> Ending:
    written = text if isinstance(text, bytes) else text.encode()
    (folder / "meta.yaml").write_bytes(written)
    before = sorted(folder.iterdir())
    kind, what, line = read(folder)
    assert sorted(folder.iterdir()) == before
    assert line is None or 1 <= line <= written.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    assert len(what) < 500
    return kind, what, line


def doubled(count: int, of: str) -> str:
    """Each level names the one before it twice, one a line: what stands in brackets at a line's end is a selector."""
    levels = (of.format(f"*a{number - 1}") for number in range(1, count))
    return "a0: &a0 {x: y}\n" + "".join(f"a{number}: &a{number}\n{level}" for number, level in enumerate(levels, 1))


BOMBS = {
    "laughs": doubled(40, "  - {0}\n  - {0}\n"),
    "laughs in mappings": doubled(40, "  b: {0}\n  c: {0}\n"),
    "merges": doubled(40, "  <<:\n    - {0}\n    - {0}\n"),
    "wide merges": "a: &a\n" + "".join(f"  k{n}: 1\n" for n in range(5_000)) + "b:\n  <<:\n" + "    - *a\n" * 5_000,
    "a list within itself": "a: &a\n  - *a\n  - *a\n",
    "a mapping within itself": "a: &a\n  b: *a\n",
    "brackets": "a: " + "[" * N,
    "brackets over lines": "a:\n" + "  [\n" * N,
    "braces": "a: " + "{b: " * N,
    "dashes": "a:\n" + "- " * N,
    "questions": "? " * N,
    "dashes over lines": "".join(" " * depth + "-\n" for depth in range(1_800)),
    "keys over lines": "".join(" " * depth + "a:\n" for depth in range(1_800)),
    "dashes in steps": "".join(" " * 16 * depth + "- " * 7 + "-\n" for depth in range(400)),
    "many keys": "".join(f"k{n}: 1\n" for n in range(150_000)),
    "loads": "{% for x in range(9999) %}{% set y = load_str_data('[' ~ '1,' * 9999 ~ '1]', 'yaml') %}"
    "{% endfor %}a: b\n",
    "many anchors": "".join(f"k{n}: &a{n} 1\n" for n in range(110_000)),
    "searches": "{% for x in range(9999) %}{% set y = load_file_regex('meta.yaml', '(a|a)*$', "
    "from_recipe_dir=True) %}{% endfor %}a: b # " + "a" * 60 + "!\n",
    "its own device": "{% set x = load_file_regex('/dev/zero', 'x', from_recipe_dir=True) %}\n",
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_what_is_made_to_blow_up_is_refused(read: Read, tmp_path: Path, name: str) -> None:
    kind, what, _ = ending(read, tmp_path, BOMBS[name])
    assert kind in {"TooLargeError", "V0Error"}, what


UNITS = (
    "[", "]", "[a", "a]", "# [", "#[x](", " \t", "{{ ", "{% ", "{# ", "{", "}}", "{{ ' }}", '{{ "', "\\'", "{{ '\\'",
    "{% set x", "{% set x =", "'", '"', "a: ", "- ", "? ", "&a ", "*a ", "!", "%", "|", ">", "<<: ", "\x0c", "\u2028",
    "\r", "\n", "é", "env ", "a | lower ", "compiler(", "compiler('a', ", "${{ ", "x.", "1:", "((", "{{ x|", "{{ x.y ",
    "{% raw %}", "{%- ", "=", "{{ 1 }}", "{% set x = 1 %}", "{{ compiler('c') }}", "[1] # [linux]\n", "{% if x %}",
    "{{ [", "{{ {", "{{ not ", "{{ -", "sel(", "- sel(a", "context\n",
)  # fmt: skip


@pytest.mark.parametrize("frame", ["{}", "package:\n  name: {}\n", "a: b  # {}[linux]\n"])
@pytest.mark.parametrize("unit", UNITS)
def test_a_hundred_thousand_characters_of_anything_are_answered(
    read: Read, tmp_path: Path, unit: str, frame: str
) -> None:
    kind, what, _ = ending(read, tmp_path, frame.format(unit * (N // len(unit))))
    assert kind in {"read", "TooLargeError", "V0Error"}, what


@pytest.mark.parametrize(
    "text",
    [
        b"a: &a\n  <<: *a\n  b: c\n", b"a: !!int '" + b"1:" * 50_000 + b"1'\n",
        b"\xff\xfea\x00:\x00", b"a: \xed\xa0\x80\n", b"a: b\x00c\n", b"\x00" * 1_000, b"", b"\xef\xbb\xbf",
        b"a: \xf4\x90\x80\x80\n", "a: \ue000 1\ue001\n".encode(), b'a: "\\uE0000\\uE001"\n', b'a: "\\0"\n',
        b"a: \x7f\x1b[2J\n",
        b"a: {{ '\\ue0001\\ue001' }}\n", b"a: {{ '\\ud800' }}\n", b"a: {{ '\\x00' }}\n", b"%YAML 9.9\n---\na: b\n",
        b"a: b\n...\n---\nc: d\n", b"? [a, b] \n: c\n", b"? {a: b} \n: c\n",
        b"!!python/object/apply:os.system ['id']\n#\n",
        b"a: !!python/name:os.system x\n", b"a: !!omap x\n", b"a: !!set {b, c} \n",
        b"a: !!bool maybe\n", b"a: !!timestamp x\n",
    ],
)  # fmt: skip
def test_odd_bytes_and_tags_are_read_or_refused(read: Read, tmp_path: Path, text: bytes) -> None:
    kind, what, _ = ending(read, tmp_path, text)
    assert kind in {"read", "TooLargeError", "V0Error"}, what


def test_a_recipe_that_is_a_pipe_a_device_or_a_folder_is_refused(read: Read, tmp_path: Path) -> None:
    recipe = tmp_path / "meta.yaml"
    os.mkfifo(recipe)
    assert read(tmp_path)[:2] == ("V0Error", "it is no file.")
    recipe.unlink()
    recipe.symlink_to("/dev/zero")
    assert read(tmp_path)[:2] == ("V0Error", "it is no file.")
    recipe.unlink()
    recipe.mkdir()
    assert read(tmp_path)[:2] == ("V0Error", "it is no file.")
