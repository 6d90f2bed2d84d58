"""Times, sizes, names and addresses as pages write them."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

from markupsafe import Markup

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration(seconds: float) -> str:
    """``1 h 12 m``: the two largest units."""
    left = round(seconds)
    if left < 1:
        return "0 s" if seconds <= 0 else "< 1 s"
    parts: list[tuple[int, str]] = []
    for name, size in _UNITS:
        if left >= size or parts:
            parts.append((left // size, name))
            left %= size
    return " ".join(f"{number} {name}" for number, name in parts[:2] if number)


def ago(at: datetime, now: datetime) -> str:
    """``3 m ago``: the largest unit only."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 1:
        return "just now"
    text = " ".join(duration(abs(seconds)).split(" ")[:2]).removeprefix("< ")
    return f"{text} ago" if seconds > 0 else f"in {text}"


def instant(at: datetime | None, now: datetime) -> Markup:
    """A ``<time>``: relative to read, exact on hover and for machines."""
    if at is None:
        return Markup("&ndash;")
    exact = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), exact, ago(at, now)
    )


def size(number: float) -> str:
    """``1.4 MB``, in powers of a thousand as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def short(commit: str) -> str:
    """A commit as people say it."""
    return commit[:10]


def query(values: Mapping[str, object]) -> str:
    """``?name=lib&first=101``, without what is empty."""
    said = {key: value for key, value in values.items() if value not in ("", None)}
    return f"?{urlencode(said)}" if said else ""


def segment(name: str) -> str:
    """A name as one part of an address, whatever stands in it."""
    return quote(name, safe="")


def diff_class(line: str) -> str:
    """What a line of a diff is: ``added``, ``removed``, ``place`` or ``kept``."""
    if line.startswith(("diff ", "--- ", "+++ ", "@@", "index ", "new file", "\\ ")):
        return "place"
    return {"+": "added", "-": "removed"}.get(line[:1], "kept")
