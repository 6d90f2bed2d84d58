"""The order of the queue in words: why a job stands where it stands.

Part of ``controller.domain.wording``, which holds the words of all states.
"""

from collections.abc import Mapping
from types import MappingProxyType

from controller.domain.forecast_words import lasting
from controller.domain.priorities import Order, Priority

PRIORITY_WORDS: Mapping[Priority, str] = MappingProxyType(
    {
        Priority.EMERGENCY: "It goes before everything that is no emergency.",
        Priority.HIGH: "Its batch is given four times what one of priority normal is.",
        Priority.NORMAL: "Its batch has an ordinary share; emergencies go before it.",
        Priority.LOW: "Its batch is given a quarter of what one of priority normal is.",
        Priority.BACKGROUND: "It yields to everything else, and starts where nothing else could.",
    }
)
_PARTS = MappingProxyType({1: "a whole", 2: "half a", 4: "a quarter of a", 8: "an eighth of a"})


def order_line(order: Order) -> str:
    """The parts in one line, for a list: ``normal; 3.2 h below it; half a share; since 14:02``."""
    since = [f"since {order.since:%H:%M}"] if order.since else []
    return "; ".join(
        [order.priority.value, f"{lasting(order.height)} below it", f"{_part(order.divisor)} share", *since]
    )


def order_lines(order: Order, batch: str, person: str) -> tuple[str, ...]:
    """The parts one by one, in the order in which they count."""
    return tuple(line for line in (_lane(order), _share(order, batch, person), _path(order), _age(order)) if line)


def bump_sentence(to: Priority, before: Priority, who: str, why: str) -> str:
    """Who gave a batch another priority: ``From normal to high by eva: a release waits for it``."""
    return f"From {before.value} to {to.value} by {who or 'somebody'}{f': {why}' if why else ''}"


def _lane(order: Order) -> str:
    return f"Priority {order.priority.value}: {PRIORITY_WORDS[order.priority]}"


def _share(order: Order, batch: str, person: str) -> str:
    whose = person or "its person"
    crowd = [f"the batches of {whose} share one"] if order.crowd > 1 else []
    load = [f"{whose} had more than others of late"] if order.load > 1 else []
    why = f": {', and '.join([*crowd, *load])}" if order.divisor > 1 else ""
    return f"{batch} has {_part(order.divisor)} share{why}."


def _part(divisor: int) -> str:
    return _PARTS.get(divisor, f"one part in {divisor} of a")


def _path(order: Order) -> str:
    longest = lasting(order.height)
    return f"{longest} of work in the longest chain that starts with it; in its batch the longest goes first."


def _age(order: Order) -> str:
    if order.since is None:
        return "It cannot start yet; its place is kept meanwhile."
    return f"It could start since {order.since:%Y-%m-%d %H:%M} UTC; what comes later gets a later place."
