"""Pin files with migrations and asked pins laid over them, as the farm's reader and the builder both see them."""

import pytest

from controller.gateways.migrated import MigrationFiles, applying, asked_file, candidates, migrated
from controller.gateways.pins import PinError
from controller.gateways.variant_files import PinFile
from controller.gateways.variants import pins_for, variants_for
from controller.planning.migrations import MigrationError, noarch_of

PINS = (
    PinFile(
        "conda_build_config.yaml",
        b"python:\n- '3.12'\n- '3.13'\nis_min:\n- true\n- false\nzlib:\n- 1.2\nzip_keys:\n- [python, is_min]\n",
    ),
)
ADDS = PinFile(
    "migrations/python314.yaml",
    b"migrator_ts: 5\n__migrator:\n  operation: key_add\n  primary_key: python\n  exclude: [cross-python]\n"
    b"python:\n- '3.14'\nis_min:\n- false\n",
)
ZLIB = PinFile("migrations/zlib.yaml", b"migrator_ts: 4\n__migrator:\n  kind: version\nzlib:\n- 1.10\n")


def names(files: MigrationFiles, folder: str, text: str = "") -> list[str]:
    return [migration.name for migration in applying(files, folder, "linux-64", (), text)]


def changed(file: PinFile, old: bytes, new: bytes) -> PinFile:
    assert old in file.text
    return PinFile(file.name, file.text.replace(old, new))


def digests(files: MigrationFiles, folder: str) -> list[str]:
    return [one.digest for one in candidates(files, folder, "linux-64", ())]


def test_the_reader_and_the_builder_see_the_same() -> None:
    both = applying(MigrationFiles((ADDS, ZLIB)), "recipes/app", "linux-64", (), "")
    files = migrated(PINS, "linux-64", (), tuple(both)).files
    pins, variants = pins_for(files, "linux-64"), variants_for(files, "linux-64")
    assert pins.values["python"] == ("3.12", "3.13", "3.14")
    assert pins.values["zlib"] == ("1.10",)
    assert variants.to_dict() == {
        "python": ["3.12", "3.13", "3.14"], "is_min": [True, False, False], "zlib": ["1.10"],
    }  # fmt: skip
    assert variants.zip_keys == [["python", "is_min"]]


def test_migrations_that_change_nothing_leave_the_files_alone() -> None:
    old = changed(ZLIB, b"1.10", b"1.1")
    assert (
        migrated(PINS, "linux-64", (), tuple(applying(MigrationFiles((old,)), "a", "linux-64", (), ""))).files == PINS
    )


def test_who_is_excluded_or_makes_what_is_pinned_is_left_out() -> None:
    files = MigrationFiles((ADDS, ZLIB))
    assert names(files, "recipes/app") == [ADDS.name, ZLIB.name]
    assert names(files, "recipes/cross-python") == [ZLIB.name]
    assert names(files, "zlib-feedstock/recipe") == [ADDS.name]


def test_a_paused_one_applies_to_nobody_but_the_feedstock_that_has_it() -> None:
    paused = changed(ZLIB, b"kind: version", b"paused: true")
    assert names(MigrationFiles((paused,)), "recipes/app") == []
    assert names(MigrationFiles((paused,), (ZLIB,)), "app-feedstock/recipe") == [paused.name]
    assert names(MigrationFiles(own=(paused,)), "recipe") == [paused.name]


def test_a_copy_of_what_the_pinning_has_closed_is_over() -> None:
    assert names(MigrationFiles((ADDS,), (ZLIB,)), "app-feedstock/recipe") == [ADDS.name]
    local = changed(ZLIB, b"kind: version", b"use_local: true")
    assert names(MigrationFiles((ADDS,), (local,)), "app-feedstock/recipe") == [ADDS.name, local.name]


def test_who_uses_a_key_that_stands_for_others_is_told_by_its_text() -> None:
    go = PinFile("migrations/go.yaml", b"__migrator:\n  override_cbc_keys: [go_compiler_stub]\nzlib: ['2']\n")
    assert names(MigrationFiles((go,)), "recipes/app", "- ${{ compiler('go') }}") == [go.name]
    assert names(MigrationFiles((go,)), "recipes/app", "- go") == []


def test_what_a_migration_merely_says_moves_no_reading() -> None:
    said = changed(ZLIB, b"kind: version", b"commit_message: other words")
    assert digests(MigrationFiles((said,)), "recipes/app") == digests(MigrationFiles((ZLIB,)), "recipes/app")


def test_a_new_value_moves_the_readings_of_those_whom_it_concerns() -> None:
    moved = changed(ADDS, b"- '3.14'", b"- '3.15'")
    assert digests(MigrationFiles((moved,)), "recipes/app") != digests(MigrationFiles((ADDS,)), "recipes/app")
    assert digests(MigrationFiles((moved,)), "recipes/cross-python") == []


BROKEN = PinFile("migrations/lib.yaml", b"__migrator:\n  operation: key_swap\nlib-x: ['2']\n")
FAILS = PinFile(
    "migrations/zlib2.yaml", b"__migrator:\n  ordering:\n    zlib: ['1.1', '1.3']\nzlib: ['1.3']\n"
)  # fmt: skip


def test_who_names_no_pin_of_a_broken_one_goes_without_it() -> None:
    files = MigrationFiles((BROKEN, ZLIB))
    assert names(files, "recipes/app", "- other-lib-x") == [ZLIB.name]
    with pytest.raises(MigrationError, match="key_swap is no operation"):
        names(files, "recipes/app", "- lib_x")


def test_who_asks_for_the_compiler_of_a_broken_one_names_its_pin() -> None:
    file = PinFile("migrations/gcc.yaml", b"__migrator: {kind: [}\nc_compiler_version: ['15']\n")
    assert names(MigrationFiles((file,)), "recipes/app", "- ${{ compiler('cxx') }}") == []
    with pytest.raises(MigrationError):
        names(MigrationFiles((file,)), "recipes/app", "- ${{ compiler('c') }}")


def test_pins_that_go_with_those_of_a_broken_one_are_named_too() -> None:
    with pytest.raises(MigrationError):
        applying(MigrationFiles((BROKEN,)), "a", "linux-64", (), "host: [zlib]", [("lib_x", "zlib")])


def test_a_broken_one_that_is_paused_is_for_nobody() -> None:
    paused = changed(BROKEN, b"__migrator:", b"__migrator:\n  paused: true")
    assert names(MigrationFiles((paused,)), "recipes/app", "- lib_x") == []


def test_the_copy_in_a_feedstock_that_is_broken_stops_that_feedstock() -> None:
    with pytest.raises(MigrationError):
        names(MigrationFiles(own=(BROKEN,)), "recipe", "nothing of it")


def test_one_that_cannot_be_applied_is_left_out_and_told() -> None:
    both = applying(MigrationFiles((FAILS, ADDS)), "recipes/app", "linux-64", (), "")
    laid = migrated(PINS, "linux-64", (), tuple(both))
    assert pins_for(laid.files, "linux-64").values["python"] == ("3.12", "3.13", "3.14")
    assert [(one.migration.name, one.error.what) for one in laid.failed] == [
        (FAILS.name, "the ordering of zlib lacks 1.2, which is one of its values.")
    ]


def asked(**pins: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return dict(pins_for((*PINS, asked_file(PINS, pins, "linux-64", ())), "linux-64").values)


def test_an_asked_pin_takes_the_place_of_the_trees() -> None:
    assert asked(zlib=("1.3", "1.10"))["zlib"] == ("1.3", "1.10")


def test_some_of_a_groups_values_choose_its_rows() -> None:
    found = asked(python=("3.13",))
    assert (found["python"], found["is_min"]) == (("3.13",), ("false",))


def test_values_that_leave_a_group_out_of_step_are_refused() -> None:
    with pytest.raises(PinError, match=r"python goes together with is_min, which have 2 values each, and 3"):
        asked(python=("3.12", "3.13", "3.14"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("build:\n  number: 0\n  noarch: generic\n", "generic"),
        ("build: {noarch: python, number: 0}\n", "python"),
        ("build:\n  # said twice\n\n  noarch: python\nrequirements: {}\n", "python"),
        ("build:\n  noarch: python  # [linux]\n", ""),
        ("build:\n  number: 0\noutputs:\n  - build:\n      noarch: generic\n", ""),
        ("about:\n  noarch: generic\n", ""),
        ("build:\n  noarch: ${{ 'python' if unix }}\n", ""),
    ],
)
def test_a_recipe_is_noarch_where_it_says_so_of_all_that_it_makes(text: str, kind: str) -> None:
    assert noarch_of(text) == kind


def test_migrations_of_python_spare_what_is_noarch_python_and_others_all_that_is_noarch() -> None:
    files = MigrationFiles((ADDS, ZLIB))
    assert names(files, "recipes/app", "build:\n  noarch: python\n") == []
    assert names(files, "recipes/app", "build:\n  noarch: generic\n") == [ADDS.name]
    everybody = changed(ZLIB, b"kind: version", b"include_noarch: true")
    assert names(MigrationFiles((everybody,)), "recipes/app", "build:\n  noarch: generic\n") == [ZLIB.name]
