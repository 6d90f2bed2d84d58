"""Whole recipes: what the builder makes of a translation, and of its bones."""

import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from rattler_build import VariantConfig

from controller.gateways.pins import Pins
from controller.gateways.rendering import render_text
from controller.gateways.v0.evaluating import Source
from controller.gateways.v0.matrix import evaluated, members
from controller.gateways.v0.translation.whole import skeleton, translate
from tests.kit.old_recipes import old_recipe, translation_of

SINGLE = """
{% set name = "Toy" %}
{% set version = "1.10" %}
package:
  name: {{ name|lower }}
  version: {{ version }}
source:
  url: https://e.org/{{ name }}-{{ version }}.tar.gz
  sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  patches:
    - fix.patch  # [linux]
    - win.patch  # [win]
build:
  number: 2
  run_exports:
    - {{ pin_subpackage(name|lower, max_pin="x.x") }}
requirements:
  build:
    - {{ compiler('c') }}
    - make  # [unix]
  host:
    - zlib
  run:
    - {{ pin_compatible("zlib", max_pin="x") }}
test:
  commands:
    - toy --version
about:
  home: https://e.org
  license: MIT
  summary: A toy
"""


def test_a_recipe_of_one_package(tmp_path: Path) -> None:
    found = translation_of(tmp_path, SINGLE, build__sh="make")
    assert found.losses == ()
    assert found.document == snapshot(
        {
            "package": {"name": "toy", "version": "1.10"},
            "build": {"number": 2, "script": {"file": "build.sh"}},
            "requirements": {
                "build": ["${{ compiler('c') }}", "make"],
                "host": ["zlib"],
                "run": ["${{ pin_compatible('zlib') }}"],
                "run_exports": {"weak": ["${{ pin_subpackage('toy', upper_bound='x.x') }}"]},
            },
            "tests": [{"script": ["toy --version"]}],
            "about": {"summary": "A toy", "homepage": "https://e.org", "license": "MIT"},
            "source": [
                {
                    "url": "https://e.org/Toy-1.10.tar.gz",
                    "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                    "patches": ["fix.patch"],
                }
            ],
        }
    )


SEVERAL = """
package: {name: duo, version: "2"}
source: {path: src}
build:
  number: 1
requirements:
  build: ["{{ compiler('c') }}"]  # of them all
  host: zlib
outputs:
  - name: duo-lib
    files:
      - lib/libduo.so
      - include/*.h
    requirements:
      host: zlib
    build:
      run_exports: "{{ pin_subpackage('duo-lib') }}"
  - name: duo-meta
    requirements: duo-lib
  - name: duo
"""


def test_what_outputs_share_is_built_once(tmp_path: Path) -> None:
    found = translation_of(tmp_path, SEVERAL, build__sh="make")
    assert found.losses == ()
    assert found.document == snapshot(
        {
            "recipe": {},
            "outputs": [
                {
                    "staging": {"name": "duo-staging"},
                    "build": {"script": {"file": "build.sh"}},
                    "requirements": {"build": ["${{ compiler('c') }}"], "host": ["zlib"]},
                    "source": [{"path": "src"}],
                },
                {
                    "package": {"name": "duo-lib", "version": "2"},
                    "build": {"number": 1, "files": ["lib/libduo.so", "lib/libduo.so/**", "include/*.h"]},
                    "requirements": {"host": ["zlib"], "run_exports": {"weak": ["${{ pin_subpackage('duo-lib') }}"]}},
                    "inherit": {"from": "duo-staging", "run_exports": False},
                },
                {
                    "package": {"name": "duo-meta", "version": "2"},
                    "build": {"number": 1, "script": {"content": [":"]}},
                    "requirements": {"host": ["duo-lib"], "run": ["duo-lib"]},
                },
                {
                    "package": {"name": "duo", "version": "2"},
                    "build": {"number": 1},
                    "requirements": {"build": ["${{ compiler('c') }}"], "host": ["zlib"]},
                    "inherit": {"from": "duo-staging", "run_exports": False},
                },
            ],
        }
    )


def test_without_a_script_of_the_whole_nothing_is_shared(tmp_path: Path) -> None:
    document = translation_of(tmp_path, SEVERAL).document
    assert [next(iter(output)) for output in document["outputs"]] == ["package"] * 3
    assert document["source"] == [{"path": "src"}]
    assert document["outputs"][1]["build"]["script"] == {"content": [":"]}, "build.sh of another output is not its own"


@pytest.mark.parametrize("text", [SINGLE, SEVERAL], ids=["one package", "several"])
@pytest.mark.parametrize("platform", ["linux-64", "osx-arm64", "win-64"])
def test_the_bones_have_the_names_of_the_whole(text: str, platform: str, tmp_path: Path) -> None:
    folder = old_recipe(tmp_path / "r", text, build__sh="make", bld__bat="nmake")
    pins = Pins({"zlib": ("1.2", "1.3"), "c_compiler": ("gcc",)})
    for member in members(Source.read(folder), pins, platform):
        form = evaluated([member], pins)
        config = VariantConfig({key: [value] for key, value in form.variant.items()})
        names = [
            [
                (r.name, r.version, r.build)
                for r in render_text(json.dumps(made), folder / "meta.yaml", config, platform)
            ]
            for made in (translate(form, folder, platform).document, skeleton(form, folder, platform))
        ]
        assert names[0] == names[1]
        assert names[0]


def test_text_that_looks_like_an_expression_stays_text(tmp_path: Path) -> None:
    text = "package: {name: a, version: 1}\nabout: {summary: '{% raw %}${{ b }}{% endraw %}'}\n"
    document = translation_of(tmp_path, text).document
    (made,) = render_text(json.dumps(document), tmp_path / "recipe.yaml", VariantConfig({}), "linux-64")
    assert made.document["about"]["summary"] == "${{ b }}"
