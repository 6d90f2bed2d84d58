"""``farm recipe``: every printed form, with no service up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from inline_snapshot import snapshot

from controller.services.answers.recipe_shapes import LintAnswer, RecipeList, RecipeView
from tests.kit.indexed import channel as index
from tests.kit.recipe_trees import commit, write_recipe

from .conftest import Type

STARTER = Path(__file__).resolve().parents[3] / "recipes" / "starter"
LIB = """\
package:
  name: libz
  version: "1.3"
build:
  number: 2
requirements:
  build:
    - ${{ compiler('c') }}
  host:
    - python
    - if: linux
      then: zstd >=1.5
  run_exports:
    weak:
      - ${{ pin_subpackage('libz', upper_bound='x.x') }}
tests:
  - script: test -f $PREFIX/lib/libz.so
    requirements:
      run: [curl]
about:
  license: Zlib
"""
OLD = """\
{% set version = "1.10" %}
package:
  name: old
  version: {{ version }}
requirements:
  build:
    - {{ compiler('c') }}
  host:
    - libz
test:
  commands:
    - old --version
about:
  license: MIT
  license_file: {{ environ["PREFIX"] }}/share/LICENSE
"""
USER = """\
package: {name: user, version: "1"}
source: {url: https://example.org/user.tar.gz}
requirements:
  host: [libz]
  run: [zlib ==1.3.1]
tests: [{script: user}]
"""


@pytest.fixture(autouse=True)
def _for_one_subdir(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_SUBDIRS", '["linux-64"]')


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    for name, text in {"libz": LIB, "deep/user": USER, "bad": "package:\n  name: [\n"}.items():
        (tree / name).mkdir(parents=True)
        (tree / name / "recipe.yaml").write_text(text, encoding="utf-8")
    (tree / "variants.yaml").write_text("python: ['3.12.* *_cpython', '3.13.* *_cp313']\n", encoding="utf-8")
    return tree


def test_a_list_has_a_line_a_package_and_the_refused_last(typed: Type, tree: Path) -> None:
    said = typed("recipe", "list", "--tree", tree)
    assert said.code == 0
    assert said.out == snapshot("""\
NAME  VERSION  VARIANTS  FORMAT  FOLDER
libz  1.3      2         v1      libz
user  1        1         v1      deep/user
not read: bad/recipe.yaml:3: 3:1: while parsing a node, did not find expected node content
""")
    assert said.err == snapshot("2 packages of 2 recipes; 1 not read, 0 skipped\n")


def test_a_list_can_be_cut_to_a_pattern_and_read_by_programs(typed: Type, tree: Path) -> None:
    assert typed("recipe", "list", "lib*", "--tree", tree, "-o", "name").out == "libz\n"
    listed = RecipeList.model_validate(json.loads(typed("recipe", "list", "deep/*", "--tree", tree, "-o", "json").out))
    assert [item.model_dump() for item in listed.items] == snapshot(
        [
            {
                "name": "user",
                "version": "1",
                "variants": 1,
                "subdirs": ("linux-64",),
                "format": "v1",
                "recipe": "deep/user",
                "unbuildable": "",
            }
        ]
    )
    assert listed.refused == ()


def test_a_list_of_what_a_pattern_does_not_match_is_empty(typed: Type, tree: Path) -> None:
    assert typed("recipe", "list", "nothing*", "--tree", tree).out == snapshot(
        "NAME  VERSION  VARIANTS  FORMAT  FOLDER\n"
    )


def test_a_recipe_is_shown_whole(typed: Type, tree: Path) -> None:
    said = typed("recipe", "view", "libz", "--tree", tree)
    assert said.code == 0
    assert said.out == snapshot("""\
libz (v1)

libz 1.3, build number 2, 1 test
  uses python: 3.12.* *_cpython, 3.13.* *_cp313
  uses target_platform: linux-64
  build
    gcc_linux-64  (written in its recipe)
  host
    python 3.12.* *_cpython  (a pin of the tree, in 1 of 2)
    python 3.13.* *_cp313  (a pin of the tree, in 1 of 2)
    zstd >=1.5  (written in its recipe)
  exports, weak: libz >=1.3,<1.4.0a0
  tests need: curl
  file linux-64/libz-1.3-py312h24bf083_2.conda
  file linux-64/libz-1.3-py313hf8ff334_2.conda

needed by (1)
  deep/user: libz in host
""")


@pytest.mark.parametrize("named", ["user", "deep/user", "tree/deep/user"])
def test_a_recipe_goes_by_its_package_its_folder_or_its_path_from_here(typed: Type, tree: Path, named: str) -> None:
    shown = RecipeView.model_validate(json.loads(typed("recipe", "view", named, "--tree", tree, "-o", "json").out))
    assert shown.recipe == "deep/user"
    assert [(need.recipe, need.sections) for need in shown.needs] == [("libz", ("host",))]


def test_the_names_of_a_recipe_are_its_files(typed: Type, tree: Path) -> None:
    assert typed("recipe", "view", "libz", "--tree", tree, "-o", "name").out == snapshot("""\
linux-64/libz-1.3-py312h24bf083_2.conda
linux-64/libz-1.3-py313hf8ff334_2.conda
""")


def test_a_recipe_that_cannot_be_read_is_shown_with_its_fault(typed: Type, tree: Path) -> None:
    assert typed("recipe", "view", "bad", "--tree", tree).out == snapshot("""\
bad (v1)

not read: bad/recipe.yaml:3: 3:1: while parsing a node, did not find expected node content
  next: Correct the file and push again.
""")


def test_a_name_that_is_not_there_is_told_with_what_is_near(typed: Type, tree: Path) -> None:
    said = typed("recipe", "view", "lbz", "--tree", tree)
    assert (said.code, said.out) == (5, "")
    assert said.err == snapshot("""\
error: The tree has no recipe and no package lbz.
  next: Did you mean libz?
  help: /help/not_found on any controller
""")


def test_findings_for_people(typed: Type, tree: Path) -> None:
    said = typed("recipe", "lint", "--tree", tree)
    assert said.code == 1
    assert said.out == snapshot("""\
bad/recipe.yaml:3: error: 3:1: while parsing a node, did not find expected node content [unreadable]
    The recipe, or a pin file it needs, cannot be read.
    next: Correct the file and push again.
deep/user/recipe.yaml:2: error: https://example.org/user.tar.gz has no sha256 [source-without-checksum]
    A source has no checksum, or no fixed commit: it may change without a trace.
    next: Add its sha256; for git, name a commit or a tag.
deep/user/recipe.yaml:5: warning: user runs with 'zlib ==1.3.1' and nothing else [exact-pin-by-text]
    A run requirement names one exact version by hand: each release of it needs an edit here.
    next: Give it a range; or write pin_subpackage(..., exact=True) where both come of one recipe.
3 recipes: 2 errors, 1 warning
""")


def test_findings_for_github_stand_where_the_command_was_typed(typed: Type, tree: Path) -> None:
    said = typed("recipe", "lint", "deep/user", "--tree", "tree", "-o", "github")
    assert said.code == 1
    assert said.out == snapshot("""\
::error file=tree/deep/user/recipe.yaml,line=2,title=source-without-checksum::https://example.org/user.tar.gz has no sha256. Add its sha256; for git, name a commit or a tag.
::warning file=tree/deep/user/recipe.yaml,line=5,title=exact-pin-by-text::user runs with 'zlib ==1.3.1' and nothing else. Give it a range; or write pin_subpackage(..., exact=True) where both come of one recipe.
""")  # noqa: E501


def test_findings_for_programs(typed: Type, tree: Path) -> None:
    answer = LintAnswer.model_validate(json.loads(typed("recipe", "lint", "--tree", tree, "-o", "json").out))
    assert (answer.recipes, answer.errors, answer.warnings, answer.notices) == (3, 2, 1, 0)
    assert {finding.file for finding in answer.findings} == {"bad/recipe.yaml", "deep/user/recipe.yaml"}


def test_warnings_alone_are_no_failure(typed: Type, tree: Path) -> None:
    (tree / "deep/user/recipe.yaml").write_text(USER.replace("source:", "extra:"), encoding="utf-8")
    said = typed("recipe", "lint", "tree/deep", "--tree", tree)
    assert (said.code, said.out.splitlines()[-1]) == (0, "1 recipe: 1 warning")


def test_with_channels_it_is_asked_who_provides_what(typed: Type, tree: Path, tmp_path: Path) -> None:
    channel = index(tmp_path / "channel", noarch=["python"], linux_64=["gcc_linux-64", "zstd"])
    said = typed("recipe", "lint", "--tree", tree, "-c", channel)
    assert [line for line in said.out.splitlines() if "[unprovided]" in line] == [
        "deep/user/recipe.yaml:5: error: user has zlib in run, and nothing provides it [unprovided]"
    ]
    away = typed("recipe", "lint", "--tree", tree, "-c", "file:///nowhere")
    assert away.code == 1
    assert "/help/upstream_unreachable" in away.err


def test_the_tree_that_newcomers_get_is_clean(typed: Type) -> None:
    said = typed("recipe", "lint", "--tree", STARTER)
    assert (said.code, said.out) == (0, "15 recipes: nothing found\n")


def test_the_folder_is_read_as_it_is_and_a_revision_as_it_was(typed: Type, tmp_path: Path) -> None:
    tree = tmp_path / "repository"
    write_recipe(tree, "low")
    first = commit(tree, "one")
    write_recipe(tree, "low", version="2.0")
    now, then = (
        typed("recipe", "list", "--tree", tree, *words, "-o", "json").out for words in ((), ("--rev", first[:12]))
    )
    subprocess.run(["git", "clone", "--quiet", "--bare", tree, tmp_path / "bare"], check=True, capture_output=True)
    bare = typed("recipe", "list", "--tree", tmp_path / "bare", "-o", "json").out
    versions = [RecipeList.model_validate(json.loads(said)).items[0].version for said in (now, then, bare)]
    assert versions == ["2.0", "1.0", "1.0"]


def test_a_recipe_is_rendered_for_one_variant_as_the_builder_gets_it(typed: Type, tree: Path) -> None:
    said = typed("recipe", "render", "libz", "--tree", tree, "--variant", "python=3.13.* *_cp313")
    assert said.code == 0
    assert said.out == snapshot("""\
# linux-64/libz-1.3-py313hf8ff334_2.conda
# python=3.13.* *_cp313, target_platform=linux-64
schema_version: 1

context: {}

package:
  name: libz
  version: '1.3'

build:
  number: 2
  string: py313hf8ff334_2

requirements:
  build:
    - gcc_linux-64
  host:
    - python
    - zstd >=1.5
  run_exports:
    weak:
      - pin_subpackage:
          name: libz
          lower_bound: x.x.x.x.x.x
          upper_bound: x.x

tests:
  - script: test -f $PREFIX/lib/libz.so
    requirements:
      run:
        - curl

about:
  license: Zlib
""")


def test_an_old_recipe_is_rendered_as_the_new_one_that_it_becomes_with_what_was_lost(typed: Type, tree: Path) -> None:
    (tree / "old").mkdir()
    (tree / "old/meta.yaml").write_text(OLD, encoding="utf-8")
    said = typed("recipe", "render", "tree/old", "--tree", tree)
    assert said.code == 0
    assert said.out == snapshot("""\
# linux-64/old-1.10-hb0f4dca_0.conda
# target_platform=linux-64
# lost: about/license_file: it takes the licence from the environment, where the builder does not look. Name a file of the source.
schema_version: 1

context: {}

package:
  name: old
  version: '1.10'

build:
  number: 0
  string: hb0f4dca_0

requirements:
  build:
    - gcc_linux-64
  host:
    - libz

tests:
  - script: old --version

about:
  license: MIT
""")  # noqa: E501


def test_every_variant_is_a_document_of_its_own(typed: Type, tree: Path) -> None:
    text = typed("recipe", "render", "tree/libz", "--tree", tree).out
    assert [document["build"]["string"][:5] for document in yaml.safe_load_all(text)] == ["py312", "py313"]
    made = json.loads(typed("recipe", "render", "libz", "--tree", tree, "--json").out)
    assert [one["document"] for one in made] == list(yaml.safe_load_all(text))
    assert typed("recipe", "render", "libz", "--tree", tree, "-o", "name").out.splitlines() == [
        f"{one['subdir']}/{one['file']}" for one in made
    ]


def test_what_skips_itself_renders_to_nothing(typed: Type, tree: Path) -> None:
    (tree / "libz/recipe.yaml").write_text(LIB.replace("number: 2", "skip: true"), encoding="utf-8")
    said = typed("recipe", "render", "libz", "--tree", tree)
    assert (said.code, said.out) == (0, "")
    assert said.err == "The recipe skips itself for every subdir that was asked for.\n"


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("render", "libz", "--variant", "python=2.7"), 5, "There is python=3.12.* *_cpython, target_platform="),
        (("render", "libz", "--variant", "python"), 2, "Write it as --variant python=3.12."),
        (("render", "bad"), 1, "bad/recipe.yaml:3: "),
        (("render", "nothing"), 5, "The tree has no recipe and no package nothing."),
    ],
)
def test_what_cannot_be_rendered_is_said(typed: Type, tree: Path, words: tuple[str, ...], code: int, what: str) -> None:
    said = typed("recipe", *words, "--tree", tree)
    assert said.code == code
    assert what in said.err


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("list", "--tree", "nowhere"), 1, "There is no recipe tree at nowhere."),
        (("list", "--tree", "tree", "--rev", "main"), 1, "is no git repository"),
        (("lint", "nowhere", "--tree", "tree"), 5, "There is no recipe in nowhere."),
        (("lint", "--tree", "tree", "-o", "yaml"), 2, "yaml"),
    ],
)
def test_what_is_not_there_is_said_in_words(
    typed: Type, tree: Path, words: tuple[str, ...], code: int, what: str
) -> None:
    said = typed("recipe", *words)
    assert said.code == code
    assert what in said.err
    assert "Traceback" not in said.err


def test_whoever_stops_reading_early_hears_no_complaint(tree: Path) -> None:
    for number in range(1500):
        write_recipe(tree, f"package-with-a-long-name-{number}", test=())
    listing = [sys.executable, "-c", "from controller.cli.entry import main; main()", "recipe", "list", "--tree"]
    with subprocess.Popen([*listing, str(tree)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as farm:
        assert farm.stdout is not None
        assert farm.stderr is not None
        assert farm.stdout.readline().startswith("NAME")
        farm.stdout.close()
        assert "Traceback" not in farm.stderr.read()
        assert farm.wait() == 0
