"""The packages that a recipe makes, with what each has from the recipe as a whole."""

import pytest

from controller.gateways.pins import Pins
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.translation.outlines import build_bones, outlines
from tests.kit.old_recipes import evaluate, outline_of

SEVERAL = """
package: {name: Lib-Src, version: "1.0"}
build:
  number: 5
  noarch: generic
  run_exports:
    - lib
requirements: {host: [zlib]}
outputs:
  - name: lib
    requirements: {host: [openssl], run: [lib, "lib-data 1"]}
  - name: lib-data
    version: 2.0
    build:
      number: 7
      string: data_{{ PKG_BUILDNUM }}
  - name: gone
    build:
      skip: true
  - name: Lib-Src
"""


def test_outputs_inherit_what_they_do_not_say() -> None:
    lib, data, whole = outlines(evaluate(SEVERAL))
    assert [(o.name, o.version) for o in (lib, data, whole)] == [
        ("lib", "1.0"), ("lib-data", "2.0"), ("lib-src", "1.0"),
    ]  # fmt: skip
    assert [o.build.get("number") for o in (lib, data, whole)] == ["5", "7", "5"]
    assert build_bones(data)["string"] == "data_${{ build_number }}"


def test_only_the_package_of_the_recipes_own_name_has_its_requirements() -> None:
    lib, data, whole = outlines(evaluate(SEVERAL))
    assert lib.requirements == {"host": ["openssl"], "run": ["lib-data 1"]}, "never itself"
    assert data.requirements == {}
    assert whole.requirements == {"host": ["zlib"]}
    assert (lib.top, whole.top) == (False, True)


def test_the_form_of_architecture_is_each_outputs_own() -> None:
    lib, _, whole = outlines(evaluate(SEVERAL))
    assert "noarch" not in build_bones(lib)
    assert build_bones(whole)["noarch"] == "generic"


META = """
package: {name: tool, version: "1.0"}
build: {number: 2, noarch: generic}
requirements: {host: [zlib], run: [RUN]}
about: {summary: all of it}
outputs:
  - name: tool-minimal
    requirements: {run: [python]}
"""


def test_the_recipes_own_name_is_a_package_too_where_the_recipe_runs_with_one_of_its_packages() -> None:
    found = list(outlines(evaluate(META.replace("RUN", "tool-minimal =1.0"))))
    assert [(o.name, o.top) for o in found] == [("tool-minimal", False), ("tool", True)]
    assert found[1].requirements == {"host": ["zlib"], "run": ["tool-minimal =1.0"]}
    assert build_bones(found[1]) == {"number": 2, "noarch": "generic"}
    assert [o.name for o in outlines(evaluate(META.replace("RUN", "python")))] == ["tool-minimal"]


def test_the_recipes_own_name_is_a_package_too_where_the_recipe_pins_one_of_its_packages() -> None:
    text = META.replace("[RUN]", "[\"{{ pin_subpackage('tool-minimal', exact=True) }}\"]")
    assert [o.name for o in outlines(evaluate(text))] == ["tool-minimal", "tool"]


def test_the_package_of_the_recipes_own_name_takes_section_by_section_what_it_does_not_say() -> None:
    text = META.replace("RUN", "a").replace("name: tool-minimal", "name: tool\n    build: {script: make}")
    (whole,) = outlines(evaluate(text))
    assert whole.requirements == {"host": ["zlib"], "run": ["python"]}
    assert build_bones(whole) == {"number": 2, "noarch": "generic"}


def test_a_pin_on_itself_is_no_requirement_but_may_be_a_constraint() -> None:
    pin = "\"{{ pin_subpackage('b', exact=True) }}\""
    needs = f"{{run: [{pin}, c], run_constrained: [{pin}]}}"
    text = f"package: {{name: a, version: 1}}\noutputs:\n  - name: b\n    requirements: {needs}\n"
    (outline,) = outlines(evaluate(text))
    assert outline.requirements == {"run": ["c"], "run_constrained": ["${{ pin_subpackage('b', exact=True) }}"]}


def test_the_build_number_in_a_requirement_is_the_outputs_own() -> None:
    text = "package: {name: a, version: 1}\nbuild: {number: 3}\nrequirements: {run: ['b 1 *_{{ PKG_BUILDNUM }}', c]}\n"
    assert outline_of(text).requirements == {"run": ["b 1 *_3", "c"]}


def test_the_keys_of_cdt_are_used_though_it_is_text() -> None:
    pins = Pins({"cdt_name": ("cos7",), "cdt_arch": ("x86_64",)})
    text = "package: {name: a, version: 1}\nrequirements: {build: [\"{{ cdt('libx11') }}\", make]}\n"
    outline = outline_of(text, pins)
    assert outline.requirements == {"build": ["libx11-cos7-x86_64", "make"]}
    assert build_bones(outline)["variant"] == {"use_keys": ["cdt_arch", "cdt_name"]}


@pytest.mark.parametrize(
    ("build", "meant"),
    [
        ("noarch: python", {"noarch": "python"}),
        ("noarch: generic", {"noarch": "generic"}),
        ("noarch: true", {"noarch": "generic"}),
        ("noarch_python: true", {"noarch": "python"}),
        ("noarch_python: false", {}),
        ("track_features: a b", {"variant": {"down_prioritize_variant": 2}}),
        ("force_use_keys: python", {"variant": {"use_keys": ["python"]}}),
        ("force_ignore_keys:\n    - zlib\n    - python", {"variant": {"ignore_keys": ["python", "zlib"]}}),
        ("string: h{{ PKG_HASH }}_1", {"string": "h${{ hash }}_1"}),
        ("number:", {}),
    ],
)
def test_what_names_a_package(build: str, meant: dict[str, object]) -> None:
    found = build_bones(outline_of(f"package: {{name: a, version: 1}}\nbuild:\n  {build}\n"))
    assert found == {"number": 0, **meant}


def test_keys_that_the_text_speaks_of_are_used() -> None:
    pins = Pins({"blas_impl": ("mkl", "openblas"), "idle": ("1",)})
    outline = outline_of("package: {name: a, version: 1}\nbuild:\n  string: a  # [blas_impl == 'mkl']\n", pins)
    assert build_bones(outline)["variant"] == {"use_keys": ["blas_impl"]}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("package: {version: 1}", "it has no package name."),
        ("package: {name: a, version: 1}\nbuild: {number: x}", "its build number is 'x'."),
        ("package: {name: a, version: 1}\noutputs: {name: b}", "its outputs are no list."),
        ("build: {number: 1}\noutputs:\n  - version: 2", "outputs[0] has no name."),
    ],
)
def test_what_names_nothing_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(V0Error) as caught:
        [build_bones(outline) for outline in outlines(evaluate(text))]
    assert caught.value.what == sentence
    assert caught.value.remedy
