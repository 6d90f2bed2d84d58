"""Requirements of the old format in the new one."""

from typing import Any

import pytest

from controller.gateways.v0.translation.requirements import (
    sound_requirements,
    translate_requirements,
    without_siblings,
)


def made(said: Any, build: dict[str, Any] | None = None, **pinned: dict[str, str]) -> dict[str, Any]:
    return translate_requirements(said, build or {}, pinned)


def test_sections_keep_their_specs_and_empty_entries_go() -> None:
    said = {"build": ["${{ compiler('c') }}"], "host": ["zlib", None, ""], "run": "python", "run_constrained": ["b <2"]}
    assert made(said) == {
        "build": ["${{ compiler('c') }}"], "host": ["zlib"], "run": ["python"], "run_constraints": ["b <2"],
    }  # fmt: skip


def test_a_list_means_host_and_run() -> None:
    assert made(["a", "b 1.2"]) == {"host": ["a", "b 1.2.*"], "run": ["a", "b 1.2.*"]}


def test_what_the_builder_would_refuse_is_cut_down_to_its_name() -> None:
    found = {
        "host": ["xopen[zstd] >=2", "zlib", "(x)", "${{ pin_compatible('a') }} or so"],
        "run_exports": {"weak": ["f(a)"]},
    }
    assert sound_requirements(found) == {
        "host": ["xopen >=2", "zlib", "${{ pin_compatible('a') }}"], "run_exports": {"weak": ["f"]},
    }  # fmt: skip


def test_without_a_host_section_build_and_host_are_one_environment() -> None:
    said = {"build": ["${{ compiler('c') }}", "${{ stdlib('c') }}", "make", "zlib"], "run": ["zlib"]}
    assert made(said) == {
        "build": ["${{ compiler('c') }}", "${{ stdlib('c') }}"], "host": ["make", "zlib"], "run": ["zlib"],
    }  # fmt: skip


def test_an_empty_host_section_is_a_host_section() -> None:
    assert made({"build": ["make"], "host": []}) == {"build": ["make"]}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lib >=1", {"weak": ["lib >=1"]}),
        (["lib", "other 2"], {"weak": ["lib", "other 2.*"]}),
        ({"strong": ["lib"], "weak": "other"}, {"strong": ["lib"], "weak": ["other"]}),
        ({"noarch": ["python"], "weak_constrains": ["a <2"]}, {"noarch": ["python"], "weak_constraints": ["a <2"]}),
        ({"strong_constrains": ["a <2"], "weak": []}, {"strong_constraints": ["a <2"]}),
    ],
)
def test_run_exports_of_every_shape(said: Any, meant: dict[str, list[str]]) -> None:
    assert made({}, {"run_exports": said}) == {"run_exports": meant}


def test_ignored_exports() -> None:
    build = {"ignore_run_exports": ["Zlib"], "ignore_run_exports_from": "${{ compiler('cuda') }}"}
    assert made({}, build)["ignore_run_exports"] == {
        "by_name": ["zlib"], "from_package": ["${{ compiler('cuda') }}"],
    }  # fmt: skip


def test_x_x_in_run_is_bound_by_what_is_found_in_host() -> None:
    found = made({"host": ["numpy x.x"], "run": ["numpy x.x"]})
    assert found == {
        "host": ["numpy"], "run": ["${{ pin_compatible('numpy', lower_bound='x.x', upper_bound='x.x') }}"],
    }  # fmt: skip


def test_pin_run_as_build_binds_bare_names_that_are_in_host() -> None:
    pin = {"boost-cpp": {"max_pin": "x.x"}}
    said = {"host": ["boost-cpp", "icu"], "run": ["boost-cpp", "icu", "boost"]}
    assert made(said, None, **pin)["run"] == [
        "${{ pin_compatible('boost-cpp', lower_bound='x.x.x.x.x.x', upper_bound='x.x') }}", "icu", "boost",
    ]  # fmt: skip
    assert made({"host": ["boost-cpp"], "run": ["boost-cpp >=1"]}, None, **pin)["run"] == ["boost-cpp >=1"]
    assert made({"run": ["boost-cpp"]}, None, **pin)["run"] == ["boost-cpp"]


def test_packages_that_run_in_a_circle_are_told_without_it() -> None:
    pin = "${{ pin_subpackage('a', exact=True) }}"
    outputs = [
        {"package": {"name": "a"}, "requirements": {"run": ["b >=1", "zlib"], "host": ["b"]}},
        {"package": {"name": "b"}, "requirements": {"run": [pin]}},
    ]
    found = without_siblings({"recipe": {}, "outputs": outputs})
    assert [output["requirements"] for output in found["outputs"]] == [{"run": ["zlib"], "host": ["b"]}, {"run": []}]
