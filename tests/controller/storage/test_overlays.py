"""Jobs that are due, hung otherwise, and what a plan was decided on."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from controller.domain.differences import Difference, PlanChange, Revision, SymbolChange, Turn
from controller.domain.overrides import Override, OverrideKind
from controller.domain.plans import Reason, Rule
from controller.planning.moves import Move
from controller.planning.policy import Policy, Scope
from controller.services.farm import Farm
from controller.services.opening import Basis
from controller.storage import jobs, overlays
from controller.storage.batches import find_batch
from controller.storage.jobs import JobRow
from controller.storage.tables import from_json, to_json
from tests.kit.drawing import build_drawn, make_output
from tests.kit.farms import START, make_farm
from tests.kit.rows import draw_batch


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def set_due(farm: Farm, number: int) -> None:
    with farm.transaction() as session:
        row = session.get(JobRow, number)
        assert row is not None
        row.due = True
        session.add(row)


def test_batches_with_due_jobs_are_found_and_stay_open_until_these_are_cleared(farm: Farm) -> None:
    first, second = draw_batch(farm, {"a": [], "b": ["a"]}), draw_batch(farm, {"c": []})
    for names in (first, second):
        with farm.transaction() as session:
            for number in names.values():
                session.get_one(JobRow, number).state = "passed"
    set_due(farm, second["c"])
    with farm.transaction() as session:
        assert overlays.batches_due(session) == [2]
        assert [jobs.has_open_jobs(session, number) for number in (1, 2)] == [False, True]
        overlays.clear_due(session, [second["c"]])
        assert overlays.batches_due(session) == []
        assert not jobs.has_open_jobs(session, 2)


def test_hanging_a_job_otherwise_leaves_the_edges_of_the_others(farm: Farm) -> None:
    names = draw_batch(farm, {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["c"]})
    with farm.transaction() as session:
        overlays.hang(session, {names["c"]: [names["a"]], names["b"]: []})
        found = jobs.edges_of_batch(session, 1)
    assert found == {names["c"]: (names["a"],), names["d"]: (names["c"],)}


def test_what_a_plan_was_decided_on_is_kept_whole(farm: Farm) -> None:
    old, new = build_drawn([make_output("mkl", "1")])[0], build_drawn([make_output("mkl", "2")])[0]
    override = Override(OverrideKind.SKIP, ("x*",), "eva", "broken", date(2026, 12, 1))
    basis = Basis(7, {"/t": "c0"}, Policy(Scope.DIRECT, (("lib*", Scope.MINIMAL),), overrides=(override,)),
                  (Move(new, old),))  # fmt: skip
    draw_batch(farm, {"a": []})
    with farm.transaction() as session:
        find_batch(session, "B-1").basis = to_json(Basis, basis)
    with farm.reading() as session:
        assert from_json(Basis, find_batch(session, "B-1").basis) == basis


def test_differences_and_revisions_come_back_as_they_were() -> None:
    change = PlanChange(Turn.ADDED, "build", "a", "linux-64", Reason(Rule.R1, "lib", path=("lib", "a")), "J-3")
    revision = Revision(2, START, (change,), "why")
    found = Difference("s/a", "s/b", symbols=(SymbolChange("liba.so", ("x",), 1, 2),), unreadable=("p: broken",))
    assert from_json(Revision, to_json(Revision, revision)) == revision
    assert from_json(Difference, to_json(Difference, found)) == found
