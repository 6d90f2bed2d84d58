"""The demo's frame: a folder, the story asked for, and the words at the end."""

import tempfile
import time
from pathlib import Path

from controller.cli.demo import mkl, starter
from controller.cli.demo.stage import say

STORIES = {"starter": starter.run, "mkl": mkl.run}


def run(story: str, keep: Path | None) -> None:
    """Tell a story. Raises DemoError at the first step that is not as said."""
    began = time.monotonic()
    folder = keep or Path(tempfile.mkdtemp(prefix="condafarm-demo-"))
    STORIES[story](folder.resolve())
    say(f"\nAll of it was as said, in {time.monotonic() - began:.0f} s.", style="bold green")
    say("To look at what happened, start the farm again on what the demo left and open its address:")
    say(f"  .venv/bin/farm up --data {folder / 'data'}")
    say("To do the same on a farm of your own:")
    say("  make up          then, in another terminal:  .venv/bin/farm push YOUR-TREE --watch")
