"""One that fails stops no other; who leads no more stops at once."""

import pytest

from controller.services.leading import DeposedError
from controller.services.one_by_one import one_by_one


def test_all_are_tried_and_the_first_error_is_told() -> None:
    done: list[int] = []

    def act(number: int) -> None:
        if number in (2, 3):
            raise ValueError(number)
        done.append(number)

    with pytest.raises(ValueError, match="2"):
        one_by_one([1, 2, 3, 4], act)
    assert done == [1, 4]


def test_who_leads_no_more_stops_at_once() -> None:
    done: list[int] = []

    def act(number: int) -> None:
        done.append(number)
        raise DeposedError

    with pytest.raises(DeposedError):
        one_by_one([1, 2], act)
    assert done == [1]
