"""Until when a burst of pushes waits for more, and which pushes form one."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.planning.bursts import MOST_TIMES, Waiting, burst_of, opens_at
from tests.kit.farms import START


def push(number: int, commit: str, after: float = 0.0, seconds: float = 60.0) -> Waiting:
    return Waiting(number, commit, START + timedelta(seconds=after), seconds)


def line(commit: str, older: str) -> bool:
    """Commits of a branch are named by its letter and a number: ``a2`` holds ``a1``."""
    return commit[0] == older[0] and int(commit[1:]) >= int(older[1:])


def commits(burst: list[Waiting]) -> list[str]:
    return [each.commit for each in burst]


def test_one_push_waits_a_window() -> None:
    assert opens_at([push(1, "a1")]) == START + timedelta(seconds=60)


def test_each_push_begins_the_window_anew_but_never_for_ever() -> None:
    assert opens_at([push(1, "a1"), push(2, "a2", 50)]) == START + timedelta(seconds=110)
    many = [push(n, f"a{n}", 50.0 * n) for n in range(100)]
    assert opens_at(many) == START + timedelta(seconds=60 * MOST_TIMES)


def test_the_window_is_that_which_the_newest_push_asks_for() -> None:
    assert opens_at([push(1, "a1"), push(2, "a2", 10, seconds=5)]) == START + timedelta(seconds=15)


def test_a_newer_commit_gathers_what_it_holds_and_leaves_other_branches_alone() -> None:
    known = [push(1, "a1"), push(2, "b1"), push(3, "a2")]
    assert commits(burst_of(push(4, "a3"), known, line)) == ["a3", "a1", "a2"]


def test_a_push_that_is_held_by_a_newer_one_is_opened_with_it() -> None:
    known = [push(2, "b1"), push(3, "a2")]
    assert commits(burst_of(push(1, "a1"), known, line)) == ["a2", "a1"]


def test_an_older_commit_that_is_pushed_later_joins_the_newer_one() -> None:
    assert commits(burst_of(push(2, "a1"), [push(1, "a2")], line)) == ["a2", "a1"]


def test_of_states_of_a_folder_the_one_pushed_last_holds_the_others() -> None:
    everything = [push(1, "a1"), push(2, "a2")]
    assert commits(burst_of(push(3, "a3"), everything, lambda *_: True)) == ["a3", "a1", "a2"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5)), min_size=1, max_size=12, unique=True), st.data())
def test_whichever_push_is_asked_about_it_is_in_its_burst_and_the_first_holds_all(drawn, data) -> None:
    pushes = [push(n, f"{branch}{number}", float(n)) for n, (branch, number) in enumerate(drawn)]
    mine = data.draw(st.sampled_from(pushes))
    burst = burst_of(mine, [each for each in pushes if each is not mine], line)
    assert mine in burst
    assert len({each.number for each in burst}) == len(burst)
    assert all(line(burst[0].commit, each.commit) for each in burst)
