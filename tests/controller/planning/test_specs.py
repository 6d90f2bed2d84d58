"""What match specs admit."""

import pytest

from controller.planning.pins import pin_spec
from controller.planning.specs import admits, admits_version, bound_of, name_of


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("lib", "lib"),
        ("lib >=1", "lib"),
        ("Lib>=1", "lib"),
        ("conda-forge::lib 1", "lib"),
        ("lib[version='>1']", "lib"),
    ],
)
def test_the_name_of_a_spec(spec: str, name: str) -> None:
    assert name_of(spec) == name


@pytest.mark.parametrize(
    ("spec", "version", "good"),
    [
        ("lib", "1.0", True), ("lib >=1.4,<2.0a0", "1.5", True), ("lib >=1.4,<2.0a0", "2.0", False),
        ("lib >=1.4,<2.0a0", "2.0rc1", False), ("lib 1.*", "1.9", True), ("lib 1.4", "1.4.1", False),
        ("python 3.11.* *_cpython", "3.11.7", True), ("lib >=>1", "1.0", True), ("lib *", "1", True),
    ],
)  # fmt: skip
def test_versions(spec: str, version: str, good: bool) -> None:
    assert admits_version(spec, version) is good


def test_builds() -> None:
    assert admits("lib 1.0 h123_0", "1.0", "h123_0")
    assert not admits("lib 1.0 h123_0", "1.0", "h123_1")
    assert admits("python 3.11.* *_cpython", "3.11.7", "h0_2_cpython")
    assert admits("lib 1.0 ^h123_[0-9]$", "1.0", "h123_7")
    assert bound_of("lib 1.0 h123_0").names_one_build
    assert not bound_of("lib 1.0 h123_*").names_one_build


@pytest.mark.parametrize(
    ("lower", "upper", "spec"),
    [
        ("x.x.x.x.x.x", "x", "lib >=1.4.2,<2.0a0"), ("x.x", "x.x", "lib >=1.4,<1.5.0a0"),
        (None, "x.x.x", "lib <1.4.3.0a0"), ("x.x.x.x.x.x", None, "lib >=1.4.2"), (None, None, "lib"),
        ("1.2", "2.0", "lib >=1.2,<2.0"),
        ("x", "x.x.x.x", "lib >=1,<1.4.2.1.0a0"),
    ],
)  # fmt: skip
def test_pins(lower: str | None, upper: str | None, spec: str) -> None:
    assert pin_spec({"name": "lib", "lower_bound": lower, "upper_bound": upper}, "1.4.2", "h1_0") == spec


def test_an_exact_pin_names_the_build() -> None:
    assert pin_spec({"name": "lib", "exact": True}, "1.4.2", "h1_0") == "lib ==1.4.2 h1_0"


def test_a_pin_may_ask_for_a_build_beside_its_bounds() -> None:
    assert pin_spec({"name": "lib", "upper_bound": "x", "build": "h*"}, "1.4", "h1_0") == "lib <2.0a0 h*"
    assert pin_spec({"name": "lib", "build": "h*"}, "1.4", "h1_0") == "lib * h*"
