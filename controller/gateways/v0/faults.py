"""What can be wrong with a ``meta.yaml``, with its line and what to do about it."""

from controller.domain.errors import RecipeError


class V0Error(RecipeError):
    """A ``meta.yaml`` cannot be read. ``line`` counts from 1 in the file as it was written."""

    def __init__(self, what: str, *, line: int | None = None, remedy: str = "Correct the file and push again.") -> None:
        super().__init__(what, remedy=remedy)
        self.line = line
        self.file = ""
        """Path within the tree; whoever knows the tree sets it."""


class TooLargeError(V0Error):
    """Reading it would take more than any recipe needs: refused before it does harm."""

    def __init__(self, what: str, *, line: int | None = None) -> None:
        super().__init__(what, line=line, remedy="No recipe needs this; write out what it is meant to make.")


def shortened(text: str, length: int = 80) -> str:
    """What a sentence can quote."""
    return text if len(text) <= length else f"{text[: length - 3]}..."
