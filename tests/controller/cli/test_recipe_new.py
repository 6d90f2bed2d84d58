"""``farm recipe new`` with the real generators, against indexes on loopback."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from controller.services.answers.recipe_shapes import NewRecipe
from tests.kit.indexes import Indexes, can_be_served, serving

from .conftest import Type, Typed

pytestmark = pytest.mark.skipif(not can_be_served(), reason="openssl makes the certificates, and there is none")

PROJECT = """\
[build-system]
requires = ["setuptools_scm[toml]>=6.2", "wheel; python_version < '3'", "setuptools >= 61 , < 90"]
"""
INFO: dict[str, Any] = {
    "name": "Pale-Thing", "version": "1.4", "summary": "A thing.", "license": "MIT", "requires_python": ">=3.9",
    "description": "Use it so:\n\n    run: echo ${{ secrets.TOKEN }}\n", "home_page": "https://example.org",
    "requires_dist": [
        "charset[full]>=2", "Requests (>=2.8)", "tomli>=1; python_version < '3.11'", "pytest; extra == 'tests'",
    ],
}  # fmt: skip
STORE = "https://files.pythonhosted.org/packages"

New = Callable[..., Typed]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexes]:
    with serving(tmp_path_factory.mktemp("tls")) as found:
        yield found


@pytest.fixture
def new(typed: Type, indexes: Indexes, monkeypatch: pytest.MonkeyPatch) -> New:
    """Type ``farm recipe new`` in an empty folder."""
    indexes.clear()
    for name, value in (indexes.environment | {"FARM_SUBDIRS": '["linux-64"]'}).items():
        monkeypatch.setenv(name, value)
    return partial(typed, "recipe", "new")


def sdist(project: str = PROJECT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        entry = tarfile.TarInfo("pale_thing-1.4/pyproject.toml")
        entry.size = len(project)
        archive.addfile(entry, io.BytesIO(project.encode()))
    return out.getvalue()


def wheel() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("pale_thing-1.4.dist-info/METADATA", "Name: Pale-Thing\nLicense-File: COPYING\n")
        archive.writestr("pale_thing-1.4.dist-info/entry_points.txt", "[console_scripts]\npale=pale_thing:main\n")
    return out.getvalue()


def publish(indexes: Indexes, place: str = STORE, **info: Any) -> None:
    """The package on PyPI; its files at a place, which an index may give relative to itself."""
    indexes.put(f"{STORE}/source/p/pale-thing/pale_thing-1.4.tar.gz", sdist())
    told = INFO | info
    hashed = f"{place}/3f/8a/{'0' * 60}"
    files = [
        {"filename": f"pale_thing-1.4{end}", "url": f"{hashed}/pale_thing-1.4{end}", "digests": {"sha256": "a" * 64}}
        for end in ("-py3-none-any.whl", ".tar.gz")
    ]
    for name in ("pale-thing/json", "pale-thing/1.4/json"):
        answer = {"info": told, "urls": files, "releases": {"1.4": files}}
        indexes.put(f"https://pypi.org/pypi/{name}", json.dumps(answer))
    indexes.put(f"{STORE}/3f/8a/{'0' * 60}/pale_thing-1.4.tar.gz", sdist())
    indexes.put(f"{STORE}/3f/8a/{'0' * 60}/pale_thing-1.4-py3-none-any.whl", wheel())


def test_a_package_of_pypi_becomes_a_recipe_that_reads(new: New, indexes: Indexes, tmp_path: Path) -> None:
    publish(indexes)
    said = new("pypi:pale-thing@1.4")
    assert said.out == "recipes/pale-thing/recipe.yaml\n"
    assert said.code == 0
    assert (tmp_path / "recipes/pale-thing/recipe.yaml").read_text() == snapshot("""\
# Made from pypi:pale-thing@1.4 by the recipe generator of rattler-build.
# Left out: tomli >=1 (python_version < '3.11')
schema_version: 1

context:
  version: '1.4'
  build_number: '0'

package:
  name: pale-thing
  version: ${{ version }}

source:
  - url: https://files.pythonhosted.org/packages/source/p/pale-thing/pale_thing-${{ version }}.tar.gz
    sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

build:
  number: ${{ build_number }}
  script: ${{ PYTHON }} -m pip install .
  python:
    entry_points:
      - pale = pale_thing:main
  noarch: python

requirements:
  host:
    - python >=3.9
    - setuptools_scm >=6.2
    - setuptools >=61,<90
    - pip
  run:
    - python >=3.9
    - charset >=2
    - requests >=2.8

tests:
  - python:
      imports:
        - Pale_Thing
      pip_check: true

about:
  homepage: https://example.org
  summary: A thing.
  license: MIT
  license_file:
    - COPYING
""")
    assert said.err == snapshot("""\
repaired: host: 'setuptools_scm[toml]>=6.2' is 'setuptools_scm >=6.2' now: conda has no extras; add what [toml] brings.
repaired: host: 'wheel; python_version < '3'' was left out, for it holds only under a condition.
repaired: host: 'setuptools >= 61 , < 90' is 'setuptools >=61,<90' now, as a match spec is written.
repaired: run: 'charset [full]>=2' is 'charset >=2' now: conda has no extras; add what [full] brings.
repaired: run: 'requests (>=2.8)' is 'requests >=2.8' now, as a match spec is written.
repaired: about.description held ${{, which the builder would take for an expression: left out.
look at: The test imports Pale_Thing, which is a guess from the package's name.
look at: Requirements go by their names on PyPI; a channel may name them otherwise.
look at: The generator left out tomli >=1 (python_version < '3.11'): add it where it is needed.
""")


def test_a_source_that_does_not_answer_is_said(new: New, indexes: Indexes) -> None:
    publish(indexes, version="2.0")
    said = new("pypi:pale-thing@1.4", "--dry-run")
    assert f"look at: The source's address {STORE}/source/p/pale-thing/pale_thing-2.0.tar.gz answers 404." in said.err


def test_nobody_but_the_index_is_asked(new: New, indexes: Indexes) -> None:
    publish(indexes)
    assert new("pypi:pale-thing", "--dry-run").code == 0
    assert {address.split("/")[2] for address in indexes.asked} == {"pypi.org", "files.pythonhosted.org"}


@pytest.mark.parametrize("into", ["tree", "tree/recipes"])
def test_the_oldest_python_of_the_pins_is_what_it_is_built_with(
    new: New, indexes: Indexes, tmp_path: Path, into: str
) -> None:
    publish(indexes)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/variants.yaml").write_text("python_min: ['3.10']\n", encoding="utf-8")
    said = new("pypi:pale-thing", "--into", into, "-o", "json")
    recipe = NewRecipe.model_validate(json.loads(said.out))
    assert recipe.lint.errors == 0
    assert [line.strip() for line in recipe.text.splitlines() if "python_min" in line] == snapshot(
        ["- python ${{ python_min }}.*", "- python >=${{ python_min }}", "python_version: ${{ python_min }}.*"]
    )


def test_a_mirror_with_relative_addresses_is_understood(new: New, indexes: Indexes) -> None:
    publish(indexes, place="../../packages")
    said = new("pypi:pale-thing", "--dry-run")
    assert f"url: {STORE}/3f/8a/{'0' * 60}/pale_thing-1.4.tar.gz" in said.out
    assert "host names no build backend" in said.err


def test_without_a_version_of_python_it_needs_python_all_the_same(new: New, indexes: Indexes) -> None:
    publish(indexes, requires_python=None, requires_dist=None)
    recipe = NewRecipe.model_validate(json.loads(new("pypi:pale-thing", "-n", "-o", "json").out))
    assert "  run:\n    - python\n" in recipe.text
    assert "run had no python" in " ".join(recipe.repairs)


def test_what_is_there_is_shown_against_what_is_new_and_kept_without_a_yes(
    new: New, indexes: Indexes, tmp_path: Path
) -> None:
    publish(indexes)
    file = tmp_path / "recipes/pale-thing/recipe.yaml"
    new("pypi:pale-thing")
    mine = file.read_text().replace("A thing.", "My thing.")
    file.write_text(mine)
    said = new("pypi:pale-thing")
    assert (said.code, file.read_text()) == (2, mine)
    assert "-  summary: My thing." in said.err
    assert "+  summary: A thing." in said.err
    assert "Add --yes." in said.err
    assert new("pypi:pale-thing", "--yes").code == 0
    assert file.read_text() != mine
    assert "is the same already" in new("pypi:pale-thing").err


def test_an_old_recipe_in_its_place_is_not_put_aside_unasked(new: New, indexes: Indexes, tmp_path: Path) -> None:
    publish(indexes)
    (tmp_path / "recipes/pale-thing").mkdir(parents=True)
    (tmp_path / "recipes/pale-thing/meta.yaml").write_text("package: {name: pale-thing}\n")
    said = new("pypi:pale-thing")
    assert said.code == 2
    assert "meta.yaml, which would be read no more" in said.err
    assert not (tmp_path / "recipes/pale-thing/recipe.yaml").exists()


def test_a_dry_run_prints_the_recipe_and_writes_nothing(new: New, indexes: Indexes, tmp_path: Path) -> None:
    publish(indexes)
    said = new("pypi:pale-thing", "--dry-run")
    assert said.out.startswith("# Made from pypi:pale-thing by the recipe generator of rattler-build.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_that_cannot_be_read_is_written_and_said(new: New, indexes: Indexes, tmp_path: Path) -> None:
    publish(indexes, requires_dist=["thing @ https://example.org/thing.zip"])
    said = new("pypi:pale-thing")
    assert said.code == 1
    assert "[unreadable]" in said.err
    assert (tmp_path / "recipes/pale-thing/recipe.yaml").exists()


def test_what_the_index_does_not_have_is_not_found(new: New, tmp_path: Path) -> None:
    said = new("pypi:pale-thing@9")
    assert (said.code, said.out) == (5, "")
    assert said.err == snapshot("""\
error: pypi.org has no source of pale-thing 9: Failed to fetch metadata from all provided PyPI URLs:
- https://pypi.org/pypi/: Server returned status code: 404 Not Found
  next: Look at the name and the version there.
  help: /help/not_found on any controller
""")
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_answers_nonsense_is_a_fault_of_the_index(new: New, indexes: Indexes) -> None:
    indexes.put("https://pypi.org/pypi/pale-thing/json", "<html>")
    said = new("pypi:pale-thing")
    assert said.code == 1
    assert "/help/upstream_unreachable" in said.err
    assert "What pip is configured with does not count here." in said.err


def test_a_name_that_would_lead_out_of_the_folder_is_refused(new: New, indexes: Indexes, tmp_path: Path) -> None:
    publish(indexes, name="../../out")
    said = new("pypi:pale-thing", "--yes")
    assert said.code == 1
    assert "which no conda package can have" in said.err
    assert list(tmp_path.iterdir()) == []


CRAN = {
    "Package": "Tidy", "Title": "A Tidy Thing", "Description": "It tidies.", "Version": "1.0-2", "Author": "A",
    "Maintainer": "A", "License": "GPL (>= 2)", "NeedsCompilation": "no", "Packaged": {"Date": "2026", "User": "a"},
    "Repository": "CRAN", "_user": "cran", "_type": "src", "_file": "Tidy_1.0-2.tar.gz", "_fileid": "0",
    "_filesize": 1, "_created": "2026", "_published": "2026", "_upstream": "https://github.com/cran/tidy",
    "_commit": {"id": "0", "author": "a", "committer": "a", "message": "m", "time": 1},
    "_maintainer": {"name": "a", "email": "a@example.org"}, "_distro": "d", "_host": "h", "_status": "success",
    "_buildurl": "https://example.org", "_registered": True,
    "_dependencies": [{"package": "rlang", "version": ">= 1.0", "role": "Imports"},
                      {"package": "testthat", "role": "Suggests"}, {"package": "stats", "role": "Imports"}],
}  # fmt: skip


def test_a_package_of_cran_becomes_a_recipe(new: New, indexes: Indexes) -> None:
    indexes.put("https://cran.r-universe.dev/api/packages/Tidy", json.dumps(CRAN))
    indexes.put("https://cran.r-project.org/src/contrib/Tidy_1.0-2.tar.gz", b"sources")
    said = new("cran:Tidy", "--dry-run")
    assert said.code == 0
    assert said.out == snapshot("""\
# Made from cran:Tidy by the recipe generator of rattler-build.
# Left out: r-testthat (suggested)
schema_version: 1

context:
  build_number: '0'

package:
  name: r-tidy
  version: 1.0.2

source:
  - url:
      - https://cran.r-project.org/src/contrib/Tidy_1.0-2.tar.gz
      - https://cran.r-project.org/src/contrib/Archive/Tidy/Tidy_1.0-2.tar.gz
    sha256: 878a52fc5ff6a57d50b7b870aa51637a3dfd38fc22352a39f95a3c292eb976d5

build:
  number: ${{ build_number }}
  script:
    - if: win
      then: R CMD INSTALL --build . %R_ARGS%
      else: R CMD INSTALL --build . ${R_ARGS}
  noarch: generic

requirements:
  host:
    - r-base
    - r-rlang >=1.0
  run:
    - r-base
    - r-rlang >=1.0

tests:
  - script:
      - Rscript -e 'library("Tidy")'

about:
  summary: A Tidy Thing
  description: It tidies.
  license: GPL-2.0-or-later
  license_file:
    - ${{ PREFIX }}/lib/R/share/licenses/GPL-2
  repository: https://github.com/cran/tidy
""")
    assert said.err == snapshot("""\
repaired: CRAN's archive has a folder for each package: the source's second address names it now.
look at: The generator left out r-testthat (suggested): add it where it is needed.
""")


CPAN = {
    "version": "0.31", "status": "latest", "archive": "Try-Thing-0.31.tar.gz", "date": "2026", "author": "ETHER",
    "download_url": "https://cpan.metacpan.org/authors/id/E/ET/ETHER/Try-Thing-0.31.tar.gz",
    "checksum_sha256": "b" * 64, "distribution": "Try-Thing", "name": "Try-Thing-0.31", "main_module": "Try::Thing",
    "abstract": "Tries a thing", "license": ["mit"],
    "dependency": [{"module": "Moo::Role", "phase": "runtime", "relationship": "requires", "version": "2.0"}],
}  # fmt: skip


def test_a_distribution_of_cpan_becomes_a_recipe(new: New, indexes: Indexes) -> None:
    indexes.put("https://fastapi.metacpan.org/v1/release/Try-Thing", json.dumps(CPAN))
    search = "https://fastapi.metacpan.org/v1/module/_search?q=distribution:Try-Thing"
    indexes.put(search, json.dumps({"hits": {"hits": [], "total": 0}}))
    said = new("cpan:Try-Thing", "--dry-run")
    assert said.code == 0
    assert said.out == snapshot("""\
# Made from cpan:Try-Thing by the recipe generator of rattler-build.
schema_version: 1

context:
  version: '0.31'
  build_number: '0'

package:
  name: perl-try-thing
  version: '0.31'

source:
  - url: https://cpan.metacpan.org/authors/id/E/ET/ETHER/Try-Thing-0.31.tar.gz
    sha256: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

build:
  number: ${{ build_number }}
  script: |-
    perl Makefile.PL INSTALLDIRS=vendor
    make
    make install
  noarch: generic

requirements:
  build:
    - make
  host:
    - perl
  run:
    - perl
    - perl-moo-role >=2.0

tests:
  - script:
      - perl -MTry::Thing -e 'print "Module loaded successfully\\n"'

about:
  homepage: https://metacpan.org/release/ETHER/Try-Thing-0.31
  summary: Tries a thing
  license: MIT
  documentation: https://metacpan.org/pod/Try%3A%3AThing
""")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("pypi:../etc",), "names no package"),
        (("npm:left-pad",), "names no package"),
        (("cran:Tidy@1.0",), "only the newest version"),
        (("luarocks:cjson",), "A rockspec is a Lua program"),
    ],
)
def test_what_is_not_asked_of_any_index_is_said_at_once(
    new: New, indexes: Indexes, words: tuple[str], what: str
) -> None:
    said = new(*words)
    assert said.code == 2
    assert what in said.err
    assert indexes.asked == []
