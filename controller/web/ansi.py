"""Log lines as HTML: escaped first, then colours and bold as classes; every other control sequence is dropped."""

import re

from markupsafe import Markup, escape

_SEQUENCE = re.compile(r"\x1b(?:\[([0-?]*)([ -/]*[@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_]|[ -/]+[0-~])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys and a page must not: among it the marks that turn the direction of reading."""
_STYLES = {1: "b", 2: "dim", 3: "i", 4: "u"}
_LONGEST = 4_000


def line(text: str) -> Markup:
    """One line. Styles end with it, as builders that colour close them on the line they open them on."""
    cut = text[:_LONGEST]
    parts, at, classes = [], 0, frozenset[str]()
    for found in _SEQUENCE.finditer(cut):
        parts.append(_piece(cut[at : found.start()], classes))
        at = found.end()
        if found[2] == "m":
            classes = _after(classes, found[1] or "0")
    parts.append(_piece(cut[at:], classes))
    if len(text) > _LONGEST:
        parts.append(Markup('<span class="cut">… {} more characters</span>').format(len(text) - _LONGEST))
    return Markup("").join(parts)


def _piece(text: str, classes: frozenset[str]) -> Markup:
    clean = escape(_CONTROL.sub("", text))
    if not clean or not classes:
        return clean
    return Markup('<span class="{}">{}</span>').format(" ".join(sorted(classes)), clean)


def _after(classes: frozenset[str], codes: str) -> frozenset[str]:
    numbers = [int(code) for code in re.split("[;:]", codes) if code.isdigit()] or [0]
    skip = 0
    for place, number in enumerate(numbers):
        if skip:
            skip -= 1
        elif number in (38, 48):  # colours by number or by value: their arguments are no codes of their own
            skip = 4 if numbers[place + 1 : place + 2] == [2] else 2
        else:
            classes = _one(classes, number)
    return classes


def _one(classes: frozenset[str], number: int) -> frozenset[str]:
    colours = {name for name in classes if name.startswith("c")}
    if number == 0:
        return frozenset()
    if number in _STYLES:
        return classes | {_STYLES[number]}
    if number == 22:
        return classes - {"b", "dim"}
    if number == 39:
        return classes - colours
    if 30 <= number <= 37 or 90 <= number <= 97:
        return (classes - colours) | {f"c{number % 10}"}
    return classes
