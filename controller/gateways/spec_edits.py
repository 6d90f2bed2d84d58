"""A spec in a recipe's text replaced by another, every other byte kept."""

import re
from collections.abc import Iterable


def edited(text: str, changes: Iterable[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """The text with each spec replaced, and the specs that it does not hold as they are written."""
    missing = []
    for old, new in changes:
        pattern = _pattern(old)
        if pattern.search(text):
            text = pattern.sub(lambda _, new=new: new, text)  # type: ignore[misc]
        else:
            missing.append(old)
    return text, tuple(missing)


def _pattern(spec: str) -> re.Pattern[str]:
    """The spec however it is spaced, and never as a part of another name or version."""
    name, _, rest = spec.partition(" ")
    loose = r"\s*".join(re.escape(part) for part in re.findall(r"[<>=!~]+|[^<>=!~\s]+", rest))
    between = r"[ \t]*" if rest[:1] in "<>=!~" else r"[ \t]+"
    return re.compile(rf"(?<![\w.-]){re.escape(name)}{between}{loose}(?![\w.*-])", re.IGNORECASE)
