"""A worker is given what it can do, whatever stands before it; what nobody can do waits and says what is lacking."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.needs import NO_NEEDS, Needs
from controller.services import forecast, intake, leases
from controller.services.answers import jobs as answers
from controller.services.farm import Farm
from controller.storage import durations, jobs, needs
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.rows import MACHINE, asking, draw_batch
from workers.contract.leases import ClaimRequest
from workers.contract.platforms import Machine

GPU = Needs(labels=("gpu",), virtual=("__cuda >=12",))
BIG = Needs(memory_bytes=64 * 2**30)


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def ask_for(farm: Farm, job: int, wanted: Needs) -> None:
    with farm.transaction() as session:
        jobs.job_by_number(session, job).needs_id = needs.number_of(session, wanted)


def taken(farm: Farm, worker: str = "w1", **machine: object) -> str:
    offered = Machine.model_validate(MACHINE.model_dump() | machine)
    claim = leases.claim(farm, ClaimRequest(worker=worker, pools=("linux-64",), machine=offered))
    return claim.spec.job if claim else ""


CUDA = {"labels": ("gpu", "fast"), "virtual_packages": ("__glibc=2.36=0", "__cuda=12.4=0")}


def test_a_worker_takes_the_first_job_that_it_can_do(farm: Farm) -> None:
    drawn = draw_batch(farm, dict.fromkeys(("gpu", "plain", "big"), ()))
    ask_for(farm, drawn["gpu"], GPU)
    ask_for(farm, drawn["big"], BIG)
    assert taken(farm) == f"J-{drawn['plain']}"
    assert taken(farm) == ""
    assert taken(farm, "w2", **CUDA) == f"J-{drawn['gpu']}"
    assert taken(farm, "w3", memory_bytes=2**37) == f"J-{drawn['big']}"


def test_a_worker_that_says_nothing_of_itself_is_given_what_asks_for_nothing(farm: Farm) -> None:
    drawn = draw_batch(farm, dict.fromkeys(("gpu", "plain"), ()))
    ask_for(farm, drawn["gpu"], GPU)
    before = {key: value for key, value in MACHINE.model_dump().items() if key not in ("labels", "gpus")}
    claim = leases.claim(farm, ClaimRequest.model_validate({"worker": "old", "pools": ["linux-64"], "machine": before}))
    assert claim is not None
    assert claim.spec.job == f"J-{drawn['plain']}"


def test_a_job_that_nobody_can_do_says_what_the_nearest_worker_lacks(farm: Farm) -> None:
    drawn = draw_batch(farm, {"gpu": ()})
    ask_for(farm, drawn["gpu"], GPU)
    assert taken(farm, "plain") == ""
    assert taken(farm, "near", virtual_packages=("__cuda=12.4=0",)) == ""
    view = answers.job_view(farm, f"J-{drawn['gpu']}")
    assert view.needs == "label gpu, __cuda >=12"
    assert view.why_not[0] == (
        "No worker of linux-64 offers what it asks for: near comes nearest, and lacks label gpu."
    )


def test_a_job_that_waits_for_a_busy_worker_names_it(farm: Farm) -> None:
    drawn = draw_batch(farm, dict.fromkeys(("one", "two"), ()))
    assert taken(farm, "w9", **CUDA) == f"J-{drawn['one']}"
    ask_for(farm, drawn["two"], GPU)
    view = answers.job_view(farm, f"J-{drawn['two']}")
    assert view.why_not[0] == "It asks for label gpu, __cuda >=12: w9 would take it."


def test_needs_have_one_number_each_and_nothing_has_none(farm: Farm) -> None:
    with farm.transaction() as session:
        first = needs.number_of(session, GPU)
        assert needs.number_of(session, NO_NEEDS) == 0
        assert needs.number_of(session, BIG) != first
    with farm.transaction() as session:
        assert needs.number_of(session, GPU) == first
        assert needs.needs_by_number(session)[first] == GPU


def test_a_pushed_tree_gives_its_jobs_what_it_says_of_them(farm: Farm, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "small")
    write_recipe(tree, "large")
    (tree / "farm.toml").write_text(
        '[[tree.needs]]\npackages = ["large"]\nkinds = ["build"]\nlabels = ["gpu"]\nvirtual = ["__cuda >=12"]\n',
        encoding="utf-8",
    )
    batch = intake.push(farm, str(tree), commit(tree, "begin"), who="ana").batch
    with farm.reading() as session:
        known = needs.needs_by_number(session)
        found = {(row.name, row.kind): known[row.needs_id] for row in jobs.jobs_of_batch(session, int(batch[2:]))}
    assert found == {
        ("small", "build"): NO_NEEDS, ("small", "test"): NO_NEEDS, ("large", "build"): GPU, ("large", "test"): NO_NEEDS,
    }  # fmt: skip
    assert leases.claim(farm, asking()).spec.order.recipe.endswith("small")  # type: ignore[union-attr]


def test_a_job_asks_for_the_memory_that_it_needed_before(farm: Farm, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "large")
    first = commit(tree, "begin")
    with farm.transaction() as session:
        work = ("build", "large", "large", "noarch")
        durations.learn(session, work, 60.0, farm.now())
        durations.learn_memory(session, work, 20 * 2**30)
    batch = intake.push(farm, str(tree), first, who="ana").batch
    with farm.reading() as session:
        (row,) = [job for job in jobs.jobs_of_batch(session, int(batch[2:])) if job.kind == "build"]
        assert needs.needs_by_number(session)[row.needs_id] == Needs(memory_bytes=20 * 2**30)
    assert taken(farm) == ""
    assert taken(farm, "w2", memory_bytes=2**35) == row.public


def test_what_a_passed_try_used_is_learned_and_bounded_by_its_machine(farm: Farm) -> None:
    drawn = draw_batch(farm, {"one": ()})
    assert taken(farm, memory_bytes=2**33) == f"J-{drawn['one']}"
    with farm.transaction() as session:
        job = jobs.job_by_number(session, drawn["one"])
        forecast.learn(farm, session, job, jobs.find_attempt(session, f"J-{drawn['one']}.1"), 2**40)
        assert durations.memory(session, ["one"]) == {("build", "one", "one", "linux-64"): 2**33}
