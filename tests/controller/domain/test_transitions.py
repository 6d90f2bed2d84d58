"""The tables of moves: frozen, whole, and without dead ends that nobody meant."""

import pytest

from controller.domain.batches import BATCH_MOVES, SETTLED, BatchEvent, BatchState
from controller.domain.errors import FarmError, IllegalMoveError
from controller.domain.jobs import (
    ATTEMPT_MOVES,
    BROKEN,
    ENDED,
    JOB_MOVES,
    AttemptEvent,
    AttemptState,
    JobEvent,
    JobState,
)
from controller.domain.transitions import advance, sources

TABLES = [
    (JOB_MOVES, JobState, JobEvent, JobState.WAITING),
    (BATCH_MOVES, BatchState, BatchEvent, BatchState.RUNNING),
    (ATTEMPT_MOVES, AttemptState, AttemptEvent, AttemptState.LEASED),
]
ids = ["jobs", "batches", "attempts"]


@pytest.mark.parametrize(("table", "states", "events", "start"), TABLES, ids=ids)
def test_every_event_can_happen_somewhere_and_every_state_can_be_reached(table, states, events, start) -> None:
    assert {event for _, event in table} == set(events)
    reached = {start, *table.values()} | {state for state, _ in table if state is BatchState.HELD}
    assert reached == set(states)


@pytest.mark.parametrize(("table", "states", "events", "start"), TABLES, ids=ids)
def test_a_table_can_not_be_changed(table, states, events, start) -> None:
    with pytest.raises(TypeError):
        table[start, next(iter(events))] = start


def test_an_illegal_move_names_state_and_event() -> None:
    with pytest.raises(IllegalMoveError, match="'claim' cannot happen in state 'passed'"):
        advance(JOB_MOVES, JobState.PASSED, JobEvent.CLAIM)


def test_sources_are_all_states_from_which_an_event_may_happen() -> None:
    assert sources(JOB_MOVES, JobEvent.CLAIM) == (JobState.READY,)
    assert set(sources(JOB_MOVES, JobEvent.CANCEL)) == {
        *(JobState.WAITING, JobState.READY, JobState.RUNNING, JobState.CHECKING),
    }


def test_passed_and_cancelled_jobs_are_final_and_broken_ones_can_be_tried_again() -> None:
    leaving = {state for state, _ in JOB_MOVES}
    assert ENDED - leaving == {
        *(JobState.PASSED, JobState.CANCELLED, JobState.ESCALATED, JobState.NO_REGRESSION, JobState.ANSWERED),
    }
    assert all(advance(JOB_MOVES, state, JobEvent.RETRY) is JobState.READY for state in BROKEN)
    assert BROKEN < ENDED


def test_a_settled_batch_does_not_run() -> None:
    assert BatchState.RUNNING not in SETTLED
    assert BatchState.HELD not in SETTLED


def test_every_error_has_a_code_of_its_own_and_says_the_next_step() -> None:
    kinds = FarmError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert str(kinds[0]("What is wrong.", remedy="Do this.")) == "What is wrong. Do this."
