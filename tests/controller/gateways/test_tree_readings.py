"""Reading trees with the real renderer: names, pins, exports, skips, refusals; and names once numbers are given."""

import json
import tarfile
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import zstandard
from rattler_build import JinjaConfig, PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig

from controller.domain.recipes import Origin, Output, Reading, RunExports, Section
from controller.gateways.tree_readings import name_outputs, open_folder, pinned_config, read_tree

LIB = """\
package:
  name: lib
  version: "1.4.2"
build:
  number: 3
requirements:
  build:
    - cmake
  host:
    - zlib
    - bzip2 >=1
  run_constraints:
    - other <2
  run_exports:
    - ${{ pin_subpackage('lib', upper_bound='x.x') }}
  ignore_run_exports:
    by_name: [bzip2]
    from_package: [zlib]
"""
TWO = """\
recipe:
  name: two
  version: "2.0"
outputs:
  - package: {name: libtwo}
    requirements:
      run_exports:
        strong: ["${{ pin_subpackage('libtwo', exact=True) }}"]
        weak_constraints: [a <2]
  - package: {name: two}
    requirements:
      run:
        - ${{ pin_subpackage('libtwo', exact=True) }}
        - ${{ pin_compatible('numpy') }}
  - package: {name: two-doc}
    build: {noarch: generic}
"""
PY = """\
package: {name: ext, version: 1.0}
requirements:
  host: [python, my-lib]
  run: [python]
"""
NOARCH = """\
package: {name: pure, version: "1.0"}
build: {noarch: python}
requirements:
  host: [python]
  run: [python]
tests:
  - python: {imports: [pure]}
  - script: [pure]
    requirements: {run: [pytest >=8], build: [make]}
  - downstream: ext
  - package_contents: {files: ["**"]}
"""


def write(tree: Path, **recipes: str) -> Path:
    for name, text in recipes.items():
        folder = tree / name.replace("__", "/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "recipe.yaml").write_text(text)
    return tree


def read(tree: Path, *subdirs: str) -> Reading:
    return read_tree(tree, subdirs or ("linux-64",), "c0ffee")


def only(tree: Path, *subdirs: str) -> Output:
    reading = read(tree, *subdirs)
    assert not reading.refusals
    (output,) = reading.outputs
    return output


def specs(output: Output, section: Section) -> list[tuple[str, str]]:
    return [(requirement.spec, requirement.origin.value) for requirement in output.in_section(section)]


def test_an_output_is_named_as_the_builder_names_it(tmp_path: Path) -> None:
    output = only(write(tmp_path, lib=LIB))
    assert (output.recipe, output.name, output.version, output.build_number) == ("lib", "lib", "1.4.2", 3)
    assert output.file_name == "lib-1.4.2-hb0f4dca_3.conda"
    assert (output.subdir, output.target_platform, output.noarch) == ("linux-64", "linux-64", "")


def test_requirements_keep_their_sections_and_where_their_bounds_come_from(tmp_path: Path) -> None:
    (write(tmp_path, lib=LIB) / "variants.yaml").write_text('zlib: ["1.3"]\ncmake: ["3.*"]\n')
    output = only(tmp_path)
    assert specs(output, Section.BUILD) == [("cmake 3.*", "variant")]
    assert specs(output, Section.HOST) == [("zlib 1.3.*", "variant"), ("bzip2 >=1", "text")]
    assert specs(output, Section.CONSTRAINS) == [("other <2", "text")]
    assert output.run_exports == RunExports(weak=("lib >=1.4.2,<1.5.0a0",))
    assert (output.ignored_exports, output.ignored_exporters) == (frozenset({"bzip2"}), frozenset({"zlib"}))


def test_outputs_pin_each_other_by_the_build_string(tmp_path: Path) -> None:
    lib, two, doc = read(write(tmp_path, two=TWO)).outputs
    assert specs(two, Section.RUN) == [(f"libtwo ==2.0 {lib.build}", "exact pin"), ("numpy", "pin_compatible")]
    assert lib.run_exports == RunExports(strong=(f"libtwo ==2.0 {lib.build}",), weak_constrains=("a <2",))
    assert (doc.subdir, doc.noarch) == ("noarch", "generic")


def test_names_with_numbers_are_final_down_to_the_exact_pins(tmp_path: Path) -> None:
    reading = read(write(tmp_path, two=TWO))
    numbers = {(o.subdir, o.name, o.version): 7 for o in reading.outputs}
    lib, two, doc = name_outputs(open_folder(tmp_path, ""), reading, numbers)
    assert {o.build_number for o in (lib, two, doc)} == {7}
    assert all(o.build.endswith("_7") for o in (lib, two, doc))
    assert specs(two, Section.RUN)[0] == (f"libtwo ==2.0 {lib.build}", "exact pin")
    assert [o.key for o in (lib, two, doc)] == [o.key for o in reading.outputs]
    assert [o.fingerprint for o in (lib, two, doc)] == [o.fingerprint for o in reading.outputs]
    assert two.build != f"h{reading.outputs[1].hash}_7", "the pinned number goes into the hash of the build string"


def test_the_key_and_the_fingerprint_last_whatever_number_the_recipe_names(tmp_path: Path) -> None:
    first = read(write(tmp_path, two=TWO))
    write(tmp_path, two=TWO.replace('version: "2.0"\n', 'version: "2.0"\nbuild: {number: 5}\n', 1))
    second = read(tmp_path)
    assert [o.build_number for o in second.outputs] == [5, 5, 5]
    assert [o.key for o in first.outputs] == [o.key for o in second.outputs]
    assert [o.fingerprint for o in first.outputs] == [o.fingerprint for o in second.outputs]


def test_only_what_numbers_speak_of_is_named(tmp_path: Path) -> None:
    reading = read(write(tmp_path, two=TWO, lib=LIB))
    named = name_outputs(open_folder(tmp_path, ""), reading, {("linux-64", "lib", "1.4.2"): 9})
    assert [o.file_name for o in named] == ["lib-1.4.2-hb0f4dca_9.conda"]


def test_every_variant_is_an_output_and_names_its_pins(tmp_path: Path) -> None:
    (write(tmp_path, ext=PY) / "variants.yaml").write_text('python: ["3.11.*", "3.12.* *_cpython"]\nmy_lib: ["2"]\n')
    one, two = read(tmp_path).outputs
    assert specs(one, Section.HOST) == [("python 3.11.*", "variant"), ("my-lib 2.*", "variant")]
    assert specs(two, Section.HOST)[0] == ("python 3.12.* *_cpython", "variant")
    assert one.variant == {"python": "3.11.*", "my_lib": "2", "target_platform": "linux-64"}
    assert one.hash != two.hash


def test_variants_beside_the_recipe_win_over_those_of_the_tree(tmp_path: Path) -> None:
    write(tmp_path, ext=PY, other=PY.replace("ext", "other"))
    (tmp_path / "variants.yaml").write_text('python: ["3.11"]\nmy_lib: ["2"]\n')
    (tmp_path / "ext" / "variants.yaml").write_text('python: ["3.13"]\n')
    found = {o.name: o.variant for o in read(tmp_path).outputs}
    assert (found["ext"]["python"], found["ext"]["my_lib"]) == ("3.13", "2")
    assert found["other"]["python"] == "3.11"


def test_conda_build_config_with_selectors_is_read_for_each_platform(tmp_path: Path) -> None:
    write(tmp_path, ext=PY)
    (tmp_path / "conda_build_config.yaml").write_text('python:\n  - "3.11"  # [linux]\n  - "3.12"  # [win]\n')
    found = {o.subdir: o.variant["python"] for o in read(tmp_path, "linux-64", "win-64").outputs}
    assert found == {"linux-64": "3.11", "win-64": "3.12"}


def test_equal_noarch_renders_are_one_output_of_the_first_subdir(tmp_path: Path) -> None:
    (write(tmp_path, pure=NOARCH) / "variants.yaml").write_text('python: ["3.11", "3.12"]\n')
    output = only(tmp_path, "osx-arm64", "linux-64")
    assert (output.subdir, output.target_platform) == ("noarch", "osx-arm64")


def test_of_a_noarch_package_that_differs_by_platform_the_first_ones_is_kept(tmp_path: Path) -> None:
    text = NOARCH.replace("  run: [python]", "  run:\n    - python\n    - if: win\n      then: pywin32")
    reading = read(write(tmp_path, pure=text), "linux-64", "win-64")
    assert [o.target_platform for o in reading.outputs] == ["linux-64"]
    assert reading.refusals == ()


def test_tests_are_counted_as_they_travel_and_their_needs_are_known(tmp_path: Path) -> None:
    output = only(write(tmp_path, pure=NOARCH))
    assert output.tests == 3
    assert output.test_requirements == ("pip", "pytest >=8", "make", "ext")


def test_a_recipe_that_skips_itself_is_listed_for_that_subdir_alone(tmp_path: Path) -> None:
    reading = read(write(tmp_path, lib=LIB.replace("number: 3", "number: 3\n  skip: win")), "linux-64", "win-64")
    assert [o.subdir for o in reading.outputs] == ["linux-64"]
    assert reading.skipped == ("lib (win-64)",)


def test_a_recipe_may_skip_one_variant(tmp_path: Path) -> None:
    text = PY.replace("requirements:", "build:\n  skip: match(python, '<3.12')\nrequirements:", 1)
    (write(tmp_path, ext=text) / "variants.yaml").write_text('python: ["3.11.*", "3.12.*"]\n')
    assert [o.variant["python"] for o in read(tmp_path).outputs] == ["3.12.*"]


def test_recipes_are_found_at_any_depth_but_not_in_dot_folders(tmp_path: Path) -> None:
    write(tmp_path, a__b__lib=LIB, **{".hidden": LIB})
    assert only(tmp_path).recipe == "a/b/lib"


def test_a_recipe_at_the_root_of_the_tree_is_read(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(LIB)
    assert only(tmp_path).recipe == "."


def test_a_staging_cache_lends_its_requirements(tmp_path: Path) -> None:
    text = """\
recipe: {name: s, version: "1.0"}
outputs:
  - staging: {name: core}
    requirements: {build: [cmake], host: [lib]}
  - package: {name: liba}
    inherit: core
"""
    reading = read_tree(write(tmp_path, s=text), ["linux-64"], "c")
    (output,) = reading.outputs
    assert specs(output, Section.HOST) == [("lib", "text")]


FINGERPRINTS = {
    "prose": (LIB + "about:\n  summary: another\n", True),
    "maintainers": (LIB + "extra:\n  recipe-maintainers: [ana]\n", True),
    "a comment": ("# hello\n" + LIB, True),
    "the number": (LIB.replace("number: 3", "number: 4"), True),
    "a requirement": (LIB.replace("- zlib", "- zlib\n    - xz"), False),
    "the script": (LIB.replace("number: 3", "number: 3\n  script: echo hi"), False),
    "a test": (LIB + "tests:\n  - script: [lib]\n", False),
    "an export": (LIB.replace("upper_bound='x.x'", "upper_bound='x'"), False),
}


@pytest.mark.parametrize("what", FINGERPRINTS)
def test_the_fingerprint_moves_with_whatever_can_alter_the_build_and_with_nothing_else(
    tmp_path: Path, what: str
) -> None:
    text, same = FINGERPRINTS[what]
    before = only(write(tmp_path, lib=LIB)).fingerprint
    assert (only(write(tmp_path, lib=text)).fingerprint == before) is same


def test_the_fingerprint_covers_the_other_files_and_their_modes_but_not_recipes_within(tmp_path: Path) -> None:
    write(tmp_path, lib=LIB)
    (tmp_path / "lib" / "build.sh").write_text("one")
    seen = {only(tmp_path).fingerprint}
    (tmp_path / "lib" / "build.sh").chmod(0o755)
    seen.add(only(tmp_path).fingerprint)
    (tmp_path / "lib" / "build.sh").write_text("two")
    last = only(tmp_path).fingerprint
    assert len({*seen, last}) == 3
    write(tmp_path, lib__old=LIB.replace("name: lib", "name: old"))
    assert {o.name: o.fingerprint for o in read(tmp_path).outputs}["lib"] == last


BAD = {
    "unknown field": (LIB.replace("requirements:", "requirments:"), "requirments", 6, "Did you mean 'requirements'?"),
    "yaml": ("package:\n  name: a\n version: 1\n", "did not find expected key", 3, ""),
    "undefined": ("package:\n  name: a\n  version: ${{ foo }}\n", "undefined value", 3, ""),
    "no version": ("package:\n  name: a\n", "missing required field 'version'", None, ""),
    "twice": ("package:\n  name: a\n  name: b\n  version: 1\n", "Duplicate key", 2, ""),
    "bad spec": (LIB.replace("bzip2 >=1", "bzip2 >=>1"), "unable to parse version spec", None, ""),
    "old form": ("{% set v = 1 %}\npackage:\n  name: a\n", "unexpected character", 1, "old form"),
    "empty": ("", "missing required field 'package'", None, ""),
    "a list": ("- a\n", "", 1, ""),
    "binary": ("\x00\x01", "", None, ""),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_recipe_is_named_with_file_line_and_cause_and_the_others_go_on(tmp_path: Path, what: str) -> None:
    text, cause, line, remedy = BAD[what]
    reading = read(write(tmp_path, bad=text, lib=LIB), "linux-64", "win-64")
    assert {o.name for o in reading.outputs} == {"lib"}
    (refusal,) = reading.refusals
    assert (refusal.recipe, refusal.file, refusal.line) == ("bad", "bad/recipe.yaml", line)
    assert cause in refusal.cause
    assert remedy in refusal.remedy
    assert "JinjaError" not in refusal.cause


def test_a_bad_recipe_for_one_platform_is_refused_there_alone(tmp_path: Path) -> None:
    text = LIB.replace("    - cmake", "    - if: win\n      then: ${{ nothing }}")
    reading = read(write(tmp_path, lib=text), "linux-64", "win-64")
    assert [o.subdir for o in reading.outputs] == ["linux-64"]
    assert len(reading.refusals) == 1


def test_a_broken_variant_file_is_named_once(tmp_path: Path) -> None:
    write(tmp_path, lib=LIB, two=TWO)
    (tmp_path / "variants.yaml").write_text("python: [\n")
    reading = read(tmp_path)
    assert reading.outputs == ()
    assert {refusal.file for refusal in reading.refusals} == {"variants.yaml"}
    assert len(reading.refusals) == 1


def old(tree: Path, name: str, text: str) -> Path:
    (tree / name).mkdir(parents=True)
    (tree / name / "meta.yaml").write_text(text)
    return tree


OLD = """\
{% set version = "1.4" %}
package:
  name: old
  version: {{ version }}
build:
  number: 3
  skip: true  # [win]
requirements:
  host:
    - python
    - zlib  # [linux]
  run:
    - python
"""


def test_a_recipe_of_the_old_form_is_read_with_the_pins_of_the_tree_and_its_own(tmp_path: Path) -> None:
    old(tmp_path, "old", OLD)
    (tmp_path / "conda_build_config.yaml").write_text('python: ["3.11", "3.12"]\nzlib: ["1"]\n')
    (tmp_path / "old" / "conda_build_config.yaml").write_text('zlib: ["1.3"]\n')
    reading = read(tmp_path, "linux-64", "win-64")
    assert [(o.name, o.version, o.build_number, o.variant["python"]) for o in reading.outputs] == [
        ("old", "1.4", 3, "3.11"), ("old", "1.4", 3, "3.12"),
    ]  # fmt: skip
    assert ("zlib 1.3.*", "variant") in specs(reading.outputs[0], Section.HOST)
    assert reading.skipped == ("old (win-64)",)


def test_a_recipe_of_the_old_form_is_named_with_its_final_number(tmp_path: Path) -> None:
    reading = read(old(tmp_path, "old", OLD))
    (named,) = name_outputs(open_folder(tmp_path, ""), reading, {("linux-64", "old", "1.4"): 8})
    assert (named.build_number, named.build.rpartition("_")[2], named.key) == (8, "8", reading.outputs[0].key)


def test_a_fault_of_a_recipe_of_the_old_form_has_its_file_and_its_line(tmp_path: Path) -> None:
    reading = read(old(tmp_path, "old", OLD.replace("    - zlib", "    - zlib\n   x: [")))
    (refusal,) = reading.refusals
    assert (refusal.recipe, refusal.file) == ("old", "old/meta.yaml")
    assert refusal.line is not None


def test_a_recipe_that_a_skip_list_names_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("")
    (tmp_path / "build-fail-blacklist").write_text("recipes/old\n")
    old(tmp_path / "recipes", "old", OLD)
    old(tmp_path / "recipes", "new", OLD.replace("name: old", "name: new"))
    assert [o.name for o in read(tmp_path).outputs] == ["new"]


def test_two_recipes_that_make_one_file_are_told_apart(tmp_path: Path) -> None:
    reading = read(write(tmp_path, one=LIB, other=LIB))
    assert [o.recipe for o in reading.outputs] == ["one"]
    assert "one makes it already" in reading.refusals[0].cause


def test_the_variant_configuration_gives_a_worker_the_same_names(tmp_path: Path) -> None:
    write(tmp_path, ext=PY)
    (tmp_path / "conda_build_config.yaml").write_text(
        'python:\n  - 3.10  # [linux]\n  - "3.12"\nnumpy: ["1.26", "2.0"]\nzip_keys:\n  - [python, numpy]\n'
    )
    (tmp_path / "ext" / "variants.yaml").write_text("my_lib: [1, true, '01']\n")
    text = pinned_config(tmp_path, "ext", "linux-64")
    (tmp_path / "given.yaml").write_text(text)
    platform = PlatformConfig(target_platform="linux-64", build_platform="linux-64", host_platform="linux-64")
    variants = VariantConfig.from_files_with_context([str(tmp_path / "given.yaml")], JinjaConfig(platform=platform))
    rendered = Stage0Recipe.from_file(str(tmp_path / "ext" / "recipe.yaml")).render(variants, RenderConfig(platform))
    assert {v.recipe.build.string for v in rendered} == {o.build for o in read(tmp_path).outputs}
    assert len(rendered) == 6


def test_pins_are_evaluated_as_the_builder_evaluates_them(tmp_path: Path) -> None:
    """Against the run exports inside a package that is really built."""
    pins = [
        "upper_bound='x'", "upper_bound='x.x'", "lower_bound='x.x', upper_bound='x.x'", "upper_bound=None",
        "lower_bound=None, upper_bound='x.x.x'", "lower_bound='1.0', upper_bound='9.0'", "exact=True", "",
    ]  # fmt: skip
    head = 'package: {{name: {}, version: "{}"}}\nbuild: {{noarch: generic}}\nrequirements:\n  run_exports:\n'
    for number, version in enumerate(("1.4.2", "2024.2.2", "1.1.1w", "9", "1.0rc1")):
        name = f"p{number}"
        lines = "".join(f"    - ${{{{ pin_subpackage('{name}'{', ' if pin else ''}{pin}) }}}}\n" for pin in pins)
        write(tmp_path / "tree", **{name: head.format(name, version) + lines})
    for output in read(tmp_path / "tree").outputs:
        built = built_exports(tmp_path / "tree" / output.recipe, tmp_path / "out")
        assert output.run_exports.weak == built, output.version


def built_exports(folder: Path, out: Path) -> tuple[str, ...]:
    (out / "noarch").mkdir(parents=True, exist_ok=True)
    (variant,) = Stage0Recipe.from_file(str(folder / "recipe.yaml")).render(VariantConfig())
    result = variant.run_build(ToolConfiguration(test_strategy="skip"), output_dir=str(out), channels=[])
    with zipfile.ZipFile(result.packages[0]) as package:
        info = next(name for name in package.namelist() if name.startswith("info-"))
        data = zstandard.ZstdDecompressor().stream_reader(BytesIO(package.read(info))).read()
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        exports = json.load(archive.extractfile("info/run_exports.json"))  # type: ignore[arg-type]
    return tuple(exports["weak"])


STARTER = Path(__file__).parents[3] / "recipes" / "starter"


def test_the_starter_tree_reads_whole_and_skips_itself_on_windows() -> None:
    reading = read(STARTER, "linux-64", "win-64")
    assert reading.refusals == ()
    names = {output.name for output in reading.outputs}
    assert {"python", "libtally", "libledger", "ledger", "pytally", "tallybook", "libquill", "quill-check"} <= names
    assert "libtally (win-64)" in reading.skipped


def test_the_starter_trees_exact_pin_follows_its_number() -> None:
    reading = read(STARTER)
    numbers = {
        (o.subdir, o.name, o.version): 4 for o in reading.outputs if o.recipe.startswith(("ledger", "libledger"))
    }
    named = {output.name: output for output in name_outputs(open_folder(STARTER, ""), reading, numbers)}
    pins = [r.spec for r in named["ledger"].requirements if r.origin is Origin.EXACT_PIN]
    assert set(pins) == {f"libledger ==0.3.0 {named['libledger'].build}"}


def test_a_reading_is_the_same_each_time() -> None:
    assert read(STARTER, "linux-64") == replace(read(STARTER, "linux-64"))
