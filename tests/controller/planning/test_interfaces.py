"""What a rebuilt package differs in, and whom that breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.difference_words import difference_sentences
from controller.domain.differences import Difference
from controller.domain.recipes import NO_EXPORTS, Origin, RunExports
from controller.planning.interfaces import broken_uses, compare, find_breaks, find_still, is_unchanged
from tests.kit.drawing import make_artifact, make_output
from workers.contract.interfaces import InterfaceFacts, LibraryFacts, UnreadableFile


def lib(name: str, *exported: str, form: str = "elf", cut: bool = False) -> LibraryFacts:
    return LibraryFacts(path=f"lib/{name}.1", format=form, name=name, exported=exported, cut=cut)


def program(needed: Sequence[str], imported: Mapping[str, Sequence[str]], form: str = "elf") -> InterfaceFacts:
    taken = {name: tuple(symbols) for name, symbols in imported.items()}
    return facts(LibraryFacts(path="bin/x", format=form, needed=tuple(needed), imported=taken))


def facts(*libraries: LibraryFacts, unreadable: Sequence[str] = ()) -> InterfaceFacts:
    bad = tuple(UnreadableFile(path=path, why="broken") for path in unreadable)
    return InterfaceFacts(libraries=libraries, unreadable=bad)


def uses(user: InterfaceFacts, old: InterfaceFacts, new: InterfaceFacts) -> dict[str, tuple[str, ...]]:
    return broken_uses(user, find_breaks(old, new))


OLD = facts(lib("libx.so.1", "x_new", "x_old"))
NEW = facts(lib("libx.so.1", "x_new", "x_newer"))


@pytest.mark.parametrize(
    ("needed", "imported", "broken"),
    [
        (["libx.so.1"], {"": ["x_old"]}, {"libx.so.1": ("x_old",)}),
        (["libx.so.1"], {"": ["x_new"]}, {}),
        (["liby.so.1"], {"": ["x_old"]}, {}),
        (["libx.so.1", "libc.so.6"], {"": ["x_new", "malloc"], "libc.so.6": ["x_old@GLIBC"]}, {}),
    ],
    ids=["uses what is gone", "uses what stays", "uses the name from elsewhere", "that of another library"],
)
def test_who_uses_a_symbol_that_is_gone_is_broken(needed, imported, broken) -> None:
    assert uses(program(needed, imported), OLD, NEW) == broken


def test_where_a_library_is_gone_all_that_ask_for_it_are_broken() -> None:
    user = program(["libx.so.1"], {"": ["whatever"]})
    assert uses(user, OLD, facts(lib("libx.so.2", "x_old"))) == {"libx.so.1": ()}
    assert uses(user, OLD, facts()) == {"libx.so.1": ()}


@pytest.mark.parametrize("name", ["_x.cpython-311-x86_64-linux-gnu.so", "_x.abi3.so", "_x.cp311-win_amd64.pyd"])
def test_what_a_module_of_python_exports_is_nobodys_business(name: str) -> None:
    old, new = facts(lib(name, "PyInit__x", "inner")), facts(lib(name, "PyInit__x"))
    assert find_breaks(old, new) == find_breaks(old, facts()) == ()
    assert compared(built(), built(1, "new"), old=old, new=new).symbols == ()


def test_a_library_that_moved_to_another_new_package_is_not_gone() -> None:
    assert find_breaks(OLD, facts(), elsewhere={"libx.so.1"}) == ()


@pytest.mark.parametrize(
    ("asked", "offered", "broken"),
    [
        ("f@V1", ["f@V1", "f@V2"], False),
        ("f@V1", ["f@V2"], True),
        ("f@V1", ["f"], False),
        ("f", ["f@V2"], False),
        ("f", ["g@V2"], True),
    ],
)
def test_versions_of_symbols_are_met_as_the_loader_meets_them(asked: str, offered: list[str], broken: bool) -> None:
    old, new = facts(lib("libx.so.1", "f@V1", "f")), facts(lib("libx.so.1", *offered))
    assert bool(uses(program(["libx.so.1"], {"": [asked]}), old, new)) is broken


def test_a_symbol_may_move_to_a_sibling_under_elf_and_under_nothing_else() -> None:
    def moved(form: str) -> dict[str, tuple[str, ...]]:
        old = facts(lib("libx", "a", "b", form=form), lib("liby", form=form))
        new = facts(lib("libx", "a", form=form), lib("liby", "b", form=form))
        return uses(program(["libx"], {"libx": ["b"]}, form), old, new)

    assert moved("elf") == {}
    assert moved("macho") == moved("pe") == {"libx": ("b",)}


@pytest.mark.parametrize(
    "new",
    [facts(lib("libx.so.1", cut=True)), facts(unreadable=["lib/libx.so.1.1"]), facts(unreadable=["lib/other.so"])],
    ids=["too many symbols", "that very file unreadable", "some file unreadable"],
)
def test_of_what_could_not_be_read_nothing_is_said(new: InterfaceFacts) -> None:
    assert find_breaks(OLD, new) == ()


LIB = make_output("lib", weak=["lib >=1,<2"])


def built(number: int = 0, content: str = "same", **more) -> Artifact:
    build = f"h_{number}"
    file = f"lib-1.0-{build}.conda"
    return replace(make_artifact(LIB), build=build, file_name=file, build_number=number, content=content, **more)


def compared(before: Artifact | None, after: Artifact, **more) -> Difference:
    given = {"old": None, "new": None, "predicted": after.run_exports} | more
    return compare(before, after, **given)


def test_the_same_content_exports_and_dependencies_are_unchanged() -> None:
    found = compared(built(), built(1))
    assert (found.unchanged, found.is_surprising, found.breaks) == (True, True, False)
    assert difference_sentences(found) == ("It is the same as before: files, exports and dependencies.",)


@pytest.mark.parametrize(
    "more",
    [
        {"content": "other"},
        {"run_exports": RunExports(weak=("lib >=1,<3",))},
        {"depends": (Dependency("zlib >=2"),)},
        {"constrains": (Dependency("old <1"),)},
        {"noarch": "python"},
        {"track_features": "blas_mkl"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_anything_that_others_may_notice_is_a_change(more) -> None:
    assert not compared(built(), built(1, **more)).unchanged


def test_content_that_nobody_knows_is_never_the_same() -> None:
    assert not is_unchanged(built(content=""), built(1, content=""))
    assert compared(None, built()).unchanged is False


def pinning(number: int, name: str = "libsib") -> tuple[Dependency, ...]:
    return (Dependency(f"{name} ==1.0 habc_{number}", Origin.EXACT_PIN), Dependency("zlib >=1"))


def test_numbers_in_exact_pins_are_no_change_but_what_they_pin_must_be_the_same_too() -> None:
    found = compared(built(depends=pinning(0)), built(1, depends=pinning(1)))
    assert (found.unchanged, found.pins) == (True, ("libsib",))
    names = {found.file: "lib", "s/libsib": "libsib"}
    same, other = Difference("s/libsib", "x", unchanged=True), Difference("s/libsib", "x")
    assert find_still([found, same], names) == {found.file, "s/libsib"}
    assert find_still([found, other], names) == frozenset()
    assert find_still([found], names) == {found.file}


def test_what_leans_on_what_leans_on_a_change_is_no_more_the_same() -> None:
    found = [
        Difference("a", "x", unchanged=False),
        Difference("b", "x", unchanged=True, pins=("a",)),
        Difference("c", "x", unchanged=True, pins=("b",)),
        Difference("d", "x", unchanged=True, pins=("e",)),
    ]
    assert find_still(found, {name: name for name in "abcd"}) == {"d"}


def test_exports_that_moved_and_exports_that_nobody_promised_are_told_apart() -> None:
    wide, narrow = RunExports(weak=("lib >=1,<3",)), RunExports(weak=("lib >=1,<2",))
    found = compared(built(run_exports=wide), built(1, "new", run_exports=narrow), predicted=wide)
    assert (found.exports_gone, found.exports_come) == (("weak: lib >=1,<3",), ("weak: lib >=1,<2",))
    assert found.unpredicted == ("weak: lib >=1,<2",)
    assert found.is_surprising
    foreseen = compared(built(run_exports=wide), built(1, "new", run_exports=narrow))
    assert foreseen.exports_come
    assert not foreseen.is_surprising


def test_libraries_and_symbols_that_came_and_went_are_counted_and_the_first_named() -> None:
    many = [f"s{n:03}" for n in range(50)]
    old = facts(lib("liba.so.1", *many), lib("libb.so.1"), lib("libc.so.1", "c"))
    new = facts(lib("liba.so.1", "s000", "t"), lib("libb.so.2"), lib("libc.so.1", "c"))
    found = compared(built(), built(1, "new"), old=old, new=new)
    assert (found.libraries_gone, found.libraries_come) == (("libb.so.1",), ("libb.so.2",))
    (change,) = found.symbols
    assert (change.library, change.removed_count, change.added_count, len(change.removed)) == ("liba.so.1", 49, 1, 20)
    assert "liba.so.1 lacks what it had: s001, s002, s003, s004, s005, s006 and 43 more." in difference_sentences(found)
    assert found.breaks


def test_where_the_old_libraries_were_never_read_that_is_told_and_nothing_else() -> None:
    found = compared(built(), built(1, "new"), new=NEW)
    assert (found.breaks, bool(found.unknown)) == (False, True)
    assert compared(built(), built(1, "new"), new=facts()).unknown == ""


symbols = st.sets(st.sampled_from([f"f{n}" for n in range(8)] + [f"f{n}@V{v}" for n in range(4) for v in (1, 2)]))


@given(symbols, symbols, symbols)
def test_only_what_is_lacked_breaks_and_all_of_it_does(old: set[str], new: set[str], asked: set[str]) -> None:
    """The law: a user is broken exactly by what the old library met and the new one does not."""

    def met(symbol: str, there: set[str]) -> bool:
        name = symbol.split("@", maxsplit=1)[0]
        bare = {known.split("@")[0] for known in there}
        return symbol in there or (name in bare if "@" not in symbol else name in there)

    user = program(["libx"], {"": sorted(asked)})
    found = uses(user, facts(lib("libx", *sorted(old))), facts(lib("libx", *sorted(new))))
    lacking = tuple(sorted(s for s in asked if met(s, old) and not met(s, new)))
    assert found == ({"libx": lacking} if lacking else {})


@given(symbols)
def test_a_library_that_only_grows_breaks_nobody(old: set[str]) -> None:
    grown = facts(lib("libx", *sorted(old), "more"))
    assert find_breaks(facts(lib("libx", *sorted(old))), grown) == ()


def test_exports_without_any_are_the_same_as_none() -> None:
    assert compared(built(run_exports=NO_EXPORTS), built(1, run_exports=RunExports())).unchanged


@pytest.mark.parametrize(
    ("promised", "came", "same"),
    [
        ("lib>=1.0,<2", "lib >=1.0,<2", True),
        ("lib  1.*", "lib 1.*", True),
        ("lib", "lib", True),
        ("lib >=1.0,<2", "lib >=1.0,<3", False),
        ("lib 1.0 h_0", "lib 1.0 h_1", False),
        ("lib", "lib >=1", False),
    ],
)
def test_exports_are_compared_as_the_solver_reads_them(promised: str, came: str, same: bool) -> None:
    found = compared(None, built(run_exports=RunExports(weak=(came,))), predicted=RunExports(weak=(promised,)))
    assert (not found.unpredicted) is same
