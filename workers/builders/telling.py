"""Finding the one line of a log that tells most about a failure."""

import re
from collections.abc import Iterable, Sequence

_EXCEPTION = re.compile(r"^(E\s+)?([A-Za-z_][\w.]*(Error|Exception|Failure|Warning|Interrupt|Exit))(:\s.*|$)")
_LOUD = re.compile(
    r"(\berror\b[:\s]|\bfatal\b|undefined reference|cannot (find|open|stat)|not found|No such file|Permission denied"
    r"|No space left|^FAILED\b|^FAIL:|Segmentation fault|Killed|Aborted|panicked|\*\*\*)",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"^(\s*$|\+|Script failed with|Script execution failed|\s+(Work directory|Prefix|Build prefix):"
    r"|BEGIN failed--compilation aborted|To run |\s+cd \"|(Py)?RattlerBuildError: failed to run test)"
)
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FAR = 400
"""Lines from the end within which a cause is looked for."""
_LENGTH = 400


def telling_line(lines: Iterable[str]) -> str:
    """The last exception, else the last line that sounds like an error, else the last line that is no noise.

    Of an exception and a louder line, the exception wins, because summaries (``FAILED (errors=1)``) follow it.
    """
    near = [line for text in lines for line in text.splitlines()]
    place = telling_place(near)
    return "" if place is None else _bare(near[place]).strip()[:_LENGTH]


def telling_place(lines: Sequence[str]) -> int | None:
    """Where among ``lines`` that line is; None where nothing is said at all."""
    near = [(place, _bare(lines[place])) for place in range(max(len(lines) - _FAR, 0), len(lines))]
    plain = [(place, line.rstrip()) for place, line in near if not _NOISE.match(line)]
    for wanted in (_EXCEPTION.search, _LOUD.search, bool):
        found = next((place for place, line in reversed(plain) if wanted(line.strip())), None)
        if found is not None:
            return found
    return next((place for place, line in reversed(near) if line.strip()), None)


def _bare(line: str) -> str:
    return _ANSI.sub("", line)


def script_status(lines: Iterable[str]) -> str:
    """``Script failed with status N`` as the builder said it, or nothing."""
    return next((line for line in reversed(list(lines)) if line.startswith("Script failed with status")), "")
