"""What is new about a built file, in sentences."""

from controller.domain.differences import Difference, SymbolChange

_SHOWN = 6


def difference_sentences(found: Difference) -> tuple[str, ...]:
    """Everything that a file differs in from the one before; what others may stumble over comes first."""
    said = [
        "It is the same as before: files, exports and dependencies." if found.unchanged else "",
        _listed("It exports what its recipe did not promise: {}.", found.unpredicted),
        _listed("Libraries are gone: {}.", found.libraries_gone),
        *(_removed(change) for change in found.symbols if change.removed_count),
        _exports(found),
        _listed("Libraries came: {}.", found.libraries_come),
        _added(found),
        _listed("Could not be read: {}.", found.unreadable),
        f"Its libraries were not compared: {found.unknown}." if found.unknown else "",
    ]
    return tuple(sentence for sentence in said if sentence)


def _listed(sentence: str, words: tuple[str, ...]) -> str:
    return sentence.format(few(words)) if words else ""


def _removed(change: SymbolChange) -> str:
    return f"{change.library} lacks what it had: {few(change.removed, change.removed_count)}."


def _exports(found: Difference) -> str:
    if not found.exports_gone and not found.exports_come:
        return ""
    return f"Its exports moved: {few(found.exports_gone) or 'none'} became {few(found.exports_come) or 'none'}."


def _added(found: Difference) -> str:
    added = sum(change.added_count for change in found.symbols)
    return f"{added:,} symbols came." if added else ""


def few(words: tuple[str, ...], count: int | None = None) -> str:
    """The first of many, and how many more there are; ``count`` where only some of them are known by name."""
    more = (len(words) if count is None else count) - min(len(words), _SHOWN)
    shown = ", ".join(words[:_SHOWN])
    return f"{shown} and {more:,} more" if more else shown
