"""A forecast keeps between what no farm can beat and what list scheduling never exceeds."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.domain.forecasts import Basis, Forecast, Span
from controller.domain.jobs import JobKind
from controller.planning.durations import Duration, History, Measured
from controller.planning.forecast import LOWER, UPPER, Other, Task, crews_of, forecast, tasks_of
from tests.kit.drawing import make_output, plan_drawn

POOLS = ("linux-64", "win-64")


@st.composite
def drawn_tasks(draw: st.DrawFn, *, edges: bool = True) -> list[Task]:
    count = draw(st.integers(1, 14))
    tasks = []
    for number in range(count):
        parents = draw(st.frozensets(st.integers(0, number - 1), max_size=3)) if edges and number else frozenset()
        median = draw(st.integers(1, 50))
        tasks.append(
            Task(
                key=f"t{number}", kind=JobKind.BUILD, name=f"t{number}", subdir=draw(st.sampled_from(POOLS)),
                pool=draw(st.sampled_from(POOLS)),
                duration=Duration(float(median), draw(st.sampled_from((0.0, 0.25, 1.2))), Basis.OWN),
                parents=frozenset(f"t{parent}" for parent in parents), rank=float(draw(st.integers(0, 5))),
            )
        )  # fmt: skip
    return tasks


def crews(linux: int, win: int):
    return {frozenset({"linux-64"}): linux, frozenset({"win-64"}): win}


def by_share(task: Task, share: float | None) -> float:
    return task.duration.mean if share is None else task.duration.quantile(share)


def longest(tasks: list[Task], share: float | None) -> float:
    ends: dict[str, float] = {}
    for task in tasks:  # drawn parents first
        ends[task.key] = by_share(task, share) + max((ends[parent] for parent in task.parents), default=0.0)
    return max(ends.values())


def loads(tasks: list[Task], workers: dict[str, int], share: float | None) -> list[float]:
    return [sum(by_share(t, share) for t in tasks if t.pool == pool) / workers[pool] for pool in POOLS]


@given(drawn_tasks(), st.integers(1, 4), st.integers(1, 4))
def test_no_end_is_before_the_longest_chain_or_before_the_work_shared_by_all(
    tasks: list[Task], linux: int, win: int
) -> None:
    ends = forecast(tasks, crews(linux, win)).ends
    for end, share in ((ends.lower, LOWER), (ends.middle, None), (ends.upper, UPPER)):
        floor = max(longest(tasks, share), *loads(tasks, {"linux-64": linux, "win-64": win}, share))
        assert end >= floor * (1 - 1e-9)


@given(drawn_tasks(), st.integers(1, 4), st.integers(1, 4))
def test_the_range_is_in_order(tasks: list[Task], linux: int, win: int) -> None:
    ends = forecast(tasks, crews(linux, win)).ends
    assert 0 < ends.lower <= ends.middle <= ends.upper


@given(drawn_tasks(edges=False), st.integers(1, 4), st.integers(0, 3))
def test_where_no_job_waits_for_another_more_workers_never_end_later(tasks: list[Task], few: int, more: int) -> None:
    before, after = forecast(tasks, crews(few, few)).ends, forecast(tasks, crews(few + more, few + more)).ends
    assert after.middle <= before.middle * (1 + 1e-9)


@given(drawn_tasks(), st.integers(1, 4), st.integers(0, 4))
def test_where_jobs_wait_more_workers_end_later_by_a_bounded_factor_only(
    tasks: list[Task], few: int, more: int
) -> None:
    """Graham (1969), for one pool: with m' workers instead of m no more than 1 + (m - 1) / m' times as late."""
    one = [Task(t.key, t.kind, t.name, t.subdir, "linux-64", t.duration, t.parents, t.rank) for t in tasks]
    before, after = forecast(one, crews(few, 1)).ends, forecast(one, crews(few + more, 1)).ends
    assert after.middle <= before.middle * (1 + (few - 1) / (few + more)) * (1 + 1e-9)


@given(drawn_tasks())
def test_with_a_worker_for_each_job_it_takes_the_longest_chain_and_nothing_else(tasks: list[Task]) -> None:
    known = [task._replace(duration=task.duration._replace(spread=0.0)) for task in tasks]
    found = forecast(known, crews(len(tasks), len(tasks)))
    assert found.ends.middle == pytest.approx(longest(known, None))
    assert found.critical_seconds == pytest.approx(longest(known, None))


def test_where_many_uncertain_jobs_stand_side_by_side_the_last_of_them_is_waited_for() -> None:
    def middle(jobs: int) -> float:
        duration = Duration(100.0, 0.8, Basis.KIND)
        alike = [Task(str(n), JobKind.BUILD, "a", "linux-64", "linux-64", duration) for n in range(jobs)]
        return forecast(alike, crews(jobs, 1)).ends.middle

    assert middle(1) == pytest.approx(137.7, rel=0.01)
    assert middle(1) < 1.5 * middle(1) < middle(10) < middle(100)


@given(drawn_tasks())
def test_the_critical_path_is_a_chain_of_jobs_that_wait_for_each_other(tasks: list[Task]) -> None:
    by_key = {task.key: task for task in tasks}
    path = forecast(tasks, crews(1, 1)).critical
    assert not by_key[path[0].key].parents
    assert all(one.key in by_key[two.key].parents for one, two in pairwise(path))


@given(drawn_tasks(), st.lists(st.sampled_from(POOLS), max_size=4))
@settings(max_examples=50)
def test_the_same_question_has_the_same_answer(tasks: list[Task], rivals: list[str]) -> None:
    others = [Other("B-1", pool, -3.0, 10.0) for pool in rivals]
    assert forecast(tasks, crews(2, 1), others) == forecast(tasks, crews(2, 1), others)


def test_more_workers_may_end_later_where_jobs_wait() -> None:
    """Graham's own example, so that nobody promises more than the laws above."""
    seconds = (3, 2, 2, 2, 4, 4, 4, 4, 9)
    parents = {8: "0", 4: "3", 5: "3", 6: "3", 7: "3"}
    tasks = [
        Task(
            str(n), JobKind.BUILD, str(n), "linux-64", "linux-64", Duration(float(s), 0.0, Basis.OWN),
            frozenset(parents.get(n, "")), float(n),
        )
        for n, s in enumerate(seconds)
    ]  # fmt: skip
    assert (forecast(tasks, crews(3, 1)).ends.middle, forecast(tasks, crews(4, 1)).ends.middle) == (12.0, 15.0)


def test_an_empty_plan_is_zero() -> None:
    assert forecast([], crews(1, 1)) == Forecast()
    assert Forecast().ends == Span(0.0, 0.0, 0.0)


def test_a_plan_is_counted_by_kind_subdir_and_basis() -> None:
    lib, app = make_output("lib", weak=["lib >=1"]), make_output("app", host=["lib"])
    plan = plan_drawn([lib, app])
    history = History({("build", "lib", "lib", "linux-64"): Measured(9, math.log(100.0), 0.0)})
    found = forecast(tasks_of(plan.jobs, history), crews(2, 0))
    assert found.jobs == {JobKind.BUILD: 2, JobKind.TEST: 2}
    assert found.basis == {Basis.OWN: 1, Basis.NOTHING: 3}
    assert [f"{step.kind.value} {step.name}" for step in found.critical] == [
        "build lib", "test lib", "build app", "test app",
    ]  # fmt: skip
    assert found.work == {"linux-64": pytest.approx(found.critical_seconds)}
    assert (found.workers, found.assumed) == ({"linux-64": 2}, ())


def test_a_pool_that_nobody_serves_is_told_and_counted_with_one_worker() -> None:
    found = forecast(tasks_of(plan_drawn([make_output("lib", subdir="win-64")]).jobs), crews(2, 0))
    assert (found.assumed, found.workers) == (("win-64",), {"win-64": 1})
    assert math.isfinite(found.ends.upper)


def task(seconds: float, rank: float, elapsed: float | None = None) -> Task:
    duration = Duration(seconds, 0.0, Basis.OWN)
    return Task("J-1", JobKind.BUILD, "a", "linux-64", "linux-64", duration, rank=rank, elapsed=elapsed)


def test_more_urgent_jobs_of_another_batch_go_first_and_less_urgent_ones_do_not_matter() -> None:
    others = [
        Other("B-4", "linux-64", -9.0, 5.0), Other("B-4", "linux-64", 9.0, 7.0), Other("B-5", "win-64", -9.0, 9.0),
    ]  # fmt: skip
    found = forecast([task(10.0, 0.0)], crews(1, 1), others)
    assert found.ends.middle == 15.0
    assert [(c.batch, c.jobs, c.before, c.seconds) for c in found.competing] == [("B-4", 2, 1, 12.0)]


def test_what_another_batch_has_under_way_is_waited_for_however_urgent_the_own_jobs_are() -> None:
    found = forecast([task(10.0, -99.0)], crews(1, 1), [Other("B-4", "linux-64", 9.0, 7.0, elapsed=True)])
    assert found.ends.middle == 17.0


def test_many_jobs_of_another_batch_may_be_given_as_one() -> None:
    found = forecast([task(10.0, 0.0)], crews(1, 1), [Other("B-4", "linux-64", -1.0, 7.0, jobs=3)])
    assert found.ends.middle == 31.0
    assert found.competing[0].before == 3


def test_of_a_job_under_way_only_the_rest_is_to_come() -> None:
    assert forecast([task(10.0, 0.0, elapsed=4.0)], crews(1, 1)).ends.middle == pytest.approx(6.0)


def test_workers_are_counted_by_the_pools_they_serve() -> None:
    assert crews_of([["linux-64"], ["linux-64"], ["linux-64", "noarch"]]) == {
        frozenset({"linux-64"}): 2, frozenset({"linux-64", "noarch"}): 1,
    }  # fmt: skip
