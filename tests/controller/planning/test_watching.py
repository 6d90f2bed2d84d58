"""What moved since the last look at a channel, and what of it forces something."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.artifacts import Artifact
from controller.domain.overrides import Override, OverrideKind
from controller.domain.recipes import RunExports
from controller.planning.impact import decide
from controller.planning.moves import Move, merged, newest
from controller.planning.policy import Policy
from controller.planning.watching import (
    built_with,
    candidates,
    caused,
    ignoring,
    in_the_way,
    look,
    next_look_in,
    with_exports,
)
from tests.kit.drawing import build_drawn, make_artifact, make_output, make_reading


def mkl(version: str, number: int = 0, *, stamp: int = 0, exports: bool = True) -> Artifact:
    weak = (f"mkl >={version},<{int(version.split('.', maxsplit=1)[0]) + 1}.0a0",) if exports else ()
    made = make_artifact(make_output("mkl", version, number=number, exports=RunExports(weak=weak)))
    sha256 = f"{version}-{number}-{stamp}"
    return replace(made, sha256=sha256, timestamp_ms=stamp, has_run_exports=exports, recipe="")


OLD, NEW = mkl("2025.3"), mkl("2026.1")
USED = {"mkl": {(OLD.version, OLD.build)}}


def test_what_files_were_built_with_is_watched_and_not_what_is_made_here() -> None:
    mine, user = make_output("mine", host=["mkl"]), make_output("user", host=["mine"])
    outputs = [make_output("mkl", "2025.3"), mine, user]
    base = [artifact for artifact in build_drawn(outputs) if artifact.name != "mkl"]
    assert built_with(base) == USED


def test_the_first_look_moves_nothing_and_knows_the_newest() -> None:
    seen = look({}, {"mkl": [OLD, NEW]}, {"mkl": set(), "absent": set()}, first=True)
    assert (seen.known, seen.moves) == ({"mkl": NEW, "absent": None}, ())


def test_the_newest_that_is_another_moved() -> None:
    assert look({"mkl": OLD}, {"mkl": [OLD, NEW]}, USED, first=False).moves == (Move(NEW, OLD),)
    later = mkl("2025.3", 1)
    assert look({"mkl": OLD}, {"mkl": [later, OLD]}, USED, first=False).moves == (Move(later, OLD),)
    assert look({"mkl": OLD}, {"mkl": [OLD, mkl("2024.2", 4)]}, USED, first=False).moves == ()


def test_another_variant_of_the_same_version_and_number_is_known_and_moves_nothing() -> None:
    variant = replace(mkl("2025.3", stamp=9), build="other_0")
    seen = look({"mkl": OLD}, {"mkl": [OLD, variant]}, USED, first=False)
    assert (seen.known, seen.moves) == ({"mkl": variant}, ())


def test_what_is_withdrawn_moves_back() -> None:
    assert look({"mkl": NEW}, {"mkl": [OLD]}, USED, first=False).moves == (Move(OLD, NEW),)


def test_what_is_gone_stays_known() -> None:
    seen = look({"mkl": OLD}, {}, USED, first=False)
    assert (seen.known, seen.moves) == ({"mkl": OLD}, ())


def test_what_comes_into_a_channel_moves_from_nothing() -> None:
    assert look({"mkl": None}, {"mkl": [NEW]}, USED, first=False).moves == (Move(NEW, None),)


def test_what_is_used_from_now_on_moved_if_it_is_newer_than_what_was_built_with() -> None:
    assert look({}, {"mkl": [OLD, NEW]}, USED, first=False).moves == (Move(NEW, OLD),)
    assert look({}, {"mkl": [OLD]}, USED, first=False).moves == ()
    assert look({}, {"mkl": [NEW]}, USED, first=False).moves == ()


def test_what_is_no_longer_used_is_forgotten() -> None:
    assert look({"mkl": OLD}, {"mkl": [NEW]}, {}, first=False) == ({}, ())


def test_exports_are_wanted_of_what_is_told_for_the_first_time() -> None:
    assert list(candidates({"mkl": OLD}, {"mkl": [OLD]}, USED)) == []
    assert list(candidates({"mkl": OLD}, {"mkl": [OLD, NEW]}, USED)) == [NEW]
    assert list(candidates({}, {"mkl": [OLD, NEW]}, USED)) == [NEW, OLD]


editions = st.tuples(st.integers(1, 3), st.integers(0, 2)).map(lambda drawn: mkl(f"{drawn[0]}.0", drawn[1]))


@given(st.lists(st.lists(editions, min_size=1, max_size=4), min_size=1, max_size=6))
def test_moves_one_after_another_lead_from_the_first_state_to_the_last(states: list[list[Artifact]]) -> None:
    """Whatever lies between, and in however many looks: nothing is lost and nothing comes twice."""
    known, moves = look({}, {"mkl": states[0]}, USED, first=True)
    for state in states[1:]:
        known, more = look(known, {"mkl": state}, USED, first=False)
        moves = (*moves, *more)
    first, last = newest(states[0]), newest(states[-1])
    same = (first.version, first.build_number) == (last.version, last.build_number)
    assert merged(moves) == (() if same else (Move(last, first),))


def test_moves_of_other_subdirs_are_not_merged() -> None:
    there = replace(NEW, subdir="osx-64")
    assert merged([Move(NEW, OLD), Move(there)]) == (Move(NEW, OLD), Move(there))


def test_exports_that_a_channel_does_not_tell_are_those_that_users_record_moved_along() -> None:
    outputs = [make_output("mkl", "2025.3", weak=["mkl >=2025.3,<2026.0a0"]), make_output("num", host=["mkl"])]
    users = [artifact for artifact in build_drawn(outputs) if artifact.name != "mkl"]
    move = with_exports(Move(mkl("2026.1", exports=False), mkl("2025.3", exports=False)), users)
    assert move.after.run_exports.weak == ("mkl >=2026.1,<2027.0a0",)
    assert move.before is not None
    assert move.before.run_exports.weak == ("mkl >=2025.3,<2026.0a0",)
    assert with_exports(Move(NEW, OLD), users) == Move(NEW, OLD)
    assert with_exports(Move(mkl("2026.1", exports=False)), []) == Move(mkl("2026.1", exports=False))


def decisions(user_host: str, move: Move) -> tuple[frozenset[str], bool, list[str]]:
    made = make_output("mkl", "2025.3", weak=["mkl >=2025.3,<2026.0a0"])
    num, late = make_output("num", host=[user_host]), make_output("late", content="old")
    base = [artifact for artifact in build_drawn([made, num, late]) if artifact.name != "mkl"]
    reading = make_reading(num, make_output("late", content="new"))
    moved, still = decide(reading, base, moves=[move]), decide(reading, base)
    return (*caused(moved, still), [member.output.name for member in in_the_way(moved)])


def test_what_is_due_anyway_is_no_work_of_a_move() -> None:
    assert decisions("mkl", Move(NEW, OLD)) == (frozenset({"mkl"}), True, [])
    other = make_artifact(make_output("other", "2.0"))
    assert decisions("mkl", Move(other)) == (frozenset(), False, [])


def test_a_recipe_that_holds_the_old_one_is_no_work_but_told() -> None:
    assert decisions("mkl 2025.*", Move(NEW, OLD)) == (frozenset({"mkl"}), False, ["num"])


def test_an_override_ignores_what_it_names_where_it_names_it() -> None:
    def policy(*subdirs: str) -> Policy:
        kind, until = OverrideKind.IGNORE_UPSTREAM, date(2026, 12, 1)
        return Policy(overrides=(Override(kind, ("mk*",), "eva", "broken", until, subdirs),))

    assert ignoring(Move(NEW), policy()) == policy().overrides[0]
    assert ignoring(Move(NEW), policy("osx-64")) is None
    assert ignoring(Move(NEW), policy().on(date(2026, 12, 2))) is None
    assert policy().cut(make_output("mkl")) is None


@pytest.mark.parametrize(("failures", "seconds"), [(0, 900), (1, 30), (2, 60), (5, 480), (9, 3600), (10**6, 3600)])
def test_a_channel_that_fails_is_asked_soon_and_then_ever_later(failures: int, seconds: float) -> None:
    assert next_look_in(900, failures) == seconds
