from hypothesis import given
from hypothesis import strategies as st

from controller.gateways.pins import NO_PINS, Pins, join_groups, key_for, merge, merge_all, typed

PYTHONS = Pins({"python": ("3.11", "3.12", "3.13"), "numpy": ("1", "2", "3"), "zlib": ("1",)}, (("python", "numpy"),))


def test_a_dependency_finds_its_key_whatever_its_dashes_and_dots() -> None:
    pins = Pins({"r_base": ("4",), "ruamel_yaml": ("1",), "odd-key": ("1",)})
    assert key_for(pins, "r-base") == "r_base"
    assert key_for(pins, "ruamel.yaml") == "ruamel_yaml"
    assert key_for(pins, "odd_key") == "odd-key"
    assert key_for(pins, "rbase") is None


def test_values_have_the_types_that_conda_build_gives_them() -> None:
    given_and_seen = {"False": False, "true": True, "3": 3, "3.10": "3.10", "None": "None", "": "", "3.11.* *_cp": None}
    assert {value: typed(value) for value in given_and_seen} == given_and_seen | {"3.11.* *_cp": "3.11.* *_cp"}
    assert typed("1") is not True


def test_the_later_file_wins_key_by_key() -> None:
    merged = merge(Pins({"a": ("1", "2"), "b": ("1",)}), Pins({"a": ("3",), "c": ("4",)}))
    assert merged.values == {"a": ("3",), "b": ("1",), "c": ("4",)}


def test_a_whole_group_is_replaced() -> None:
    merged = merge(PYTHONS, Pins({"python": ("3.9",), "numpy": ("0",)}))
    assert (merged.values["python"], merged.values["numpy"]) == (("3.9",), ("0",))


def test_as_many_new_values_replace_one_key_of_a_group() -> None:
    merged = merge(PYTHONS, Pins({"numpy": ("7", "8", "9")}))
    assert (merged.values["python"], merged.values["numpy"]) == (("3.11", "3.12", "3.13"), ("7", "8", "9"))


def test_some_of_a_keys_values_choose_the_rows_of_its_group() -> None:
    merged = merge(PYTHONS, Pins({"python": ("3.13", "3.11")}))
    assert (merged.values["python"], merged.values["numpy"]) == (("3.11", "3.13"), ("1", "3"))


def test_the_last_choice_of_rows_counts_alone() -> None:
    merged = merge_all((PYTHONS, Pins({"python": ("3.11",)}), Pins({"python": ("3.12", "3.13")})))
    assert merged.values["numpy"] == ("2", "3")


def test_of_choices_that_contradict_each_other_the_nearer_one_counts() -> None:
    merged = merge_all((PYTHONS, Pins({"python": ("3.11",)}), Pins({"numpy": ("2",)})))
    assert (merged.values["python"], merged.values["numpy"]) == (("3.12",), ("2",))


def test_a_group_that_a_file_brings_whole_replaces_its_keys_in_a_wider_group() -> None:
    base = Pins({"python": ("3.11", "3.12"), "is_python_min": ("true", "false")}, (("python", "is_python_min"),))
    nearer = Pins({"python": ("3.12", "3.9", "3.8"), "numpy": ("2", "1", "1")}, (("python", "numpy"),))
    merged = merge(base, nearer)
    assert merged.zip_keys == (("python", "is_python_min", "numpy"),)
    assert (merged.values["python"], merged.values["numpy"]) == (("3.12", "3.9", "3.8"), ("2", "1", "1"))


def test_lists_that_make_no_variants_are_joined_once_a_file_says_so() -> None:
    first = Pins({"flags": ("a",)}, joined={"ignore_version": ("x",)})
    second = Pins(joined={"extend_keys": ("flags",), "flags": ("b", "a"), "ignore_version": ("y", "x")})
    merged = merge(first, second)
    assert "flags" not in merged.values
    assert merged.joined == {"flags": ("a", "b"), "ignore_version": ("x", "y"), "extend_keys": ("flags",)}


def test_the_nearer_pin_of_a_package_replaces_the_farther_one() -> None:
    first = Pins(pin_run_as_build={"zlib": {"min_pin": "x", "max_pin": "x"}, "curl": {"max_pin": "x"}})
    merged = merge(first, Pins(pin_run_as_build={"zlib": {"max_pin": "x.x"}}))
    assert merged.pin_run_as_build == {"zlib": {"max_pin": "x.x"}, "curl": {"max_pin": "x"}}


KEYS = st.sampled_from("abcdef")
VALUES = st.lists(st.sampled_from("12345"), min_size=1, max_size=4).map(tuple)
PINS = st.builds(Pins, st.dictionaries(KEYS, VALUES), st.lists(st.lists(KEYS, min_size=2, max_size=3, unique=True)).map(
    lambda groups: tuple(tuple(group) for group in groups)))  # fmt: skip


@given(PINS)
def test_nothing_changes_pins_that_it_is_merged_with(pins: Pins) -> None:
    assert merge(pins, NO_PINS).values == merge(NO_PINS, pins).values == pins.values


@given(PINS, PINS)
def test_a_merge_invents_no_key_and_no_value(first: Pins, second: Pins) -> None:
    merged = merge(first, second)
    assert merged.values.keys() == first.values.keys() | second.values.keys()
    for key, values in merged.values.items():
        assert set(values) <= set(first.values.get(key, ())) | set(second.values.get(key, ()))


@given(st.lists(st.lists(KEYS, min_size=1, max_size=3, unique=True).map(tuple)))
def test_no_key_is_in_two_groups(groups: list[tuple[str, ...]]) -> None:
    found = join_groups(groups)
    assert len([key for group in found for key in group]) == len({key for group in groups for key in group})
    assert all(any(set(group) <= set(whole) for whole in found) for group in groups)
