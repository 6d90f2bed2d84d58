from pathlib import Path

import pytest
from rattler_build import JinjaConfig, PlatformConfig, VariantConfig

from controller.gateways.pins import PinError, Pins
from controller.gateways.variant_files import OLD_NAME, PinFile, read_pins

PINNING = """\
c_compiler:
  - gcc                        # [linux]
  - clang                      # [osx]
  - vs2022                     # [win]
# A comment between [brackets].
c_compiler_version:            # [unix]
  - 15                         # [linux]
  - 21                         # [osx]
  - 14                         # [linux and (x86_64 or aarch64) and os.environ.get("CUDA", "False") == "True"]
c_stdlib_version:              # [unix]
  - 2.17                       # [linux and not riscv64]
  - 2.17                       # [linux64 and os.environ.get("CUDA", "False") == "True"]
  - 11.0                       # [osx]
cuda_compiler_version:
  - None
  - 12.9                       # [linux64 and os.environ.get("CUDA", "False") == "True"]
docker_image:                  # [os.environ.get("BUILD_PLATFORM", "").startswith("linux-")]
  - one                        # [os.environ.get("BUILD_PLATFORM") == "linux-64"]
target_gobin:
  - '${PREFIX}/bin/'           # [unix]
  - '%PREFIX%\\bin\\'          # [win]
target_goexe:
  -                            # [unix]
  - .exe                       # [win]
zip_keys:
  -                             # [unix]
    - c_compiler_version        # [unix]
    - c_stdlib_version          # [linux and os.environ.get("CUDA", "False") == "True"]
    - cuda_compiler_version     # [linux and os.environ.get("CUDA", "False") == "True"]
  -
    - python
    - is_python_min
python:
  - 3.10.* *_cpython
  - 3.13.* *_cp313
is_python_min:
  - true
  - false
pin_run_as_build:
  vlfeat:
    max_pin: x.x.x
  htslib: x.x
libblas:
  - 3.10
alsa_lib:
  - '1.2'
mpi:
  - nompi   # [ppc64le or arm64]
  - mpich   # [ x86_64 ]
"""
PLATFORMS = ("linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64")


def read(text: str | bytes, name: str = OLD_NAME, platform: str = "linux-64") -> Pins:
    return read_pins([PinFile(name, text.encode() if isinstance(text, str) else text)], platform)


def refusal(text: str | bytes, name: str = OLD_NAME) -> PinError:
    with pytest.raises(PinError) as raised:
        read(text, name)
    assert raised.value.file == name
    assert raised.value.remedy
    return raised.value


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_says_what_the_builder_reads_in_it(platform: str, tmp_path: Path) -> None:
    """The builder makes booleans of true and nothing of an empty value; here both stay as written."""
    path = tmp_path / OLD_NAME
    path.write_text(PINNING)
    platforms = PlatformConfig(target_platform=platform, build_platform=platform, host_platform=platform)
    builders = VariantConfig.from_files_with_context([str(path)], JinjaConfig(platform=platforms))
    written = {True: "true", False: "false", None: ""}
    expected = {key: tuple(written.get(value, value) for value in values) for key, values in builders.to_dict().items()}
    pins = read(PINNING, platform=platform)
    assert dict(pins.values) == expected
    assert [list(group) for group in pins.zip_keys] == builders.zip_keys


def test_values_stay_as_they_are_written() -> None:
    pins = read(PINNING)
    assert [pins.values[key] for key in ("libblas", "cuda_compiler_version", "is_python_min", "target_goexe")] == [
        ("3.10",), ("None",), ("true", "false"), ("",),
    ]  # fmt: skip
    assert pins.pin_run_as_build == {"vlfeat": {"max_pin": "x.x.x"}, "htslib": {"min_pin": "x.x", "max_pin": "x.x"}}


def test_the_environment_is_what_the_tree_says_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA", "True")
    file = PinFile(OLD_NAME, PINNING.encode())
    assert read_pins([file], "linux-64").values["c_compiler_version"] == ("15",)
    pins = read_pins([file], "linux-64", {"CUDA": "True", "BUILD_PLATFORM": "linux-64"})
    assert pins.values["cuda_compiler_version"] == ("None", "12.9")
    assert pins.values["docker_image"] == ("one",)


def test_a_new_file_is_read_by_the_builder_itself() -> None:
    text = "zlib:\n  - if: osx\n    then: [1]\n    else: [2, 3.10]\nzip_keys:\n  - [zlib, cf-x]\ncf-x: [a, true]\n"
    pins = read(text, "variants.yaml")
    assert pins.values == {"zlib": ("2", "3.10"), "cf_x": ("a", "true")}
    assert pins.zip_keys == (("zlib", "cf_x"),)
    assert read(text.replace("osx", "linux"), "variants.yaml", "osx-64").values["zlib"] == ("2", "3.10")


def test_files_of_both_kinds_go_together() -> None:
    files = [PinFile(OLD_NAME, PINNING.encode()), PinFile("recipe/variants.yaml", b"libblas:\n  - 4\n")]
    pins = read_pins(files, "linux-64")
    assert (pins.values["libblas"], pins.values["alsa_lib"]) == (("4",), ("1.2",))
    assert read_pins([], "linux-64") == Pins()


def test_a_list_in_brackets_is_a_list_and_no_selector() -> None:
    pins = read("a: [1, 2]\nzip_keys:\n  - [a, b]\nb:\n  - 1   # [linux]\n  - 2\n")
    assert (pins.values["a"], pins.zip_keys) == (("1", "2"), (("a", "b"),))


def test_joined_keys_make_no_values() -> None:
    pins = read("extend_keys:\n  - flags\nflags:\n  - x\nignore_version:\n  - numpy\na: 3.10\nempty:\n")
    assert pins.values == {"a": ("3.10",)}
    assert pins.joined == {"extend_keys": ("flags",), "flags": ("x",), "ignore_version": ("numpy",)}


def test_an_alias_is_what_it_stands_for() -> None:
    assert read("a: &a\n  - 1\nb: *a\n").values == {"a": ("1",), "b": ("1",)}


def test_a_misspelt_platform_is_told_with_its_line_and_the_right_one() -> None:
    error = refusal("a:\n  - 1\nb:\n  - 1   # [oxs]\n")
    assert (error.line, error.remedy) == (4, "Did you mean osx?")


def test_values_of_other_keys_decide_nothing() -> None:
    error = refusal('a:\n  - 1   # [cuda_compiler_version != "None"]\n')
    assert "cuda_compiler_version" in error.what
    assert error.line == 2


def test_unequal_numbers_are_refused_with_keys_and_numbers() -> None:
    error = refusal("zip_keys:\n  - [a, b]\na:\n  - 1\nb:\n  - 1\n  - 2\n")
    assert "a has 1, b has 2" in error.what


def test_lines_are_those_of_the_file_as_it_was_written() -> None:
    assert refusal("a:   # [win]\n  - 1   # [win]\nb:\n  c: d\n").line == 4
    assert refusal("a:   # [win]\n  - 1   # [win]\nb: 'x\n").line is not None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "no text or number"),
        ("a:\n" + "".join(f"{' ' * depth}- \n" for depth in range(40)), "nested too deeply"),
        ("{a: " * 3_000, "nested too deeply"),
        ("[\n" * 50_000, "nested too deeply"),
        ("- " * 50_000 + "x", "nested too deeply"),
        ("a: &a [*a]\n", "stands for nothing"),
        ("x" * 5_000_000, "5000000 bytes"),
        (b"a:\n  - \xff\n", "no UTF-8"),
        ("- a\n- b\n", "no mapping"),
        ("a:\n  - [b]\n", "no text or number"),
        ("a:\n  - b: c\n", "no text or number"),
        ("a:\n  b: c\n", "holds a mapping"),
        ("? [a]\n: b\n", "no text or number"),
        ("zip_keys:\n  a: b\n", "holds no list"),
        ("pin_run_as_build:\n  - a\n", "holds no mapping"),
        ("pin_run_as_build:\n  a:\n    - x\n", "is no mapping"),
        ("a: 1\n---\nb: 2\n", "second document"),
        ("a:\n  - 1   # [linux and]\n", "no expression"),
        ("a:\n  - 1   # [__import__('os')]\n", "more than compare"),
        ("a: 'b\n", "cannot be read"),
    ],
)
def test_a_hostile_file_is_refused_with_its_cause(text: str | bytes, cause: str) -> None:
    assert cause in refusal(text).what


@pytest.mark.parametrize(
    ("text", "cause", "line"),
    [
        ("{a: " * 3_000, "nested too deeply", 1),
        ("a:\n  - 1\nb:\n  c: d\n", "'b' must be a list", 4),
        ("a:\n  - [1]\n", "non-scalar", 2),
        ("a:\n  - if: \n    then: 3\n", "", None),
        ("- a\n", "must be a mapping", 1),
    ],
)
def test_a_new_file_that_cannot_be_read_is_told_in_words(text: str, cause: str, line: int | None) -> None:
    error = refusal(text, "variants.yaml")
    assert cause in error.what
    assert "Span" not in error.what
    assert line is None or error.line == line


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  - ${{ env.get('SECRET', default='') }}\n",
        "a:\n  - if: env.exists('SECRET')\n    then: [1]\n",
        "a:\n  - if: linux\n    then:\n      - if: (env)['get']('SECRET')\n        then: [1]\n",
        'a:\n  - "\\x24{{ \\x65nv.get(1) }}"\n',
    ],
)
def test_a_new_file_reads_nothing_of_the_controllers_environment(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "password")
    assert "variables of the environment" in refusal(text, "variants.yaml").what


def test_a_thousand_aliases_are_no_bomb() -> None:
    names = "abcdefghijklm"
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for number in range(12):
        text += f"b{number}: &{names[number + 1]} [{', '.join([f'*{names[number]}'] * 9)}]\n"
    refusal(text)
    refusal(text, "variants.yaml")
