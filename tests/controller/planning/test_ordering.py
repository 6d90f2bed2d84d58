"""Laws of the queue's order: the critical path within a batch, lanes before shares, and nobody waits for ever."""

from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.priorities import COSTS, LANES, Lane, Priority
from controller.planning import ordering
from controller.planning.ordering import Laid, Share, Used

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BACKGROUND = timedelta(days=7)
ORDINARY = [priority for priority in Priority if LANES[priority] is Lane.ORDINARY]

seconds = st.floats(0.0, 1e5)
laids = st.lists(
    st.builds(Laid, st.just(""), st.sampled_from(["linux-64", "win-64"]), seconds, seconds), min_size=1, max_size=30
).map(lambda jobs: [job._replace(key=str(number)) for number, job in enumerate(jobs)])
shares = st.builds(
    Share, st.sampled_from(Priority), st.sampled_from([1, 2, 4, 64]), st.sampled_from([1, 2, 4]),
    st.dictionaries(st.sampled_from(["linux-64", "win-64"]), st.integers(0, 10**11)),
)  # fmt: skip


def rank(share: Share, place: int, platform: str = "linux-64") -> int:
    return ordering.order(share, platform, 0.0, place, None).rank


@given(laids, shares)
def test_within_a_batch_and_a_platform_the_longest_way_to_go_is_first(jobs: list[Laid], share: Share) -> None:
    places = ordering.places(jobs)
    ranks = {job.key: rank(share, places[job.key], job.platform) for job in jobs}
    for platform in ("linux-64", "win-64"):
        here = [job for job in jobs if job.platform == platform]
        by_rank = sorted(here, key=lambda job: ranks[job.key])
        assert [job.height for job in by_rank] == sorted((job.height for job in here), reverse=True)
        assert len({ranks[job.key] for job in here}) == len(here)


@given(shares, shares, st.integers(1, 10**10), st.integers(1, 10**10))
def test_no_job_of_a_later_lane_is_before_one_of_an_earlier(one: Share, other: Share, first: int, second: int) -> None:
    if one.lane < other.lane:
        assert rank(one, first) < rank(other, second)


def test_emergencies_come_first_and_the_background_last() -> None:
    for priority in ORDINARY:
        assert LANES[Priority.EMERGENCY] < LANES[priority] < LANES[Priority.BACKGROUND]


@given(shares, st.integers(-(10**9), 10**9))
def test_what_comes_late_to_a_batch_stays_in_its_lane(share: Share, place: int) -> None:
    lowest, beyond = ordering.lane_span(share.lane)
    assert lowest <= rank(share, place) < beyond


@given(laids, st.floats(0.0, 1e5))
def test_one_that_is_added_comes_after_all_with_more_below_and_before_none_with_less(
    jobs: list[Laid], height: float
) -> None:
    places = ordering.places([job._replace(platform="linux-64") for job in jobs])
    place = ordering.inserted([(job.height, places[job.key]) for job in jobs], height)
    assert all(places[job.key] <= place for job in jobs if job.height >= height)
    assert all(places[job.key] >= place for job in jobs if job.height < height)


@given(st.integers(1, 2000), st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_no_job_waits_for_ever_however_many_small_batches_come_after_it(waits: int, sizes: list[int]) -> None:
    """A worker takes a job, a small batch of one job comes: what was there before is taken within its own work."""
    share = Share(Priority.NORMAL)
    mine = rank(share, waits)
    queue = [mine]
    for turn in count():
        now = ordering.virtual_time(Lane.ORDINARY, queue[0], ())
        heappush(queue, rank(Share(Priority.HIGH, starts={"linux-64": now}), sizes[turn % len(sizes)]))
        if heappop(queue) == mine:
            break
        assert turn <= waits * share.cost


@given(shares, st.integers(1, 10**6), st.integers(0, 10**12))
def test_a_new_batch_is_behind_what_is_next_to_start(share: Share, place: int, lowest: int) -> None:
    head = ordering.lane_span(share.lane)[0] + lowest
    begun = Share(
        share.priority, share.crowd, share.load, {"linux-64": ordering.virtual_time(share.lane, head, (0, 7))}
    )
    assert rank(begun, place) > head


def test_where_nothing_could_start_a_new_batch_begins_where_the_last_did() -> None:
    assert ordering.virtual_time(Lane.ORDINARY, None, (3, 9, 4)) == 9
    assert ordering.virtual_time(Lane.ORDINARY, None, ()) == 0


def taken(shares: list[Share], jobs: int, turns: int) -> list[int]:
    """How many jobs of ten seconds each of these batches is given, of so many that they have."""
    queue = sorted((rank(share, 100 * (n + 1)), at) for at, share in enumerate(shares) for n in range(jobs))
    had = [at for _, at in queue[:turns]]
    return [had.count(at) for at in range(len(shares))]


def test_of_two_alike_each_is_given_half() -> None:
    assert taken([Share(Priority.NORMAL), Share(Priority.NORMAL)], 100, 100) == [50, 50]


@pytest.mark.parametrize(("urgent", "calm"), [(Priority.HIGH, Priority.NORMAL), (Priority.NORMAL, Priority.LOW)])
def test_a_step_of_priority_is_four_times_the_work(urgent: Priority, calm: Priority) -> None:
    assert COSTS[calm] == 4 * COSTS[urgent]
    assert taken([Share(urgent), Share(calm)], 100, 100) == [80, 20]


def test_the_batches_of_one_person_share_one_share() -> None:
    hers = Share(Priority.NORMAL, crowd=ordering.crowd(2))
    assert taken([Share(Priority.NORMAL), hers, hers], 100, 80) == [40, 20, 20]


@given(st.integers(0, 1000))
def test_a_crowd_is_counted_in_powers_of_two(batches: int) -> None:
    found = ordering.crowd(batches)
    assert found & (found - 1) == 0
    assert found >= min(max(batches, 1), 64)
    assert found < 2 * max(batches, 1)


@given(shares, shares, st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_share_that_changes_leaves_the_next_job_where_it_was(one: Share, other: Share, first: int, more: int) -> None:
    if one.lane is not other.lane:
        return
    known = Share(one.priority, one.crowd, one.load, {"linux-64": 5})
    after = ordering.moved_on(known, other, {"linux-64": first})
    assert rank(after, first) == rank(known, first)
    assert rank(after, first + more) - rank(after, first) == more * other.cost


@given(shares, shares, st.integers(1, 10**6), st.integers(0, 10**9))
def test_a_batch_that_is_begun_anew_is_the_next_after_what_is_next(
    one: Share, other: Share, first: int, now: int
) -> None:
    after = ordering.moved_on(one, other, {"linux-64": first}, {"linux-64": now})
    assert rank(after, first) == ordering.lane_span(other.lane)[0] + now + other.cost


def test_work_in_the_background_counts_as_low_once_it_has_waited_for_long() -> None:
    soon, late = NOW + timedelta(days=6), NOW + timedelta(days=7)
    assert ordering.in_force(Priority.BACKGROUND, NOW, soon, BACKGROUND) is Priority.BACKGROUND
    assert ordering.in_force(Priority.BACKGROUND, NOW, late, BACKGROUND) is Priority.LOW
    assert ordering.in_force(Priority.NORMAL, NOW, late, BACKGROUND) is Priority.NORMAL


def had(person: str, hours: float, hours_ago: float = 0.0) -> Used:
    ended = NOW - timedelta(hours=hours_ago)
    return Used(person, ended - timedelta(hours=hours), ended)


def loads(used: list[Used], people: list[str]) -> dict[str, int]:
    return ordering.loads(ordering.had_of_late(used, NOW), people)


def test_who_had_more_than_others_of_late_is_given_less() -> None:
    assert loads([had("eva", 10), had("ana", 1)], ["eva", "ana"]) == {"eva": 2, "ana": 1}
    assert loads([had("eva", 10)], ["eva", "ana", "kim", "leo"])["eva"] == 4


def test_what_was_had_long_ago_fades() -> None:
    assert loads([had("eva", 10), had("ana", 1)], ["eva", "ana"])["eva"] == 2
    assert loads([had("eva", 10, hours_ago=16), had("ana", 1)], ["eva", "ana"])["eva"] == 1


def test_who_is_alone_is_given_all_whatever_was_had() -> None:
    assert loads([had("eva", 100), had("gone", 500)], ["eva"]) == {"eva": 1}
    assert loads([], ["eva", "ana"]) == {"eva": 1, "ana": 1}
