"""Questions of anybody: one at a time, each worked out once, and nobody waits for ever."""

import threading
from collections.abc import Iterator

import pytest

from controller.domain.errors import BusyError, NotFoundError
from controller.services.enquiries import Enquiries


@pytest.fixture
def enquiries() -> Iterator[Enquiries]:
    made = Enquiries(patience=0.01)
    yield made
    made.close()


@pytest.fixture
def stuck(enquiries: Enquiries) -> Iterator[threading.Event]:
    """A question is being worked on until the event is set."""
    go = threading.Event()
    with pytest.raises(BusyError, match="still being worked out"):
        enquiries.answer("stuck", go.wait)
    yield go
    go.set()


def test_a_question_is_worked_out_once() -> None:
    worked: list[int] = []
    enquiries = Enquiries()
    for _ in range(3):
        assert enquiries.answer("a", lambda: worked.append(1) or len(worked)) == 1
    enquiries.close()


def test_a_fault_is_raised_and_not_kept() -> None:
    def refuse() -> str:
        raise NotFoundError("no such package")

    enquiries = Enquiries()
    with pytest.raises(NotFoundError):
        enquiries.answer("a", refuse)
    assert enquiries.answer("a", lambda: "now") == "now"
    enquiries.close()


def test_whoever_comes_again_gets_what_was_worked_out_meanwhile(enquiries: Enquiries, stuck: threading.Event) -> None:
    with pytest.raises(BusyError):
        enquiries.answer("stuck", stuck.wait)
    stuck.set()
    patient = threading.Event()
    for _ in range(500):
        try:
            assert enquiries.answer("stuck", lambda: False) is True
        except BusyError:
            patient.wait(0.01)
        else:
            break
    else:
        pytest.fail("it was never answered")


def test_only_so_many_different_questions_wait(enquiries: Enquiries, stuck: threading.Event) -> None:
    for question in ("b", "c"):
        with pytest.raises(BusyError, match="still"):
            enquiries.answer(question, lambda: None)
    with pytest.raises(BusyError, match="Other questions"):
        enquiries.answer("d", lambda: None)


def test_only_so_many_people_wait_and_no_thread_is_held_beyond_that() -> None:
    go = threading.Event()
    enquiries = Enquiries(patience=60)
    people = [threading.Thread(target=enquiries.answer, args=("a", go.wait)) for _ in range(6)]
    for person in people:
        person.start()
    while enquiries._waiting < 6:
        threading.Event().wait(0.001)
    with pytest.raises(BusyError, match="Too many"):
        enquiries.answer("a", go.wait)
    go.set()
    for person in people:
        person.join()
    assert enquiries.answer("a", lambda: False) is True
    enquiries.close()


def test_old_answers_are_forgotten() -> None:
    enquiries = Enquiries()
    for number in range(20):
        enquiries.answer(number, lambda: "x")
    assert len(enquiries._known) <= 5
    enquiries.close()
