"""A household book: named amounts, their total and their mean."""
from dataclasses import dataclass

import pytally


@dataclass(frozen=True)
class Entry:
    name: str
    amount: int


def parse(text: str) -> Entry:
    """An entry from `name=amount`; ValueError says what is wrong with it."""
    name, equals, amount = text.partition("=")
    if not (name and equals and amount.lstrip("-").isdigit()):
        raise ValueError(f"{text!r} is not of the form name=amount, as in rent=700")
    return Entry(name, int(amount))


def summary(entries: list[Entry]) -> str:
    amounts = [entry.amount for entry in entries]
    lines = [f"{entry.name:<12}{entry.amount:>8}" for entry in entries]
    lines += [f"{'total':<12}{pytally.total(amounts):>8}", f"{'mean':<12}{pytally.mean(amounts):>8}"]
    return "\n".join(lines)
