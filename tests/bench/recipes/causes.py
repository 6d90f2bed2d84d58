"""Sentences of one cause grouped as one: names, numbers, paths and quoted text taken out."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

_INNER = re.compile(r'(?:reason|message): "((?:[^"\\]|\\.)*)"')
"""What the builder says within a dump of its own data."""
_PLACES = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|“[^”]*”"), "<text>"),
    (re.compile(r"(?:[\w.+-]*/)+[\w.+-]+"), "<path>"),
    (re.compile(r"\b[\w.+-]*\d[\w.+-]*"), "<number>"),
    (re.compile(r"(?:<text>[, ]*){2,}"), "<text> "),
    (re.compile(r"\s+"), " "),
)


def cause_of(sentence: str) -> str:
    """What all sentences of this kind have in common."""
    inner = _INNER.search(sentence)
    sentence = inner[1].replace("\\", "") if inner else sentence
    for pattern, instead in _PLACES:
        sentence = pattern.sub(instead, sentence)
    return sentence.strip()[:160]


def grouped(told: Iterable[tuple[str, str]], examples: int = 5) -> list[dict[str, Any]]:
    """Causes with their counts, the most frequent first; each with a few recipes and one sentence in full."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for recipe, sentence in told:
        found[cause_of(sentence)].append((recipe, sentence))
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        {"cause": cause, "count": len(each), "recipes": [name for name, _ in each[:examples]], "said": each[0][1][:500]}
        for cause, each in ordered
    ]
