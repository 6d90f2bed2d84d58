"""Migrations that overlap, or have nothing left to do."""

from controller.domain.plans import NoticeKind
from controller.planning.migration_notices import migration_notices
from controller.planning.migrations import Description, Migration, Operation, Pinning
from controller.planning.notices import PinTable

PINS = Pinning({"lib": ("1",), "gcc": ("13", "14"), "gxx": ("13", "14"), "zlib": ("1.3",)}, (("gcc", "gxx"),))


def raises(name: str, key: str, *values: str, waits_for: tuple[str, ...] = ()) -> Description:
    return Description(Migration(f"migrations/{name}.yaml", ((key, values),)), waits_for=waits_for)


def noticed(*described: Description) -> list[tuple[str, str, str, str]]:
    found = migration_notices([PinTable("linux-64", PINS, PINS, {}, described)])
    return [(n.kind, n.about.rpartition("/")[2], n.beside.rpartition("/")[2], n.detail) for n in found]


def test_two_that_move_one_pin_are_told_with_what_comes_of_it() -> None:
    assert noticed(raises("a", "lib", "3"), raises("b", "lib", "2")) == [
        (NoticeKind.MIGRATIONS_OVERLAP, "a.yaml", "b.yaml", "lib becomes 3")
    ]


def test_two_that_move_pins_of_one_group_overlap_too() -> None:
    assert noticed(raises("a", "gcc", "14", "15"), raises("b", "gxx", "14", "15")) == [
        (NoticeKind.MIGRATIONS_OVERLAP, "a.yaml", "b.yaml", "gxx becomes 14, 15")
    ]


def test_those_that_say_whom_they_wait_for_or_move_different_pins_do_not_overlap() -> None:
    assert noticed(raises("a", "lib", "3"), raises("b", "lib", "2", waits_for=("a",))) == []
    assert noticed(raises("a", "lib", "3"), raises("b", "zlib", "2")) == []


def test_one_whose_values_the_pins_have_or_passed_is_done() -> None:
    done = [(NoticeKind.MIGRATION_DONE, "a.yaml", "", "")]
    assert noticed(raises("a", "lib", "1")) == done
    assert noticed(raises("a", "zlib", "1.2")) == done
    assert noticed(raises("a", "zlib", "1.10")) == []


def test_one_that_adds_what_is_there_or_removes_what_is_gone_is_done() -> None:
    for operation, value, is_done in (
        (Operation.ADD, "14", True), (Operation.ADD, "15", False),
        (Operation.REMOVE, "12", True), (Operation.REMOVE, "13", False),
    ):  # fmt: skip
        given = (("gcc", (value,)), ("gxx", (value,)))
        said = Description(Migration("m.yaml", given, operation=operation, primary_keys=("gcc",)))
        assert bool(noticed(said)) is is_done, (operation, value)


def test_one_is_done_only_where_it_is_on_every_platform() -> None:
    tables = [PinTable(s, p, p, {}, (raises("a", "lib", "2"),)) for s, p in (("linux-64", PINS), ("osx-64", PINS))]
    assert migration_notices(tables) == ()
    ahead = Pinning({"lib": ("2",)})
    half = [tables[0], PinTable("osx-64", ahead, ahead, {}, (raises("a", "lib", "2"),))]
    assert migration_notices(half) == ()
    assert len(migration_notices(half[1:])) == 1
