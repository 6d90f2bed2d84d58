"""The one rule for splitting a log into lines, and its marks, shared by whoever writes, numbers and shows them."""

import re

NOTE_MARK = "[farm] "
"""Begins every line that the worker itself writes into a log."""

PHASE_MARK = "[farm] phase "
"""Begins the line that opens a phase; the phase's name follows, and nothing else."""

_BREAK = re.compile(r"\r\n|\n")


def split_lines(text: str) -> list[str]:
    r"""The lines of ``text``: ``\n`` and ``\r\n`` end a line; a lone ``\r`` keeps only what follows it.

    A trailing break ends the last line and opens no empty one.
    """
    lines = _BREAK.split(text)
    if lines and lines[-1] == "":
        lines.pop()
    return [line.rsplit("\r", 1)[-1] for line in lines]
