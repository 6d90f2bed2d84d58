from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rattler_build import VariantConfig

from controller.gateways.combinations import combinations
from controller.gateways.pins import PinError, Pins

PINS = Pins(
    {
        "c_compiler": ("gcc",), "python": ("3.11", "3.12", "3.13"), "blas": ("openblas", "mkl"),
        "numpy": ("1", "2", "2"), "mpi": ("nompi", "mpich", "nompi"),
    },
    (("numpy", "python"),),
)  # fmt: skip


def test_keys_of_one_value_make_one_combination() -> None:
    assert combinations(PINS, {"c_compiler", "nobody_pins_this"}) == [{"c_compiler": "gcc"}]


def test_no_used_key_is_one_combination_without_values() -> None:
    assert combinations(PINS, ()) == [{}]


def test_keys_that_go_together_do_so_and_the_first_key_of_the_file_turns_slowest() -> None:
    found = combinations(PINS, ("blas", "numpy", "python"))
    rows = [("3.11", "1"), ("3.12", "2"), ("3.13", "2")]
    expected = [(python, numpy, blas) for python, numpy in rows for blas in ("openblas", "mkl")]
    assert [(each["python"], each["numpy"], each["blas"]) for each in found] == expected


def test_an_unused_member_of_a_group_makes_no_rows() -> None:
    assert combinations(PINS, ["numpy"]) == [{"numpy": "1"}, {"numpy": "2"}]


def test_equal_values_are_told_once() -> None:
    assert combinations(PINS, ["mpi"]) == [{"mpi": "nompi"}, {"mpi": "mpich"}]


def test_unequal_numbers_in_a_group_are_refused_where_both_keys_are_used() -> None:
    pins = Pins({"a": ("1", "2"), "b": ("1", "2", "3")}, (("a", "b"),))
    assert len(combinations(pins, ["a"])) == 2
    with pytest.raises(PinError, match="a has 2, b has 3"):
        combinations(pins, ["a", "b"])


def test_a_product_without_measure_is_refused_before_it_is_made() -> None:
    pins = Pins({f"key{number}": tuple("0123456789") for number in range(30)})
    with pytest.raises(PinError, match="more than 10000"):
        combinations(pins, pins.values.keys())


@st.composite
def zipped(draw: st.DrawFn) -> tuple[Pins, set[str]]:
    keys = draw(st.permutations("abcdef"))
    groups = [tuple(keys[:2]), tuple(keys[2:4])] if draw(st.booleans()) else [tuple(keys[:3])]
    lengths = {key: draw(st.shared(st.integers(1, 3), key=group)) for group in groups for key in group}
    values = {
        key: tuple(draw(st.lists(st.sampled_from("123"), min_size=size, max_size=size)))
        for key in sorted(keys)
        for size in [lengths.get(key) or draw(st.integers(1, 3))]
    }
    return Pins(values, tuple(groups)), draw(st.sets(st.sampled_from("abcdefz")))


@given(zipped())
def test_combinations_are_the_whole_product_without_what_the_groups_forbid(case: tuple[Pins, set[str]]) -> None:
    pins, used = case
    keys = list(pins.values)
    allowed = []
    for chosen in product(*(range(len(pins.values[key])) for key in keys)):
        row = dict(zip(keys, chosen, strict=True))
        if all(len({row[key] for key in group}) == 1 for group in pins.zip_keys):
            allowed.append({key: pins.values[key][row[key]] for key in keys if key in used})
    found = combinations(pins, used)
    assert {frozenset(each.items()) for each in found} == {frozenset(each.items()) for each in allowed}
    assert len(found) == len({frozenset(each.items()) for each in found})
    assert combinations(pins, sorted(used)) == found


@given(zipped())
def test_the_builder_makes_the_same_of_all_keys(case: tuple[Pins, set[str]]) -> None:
    pins, _ = case
    values = {key: list(given) for key, given in pins.values.items()}
    builders = VariantConfig(values, [list(group) for group in pins.zip_keys]).combinations()
    found = combinations(pins, pins.values.keys())
    assert {frozenset(each.items()) for each in builders} == {frozenset(each.items()) for each in found}
