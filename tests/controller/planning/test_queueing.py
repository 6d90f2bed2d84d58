"""Jobs start as workers would take them."""

from hypothesis import given
from hypothesis import strategies as st

from controller.planning.queueing import Place, Queue

LINUX = frozenset({"linux-64"})
WIN = frozenset({"win-64"})


def run(places: list[Place], seconds: dict[str, float], crews) -> dict[str, tuple[float, float]]:
    queue = Queue.of(places)
    starts, ends = queue.run([seconds[place.key] for place in queue.places], crews)
    return {place.key: pair for place, pair in zip(queue.places, zip(starts, ends, strict=True), strict=True)}


def test_the_lowest_rank_starts_first_when_a_worker_is_free() -> None:
    places = [Place("a", "linux-64", 2), Place("b", "linux-64", 1), Place("c", "linux-64", 3)]
    assert run(places, {"a": 5, "b": 2, "c": 1}, {LINUX: 1}) == {"b": (0, 2), "a": (2, 7), "c": (7, 8)}


def test_a_job_starts_when_the_last_it_waits_for_has_ended() -> None:
    places = [
        Place("a", "linux-64", 1), Place("b", "linux-64", 1), Place("c", "linux-64", 0, frozenset({"a", "b"})),
    ]  # fmt: skip
    assert run(places, {"a": 5, "b": 2, "c": 1}, {LINUX: 2})["c"] == (5, 6)


def test_what_is_not_in_the_queue_has_ended() -> None:
    assert run([Place("a", "linux-64", 1, frozenset({"gone"}))], {"a": 5}, {LINUX: 1})["a"] == (0, 5)


def test_a_job_under_way_keeps_its_worker_busy() -> None:
    places = [Place("a", "linux-64", 0), Place("b", "linux-64", 9, running=True)]
    assert run(places, {"a": 1, "b": 4}, {LINUX: 1}) == {"b": (0, 4), "a": (4, 5)}


def test_more_jobs_under_way_than_workers_known_do_not_hold_each_other_up() -> None:
    places = [Place(key, "linux-64", 0, running=True) for key in "ab"]
    assert run(places, {"a": 1, "b": 4}, {LINUX: 1}) == {"a": (0, 1), "b": (0, 4)}


def test_a_worker_of_two_pools_takes_from_both_and_one_of_a_single_pool_goes_first() -> None:
    places = [Place("l", "linux-64", 0), Place("w", "win-64", 1), Place("m", "linux-64", 2)]
    found = run(places, {"l": 3, "w": 3, "m": 3}, {LINUX | WIN: 1, LINUX: 1})
    assert found == {"l": (0, 3), "w": (0, 3), "m": (3, 6)}


def test_crews_that_serve_the_same_pools_of_the_queue_are_one() -> None:
    places = [Place(key, "linux-64", 0) for key in "abc"]
    crews = {LINUX: 1, LINUX | WIN: 1, WIN: 5}
    assert max(end for _, end in run(places, dict.fromkeys("abc", 2.0), crews).values()) == 4


@given(st.data())
def test_no_run_ends_after_all_work_pool_after_pool_and_the_longest_chain(data: st.DataObject) -> None:
    """Graham's bound: while no pool is busy with all that its workers can, the longest chain goes on."""
    places, seconds = [], {}
    for number in range(data.draw(st.integers(1, 14))):
        parents = data.draw(st.frozensets(st.integers(0, number - 1), max_size=3)) if number else frozenset[int]()
        pool = data.draw(st.sampled_from(("linux-64", "win-64")))
        places.append(Place(str(number), pool, data.draw(st.integers(0, 5)), frozenset(map(str, parents))))
        seconds[str(number)] = float(data.draw(st.integers(0, 50)))
    workers = {pool: data.draw(st.integers(1, 4)) for pool in (LINUX, WIN)}
    ends = {key: end for key, (_, end) in run(places, seconds, workers).items()}
    chains: dict[str, float] = {}
    for place in places:
        chains[place.key] = seconds[place.key] + max((chains[parent] for parent in place.parents), default=0.0)
    shares = [sum(seconds[p.key] for p in places if p.pool in pool) / number for pool, number in workers.items()]
    floor, ceiling = max(*chains.values(), *shares), max(chains.values()) + sum(shares)
    assert floor - 1e-9 <= max(ends.values()) <= ceiling + 1e-9
    assert all(ends[place.key] - seconds[place.key] >= ends[parent] for place in places for parent in place.parents)
