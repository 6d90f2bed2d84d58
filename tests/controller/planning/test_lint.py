"""Every rule of the linter on a recipe that breaks it and on one that does not, read by the real reader."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.recipes import Reading
from controller.gateways.outlines import written
from controller.gateways.tree_readings import open_folder, read_tree
from controller.planning.lint import lint
from controller.planning.lints.findings import RULES, Finding, Level
from controller.planning.lints.written import Written

GOOD = """\
package:
  name: good
  version: "1.0"
source:
  url: https://example.org/good-1.0.tar.gz
  sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
requirements:
  build: ["${{ compiler('c') }}"]
  host: [zlib >=1.2]
  run: [bzip2 >=1]
tests:
  - script: good --version
about:
  license: MIT
  license_file: LICENSE
"""
OLD = """\
package:
  name: good
  version: "1.0"
source:
  url: https://example.org/good-1.0.tar.gz  # [linux]
  sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
requirements:
  build:
    - {{ compiler('c') }}
  host:
    - zlib
test:
  commands:
    - good --version
about:
  license: MIT
  license_file: LICENSE
"""
LIB = """\
package: {name: libz, version: "1"}
requirements:
  run_exports: ["${{ pin_subpackage('libz') }}"]
tests: [{script: libz}]
"""
SILENT = LIB.replace("run_exports: [\"${{ pin_subpackage('libz') }}\"]", "run: []")
USER = """\
package: {name: user, version: "1"}
requirements: {host: [libz]}
tests: [{script: user}]
"""


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def texts_of(folder: Path) -> dict[str, Written]:
    checkout = open_folder(folder, "")
    return {name: written(recipe) for name, recipe in checkout.recipes(checkout.places.values()).items()}


def findings(folder: Path, subdirs: tuple[str, ...] = ("linux-64",), provided: frozenset[str] | None = None):
    return lint(read_tree(folder, subdirs, ""), texts_of(folder), provided)


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in found]


def text_alone(folder: Path, recipe: str) -> list[Finding]:
    """What needs no reading."""
    return list(lint(Reading("", ()), {recipe: texts_of(folder)[recipe]}))


BROKEN: dict[str, tuple[dict[str, str], tuple[str, int | None, str]]] = {
    "unreadable": (
        {"bad/recipe.yaml": GOOD.replace("tests:", "tets:")},
        ("bad/recipe.yaml", 11, "unknown top-level field 'tets'"),
    ),
    "build-string-without-hash": (
        {"good/recipe.yaml": GOOD.replace("requirements:", "build:\n  string: mine_1\nrequirements:")},
        ("good/recipe.yaml", 8, "good is always 'mine_1', whatever its variant"),
    ),
    "made-twice": (
        {"one/recipe.yaml": GOOD, "two/recipe.yaml": GOOD},
        ("two/recipe.yaml", 2, "linux-64/good-1.0-hb0f4dca_0.conda would be made twice: one makes it already"),
    ),
    "source-without-checksum": (
        {"good/recipe.yaml": GOOD.replace("sha256: 9f", "target_directory: 9f")},
        ("good/recipe.yaml", 5, "https://example.org/good-1.0.tar.gz has no sha256"),
    ),
    "noarch-compiled": (
        {"good/recipe.yaml": GOOD.replace("requirements:", "build:\n  noarch: python\nrequirements:")},
        ("good/recipe.yaml", 10, "good says noarch: python and has gcc_linux-64 in build"),
    ),
    "host-cycle": (
        {
            "one/recipe.yaml": GOOD.replace("name: good", "name: one").replace("zlib", "two"),
            "two/recipe.yaml": GOOD.replace("name: good", "name: two").replace("zlib", "one"),
        },
        ("one/recipe.yaml", 2, "one, two need each other in host"),
    ),
    "no-tests": (
        {"good/recipe.yaml": GOOD.replace("tests:\n  - script: good --version\n", "")},
        ("good/recipe.yaml", 2, "good has no tests"),
    ),
    "exact-pin-by-text": (
        {"good/recipe.yaml": GOOD.replace("bzip2 >=1", "bzip2 ==1.0.8")},
        ("good/recipe.yaml", 10, "good runs with 'bzip2 ==1.0.8' and nothing else"),
    ),
    "library-without-exports": (
        {"libz/recipe.yaml": SILENT, "user/recipe.yaml": USER},
        ("libz/recipe.yaml", 1, "libz exports nothing, and user has it in host"),
    ),
    "no-license-file": (
        {"good/recipe.yaml": GOOD.replace("  license_file: LICENSE\n", "")},
        ("good/recipe.yaml", 14, "license is MIT, and there is no license_file"),
    ),
    "unused-pin": (
        {"good/recipe.yaml": GOOD, "good/variants.yaml": "python:\n  - '3.12'\nc_compiler: [gcc]\n"},
        ("good/variants.yaml", 1, "python is set here, and nothing uses it"),
    ),
    "never-built": (
        {"good/recipe.yaml": GOOD.replace("requirements:", "build:\n  skip: linux\nrequirements:")},
        ("good/recipe.yaml", 8, "it skips itself on linux-64, which is all that was asked for"),
    ),
}


def test_a_recipe_in_order_has_no_findings(tmp_path: Path) -> None:
    tree(tmp_path, {"good/recipe.yaml": GOOD, "libz/recipe.yaml": LIB, "user/recipe.yaml": USER})
    assert findings(tmp_path) == ()


@pytest.mark.parametrize("code", BROKEN)
def test_a_rule_says_where_and_why(code: str, tmp_path: Path) -> None:
    files, expected = BROKEN[code]
    (finding,) = findings(tree(tmp_path, files))
    assert finding.code == code
    assert (finding.file, finding.line, finding.cause) == expected
    assert finding.remedy
    assert finding.level is RULES[code].level


def test_an_old_recipe_with_compilers_and_no_host_is_one_environment(tmp_path: Path) -> None:
    merged = OLD.replace("  host:\n    - zlib\n", "")
    tree(tmp_path, {"good/meta.yaml": OLD, "merged/meta.yaml": merged})
    assert text_alone(tmp_path, "good") == []
    (finding,) = text_alone(tmp_path, "merged")
    assert (finding.code, finding.line) == ("no-host-section", 9)


def test_an_old_recipe_is_held_to_the_same_rules_on_its_text(tmp_path: Path) -> None:
    bad = OLD.replace("  sha256: ", "  fn: ").replace("  license_file: LICENSE\n", "{% if true %}{% endif %}\n")
    tree(tmp_path, {"bad/meta.yaml": bad})
    assert [(f.code, f.line) for f in text_alone(tmp_path, "bad")] == [
        ("source-without-checksum", 5), ("no-license-file", 16),
    ]  # fmt: skip


def test_a_checksum_whose_kind_jinja_names_is_one(tmp_path: Path) -> None:
    tree(tmp_path, {"good/meta.yaml": OLD.replace("sha256: ", "'{{ kind }}': ")})
    assert text_alone(tmp_path, "good") == []


def test_a_pin_that_goes_together_with_a_used_one_is_used(tmp_path: Path) -> None:
    pins = "python: ['3.12', '3.13']\nflavour: [a, b]\nalone: [c]\nzip_keys: [[python, flavour]]\n"
    tree(tmp_path, {"good/recipe.yaml": GOOD.replace("zlib >=1.2", "python"), "good/variants.yaml": pins})
    assert [finding.cause for finding in findings(tmp_path)] == ["alone is set here, and nothing uses it"]


def test_a_branch_of_a_repository_is_no_fixed_source(tmp_path: Path) -> None:
    at = "source:\n  git: https://example.org/good.git\n  {}\n"
    text = GOOD[: GOOD.index("source:")] + "{}" + GOOD[GOOD.index("requirements:") :]
    tree(tmp_path, {
        "loose/recipe.yaml": text.replace("{}", at.replace("{}", "branch: main")).replace("good\n", "loose\n"),
        "fixed/recipe.yaml": text.replace("{}", at.replace("{}", "tag: v1.0")),
    })  # fmt: skip
    (finding,) = findings(tmp_path)
    assert (finding.code, finding.recipe, finding.line) == ("source-without-checksum", "loose", 5)


def test_sources_under_conditions_are_seen_whatever_the_condition(tmp_path: Path) -> None:
    source = "source:\n  - if: win\n    then:\n      - url: https://example.org/win.zip\n    else:\n      - path: src\n"
    text = GOOD[: GOOD.index("source:")] + source + GOOD[GOOD.index("requirements:") :]
    assert codes(findings(tree(tmp_path, {"good/recipe.yaml": text}))) == ["source-without-checksum"]


def test_what_nobody_provides_is_asked_only_with_channels(tmp_path: Path) -> None:
    tree(tmp_path, {"good/recipe.yaml": GOOD.replace("bzip2 >=1", "__glibc >=2.17")})
    assert findings(tmp_path) == ()
    (finding,) = findings(tmp_path, provided=frozenset({"gcc_linux-64"}))
    assert (finding.code, finding.line) == ("unprovided", 9)
    assert finding.cause == "good has zlib in host, and nothing provides it"
    assert findings(tmp_path, provided=frozenset({"gcc_linux-64", "zlib"})) == ()


def test_what_the_builder_cannot_be_given_is_an_error(tmp_path: Path) -> None:
    tree(tmp_path, {"good/recipe.yaml": GOOD})
    reading = read_tree(tmp_path, ("linux-64",), "")
    outputs = tuple(replace(output, unbuildable="It uses load_setup_py_data.", tests=0) for output in reading.outputs)
    (finding,) = lint(replace(reading, outputs=outputs), texts_of(tmp_path))
    assert (finding.code, finding.line, finding.cause) == ("unbuildable", 2, "It uses load_setup_py_data.")


@pytest.mark.parametrize(
    "spec", ["bzip2", "bzip2 1.0.*", "bzip2 >=1.0.8", "bzip2 =1.0", "bzip2 ==1.0|==1.1", "bzip2 >=1,<2"]
)
def test_a_range_is_no_exact_pin(spec: str, tmp_path: Path) -> None:
    tree(tmp_path, {"good/recipe.yaml": GOOD.replace("run: [bzip2 >=1]", f"run: ['{spec}']")})
    assert findings(tmp_path) == ()


def test_a_build_string_with_the_hash_may_be_written_by_hand(tmp_path: Path) -> None:
    string = "build:\n  string: mine_${{ hash }}_0\nrequirements:"
    assert findings(tree(tmp_path, {"good/recipe.yaml": GOOD.replace("requirements:", string)})) == ()


def test_a_static_library_exports_nothing_and_need_not(tmp_path: Path) -> None:
    static = {"libz/recipe.yaml": SILENT.replace("libz", "libz-static")}
    assert findings(tree(tmp_path, static | {"user/recipe.yaml": USER.replace("libz", "libz-static")})) == ()


def test_a_linker_alone_is_no_compiler(tmp_path: Path) -> None:
    text = GOOD.replace("requirements:", "build:\n  noarch: python\nrequirements:")
    tree(tmp_path, {"good/recipe.yaml": text.replace("${{ compiler('c') }}", "ld_impl_linux-64")})
    assert findings(tmp_path) == ()


def test_a_skip_on_one_of_two_subdirs_is_no_finding(tmp_path: Path) -> None:
    tree(tmp_path, {"good/recipe.yaml": GOOD.replace("requirements:", "build:\n  skip: win\nrequirements:")})
    assert findings(tmp_path, ("linux-64", "win-64")) == ()


def _every_code() -> Iterator[str]:
    yield from BROKEN
    yield from ("no-host-section", "unprovided", "unbuildable")


def test_every_rule_is_tried_and_has_its_words() -> None:
    assert set(_every_code()) == set(RULES)
    assert all(rule.sentence.endswith(".") and rule.remedy.endswith(".") for rule in RULES.values())
    assert {rule.level for rule in RULES.values()} == set(Level)


def test_the_page_on_recipes_has_every_code_with_its_level() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "howto" / "write-a-recipe.md").read_text(encoding="utf-8")
    assert [code for code, rule in RULES.items() if f"| `{code}` | {rule.level.value} |" not in page] == []
