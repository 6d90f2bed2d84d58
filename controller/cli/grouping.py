"""Two words that are one command: ``plan`` takes packages, and ``plan diff`` two plans."""

from typing import Any

from typer.core import TyperGroup

PLAN_DIFF = "plan diff"


class FarmCommands(TyperGroup):
    """The commands, where ``plan diff`` is one of its own beside ``plan``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the words name, and the words that are left."""
        if args[:2] == PLAN_DIFF.split():
            args = [PLAN_DIFF, *args[2:]]
        return super().resolve_command(ctx, args)
