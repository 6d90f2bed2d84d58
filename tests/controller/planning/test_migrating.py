"""Migrations applied to pins. The cases by hand are conda-smithy's own; the laws hold for drawn ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.planning.migrating import apply, merge_values, migrate
from controller.planning.migrations import Migration, MigrationError, Operation, Pinning

PYTHONS = Pinning(
    {"python": ("3.11", "3.12"), "impl": ("cpython", "cpython"), "zlib": ("1",), "min": ("false",)},
    (("python", "impl"),),
)


def adds(value: str, **more: object) -> Migration:
    given = (("python", (value,)), ("impl", ("cpython",)))
    return Migration("add.yaml", given, operation=Operation.ADD, primary_keys=("python",), **more)  # type: ignore[arg-type]


def removes(value: str) -> Migration:
    return Migration("gone.yaml", (("python", (value,)),), operation=Operation.REMOVE, primary_keys=("python",))


def test_the_higher_version_wins_and_not_the_greater_text() -> None:
    assert merge_values(("1.9", "2"), ("1.10",)) == ("1.10", "2")
    assert apply(Pinning({"hdf5": ("1.14.6",)}), Migration("m", (("hdf5", ("2", "1.14.5")),))).values["hdf5"] == (
        "2", "1.14.5",
    )  # fmt: skip


def test_an_older_value_changes_nothing() -> None:
    assert apply(PYTHONS, Migration("m", (("zlib", ("0.9",)),))) == PYTHONS


def test_an_ordering_decides_where_versions_cannot() -> None:
    assert merge_values(("y", "x"), ("z",), ("x", "y", "z")) == ("y", "z")


def test_a_value_that_the_ordering_lacks_is_told_with_key_and_file() -> None:
    migration = Migration("migrations/a.yaml", (("a", ("2",)),), ordering=(("a", ("1", "2")),))
    with pytest.raises(MigrationError, match="the ordering of a lacks 7") as caught:
        apply(Pinning({"a": ("7",)}), migration)
    assert caught.value.file == "migrations/a.yaml"


def test_an_added_python_brings_its_whole_row() -> None:
    after = apply(PYTHONS, adds("3.13"))
    assert after.values["python"] == ("3.11", "3.12", "3.13")
    assert after.values["impl"] == ("cpython",) * 3


def test_an_added_row_stands_where_its_ordering_says() -> None:
    first = apply(PYTHONS, adds("3.13", ordering=(("python", ("3.13", "3.11", "3.12")),)))
    assert first.values["python"] == ("3.13", "3.11", "3.12")


def test_a_key_that_is_new_to_the_group_is_spread_over_its_rows() -> None:
    migration = Migration(
        "m", (("python", ("3.13", "3.14")), ("impl", ("cpython", "cpython")), ("min", ("true", "true"))),
        operation=Operation.ADD, primary_keys=("python",), additional_zip_keys=("min",),
    )  # fmt: skip
    after = apply(PYTHONS, migration)
    assert after.zip_keys == (("python", "impl", "min"),)
    assert after.values["min"] == ("false", "false", "true", "true")


def test_a_row_that_is_there_already_still_widens_the_group() -> None:
    migration = Migration(
        "m", (("python", ("3.12",)), ("impl", ("cpython",)), ("min", ("false",))),
        operation=Operation.ADD, primary_keys=("python",), additional_zip_keys=("min",),
    )  # fmt: skip
    assert apply(PYTHONS, migration).values["min"] == ("false", "false")


def test_a_key_of_the_group_that_the_migration_forgets_is_told() -> None:
    migration = Migration("m", (("python", ("3.13",)),), operation=Operation.ADD, primary_keys=("python",))
    with pytest.raises(MigrationError, match="the migration has no value of impl, which goes with python"):
        apply(PYTHONS, migration)


def test_the_last_value_is_not_taken_away() -> None:
    with pytest.raises(MigrationError, match="takes the last value of python away"):
        migrate(PYTHONS, [removes("3.11"), removes("3.12")])


def test_what_is_not_pinned_is_left_alone() -> None:
    assert apply(PYTHONS, removes("2.7")) == PYTHONS
    other = Migration("m", (("gsl", ("2",)),), operation=Operation.ADD, primary_keys=("cuda",))
    assert apply(PYTHONS, other) == PYTHONS


def test_a_wider_group_takes_the_place_of_the_one_within_it() -> None:
    wider = Migration("m", (("abi", ("a", "b")),), zip_keys=(("abi", "python", "impl"),))
    assert apply(PYTHONS, wider).zip_keys == (("python", "impl", "abi"),)


def test_older_migrations_go_first_whatever_their_names() -> None:
    migrations = [
        Migration("a", (("x", ("3",)),), ordering=(("x", ("1", "2", "3")),), timestamp=2),
        Migration("b", (("x", ("2",)),), timestamp=1),
    ]
    assert migrate(Pinning({"x": ("1",)}), migrations).values["x"] == ("3",)


versions = st.lists(st.integers(1, 9).map(str), min_size=1, max_size=4).map(tuple)
raises = st.dictionaries(st.sampled_from("abcd"), versions, min_size=1).map(
    lambda values: Migration("m", tuple(values.items()))
)


@given(st.fixed_dictionaries(dict.fromkeys("abcd", versions)), raises)
def test_what_is_applied_twice_is_applied_once(values: dict[str, tuple[str, ...]], migration: Migration) -> None:
    once = apply(Pinning(values), migration)
    assert apply(once, migration) == once


@given(st.fixed_dictionaries(dict.fromkeys("abcd", versions)), raises, raises)
def test_migrations_of_other_keys_come_in_any_order(
    values: dict[str, tuple[str, ...]], one: Migration, other: Migration
) -> None:
    rest = Migration("n", tuple((key, found) for key, found in other.values if key not in one.keys))
    pins = Pinning(values)
    assert apply(apply(pins, one), rest) == apply(apply(pins, rest), one)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6, unique=True).map(sorted), st.integers(1, 30))
def test_what_is_added_and_then_removed_was_never_there(minors: list[int], minor: int) -> None:
    there = tuple(f"3.{at}" for at in minors if at != minor)
    if there:
        pins = Pinning({"python": there, "impl": ("cpython",) * len(there)}, (("python", "impl"),))
        added = apply(pins, adds(f"3.{minor}"))
        assert len(added.values["python"]) == len(added.values["impl"]) == len(there) + 1
        assert apply(added, adds(f"3.{minor}")) == added
        assert apply(added, removes(f"3.{minor}")) == pins
