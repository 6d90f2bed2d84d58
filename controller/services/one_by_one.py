"""Many things, each in a transaction of its own: one that fails stops no other."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from controller.services.leading import DeposedError

T = TypeVar("T")


def one_by_one(items: Iterable[T], act: Callable[[T], object]) -> None:
    """Do it to each. Raises the first error, when all have been tried; DeposedError at once."""
    errors = list[Exception]()
    for item in items:
        try:
            act(item)
        except DeposedError:
            raise
        except Exception as error:  # noqa: BLE001 -- raised below
            errors.append(error)
    if errors:
        raise errors[0]
