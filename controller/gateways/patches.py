"""What an edit changes in one file, as a patch that ``git apply`` takes."""

import difflib


def patch_of(path: str, before: str, after: str) -> str:
    """A unified diff; empty where nothing differs. ``path`` is relative to the tree."""
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    told = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(*lines, f"a/{path}", f"b/{path}")
    ]
    return f"diff --git a/{path} b/{path}\n{''.join(told)}" if told else ""
