"""The longest way below decides who starts first."""

from controller.planning.priority import priorities
from tests.kit.drawing import make_output, plan_drawn


def test_the_head_of_the_longest_path_comes_first() -> None:
    lib, app = make_output("lib", weak=["lib >=1"]), make_output("app", host=["lib"])
    plan = plan_drawn([lib, app, make_output("other")])
    heights = {f"{job.kind.value} {job.name}": priorities(plan.jobs)[job.key] for job in plan.jobs}
    assert heights == {
        "build lib": 4, "test lib": 3, "build app": 2, "test app": 1, "build other": 2, "test other": 1,
    }  # fmt: skip


def test_known_durations_count_instead_of_steps() -> None:
    plan = plan_drawn([make_output("a"), make_output("b")])
    slow = next(job.key for job in plan.jobs if job.key.startswith("test:") and job.name == "b")
    heights = priorities(plan.jobs, {slow: 90.0})
    assert heights[slow] == 90
    assert max(heights.values()) == 91


def test_no_jobs_have_no_priorities() -> None:
    assert priorities([]) == {}
