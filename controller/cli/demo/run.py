"""The demo's frame: a folder, the story asked for, and the words at the end."""

import shlex
import sys
import tempfile
import time
from pathlib import Path

from controller.cli.demo import mkl, starter
from controller.cli.demo.stage import say
from controller.domain.errors import InvalidInputError

STORIES = {"starter": starter.run, "mkl": mkl.run}


def run(story: str, keep: Path | None) -> None:
    """Tell a story. Raises DemoError at the first step that is not as said."""
    began = time.monotonic()
    if story not in STORIES:
        raise InvalidInputError(f"There is no demo on '{story}'.", remedy=f"One of {', '.join(STORIES)}.")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise InvalidInputError(f"{keep} is not empty.", remedy="Name a folder that is not there yet.")
    folder = keep or Path(tempfile.mkdtemp(prefix="condafarm-demo-"))
    STORIES[story](folder.resolve())
    say(f"\nAll of it was as said, in {time.monotonic() - began:.0f} s.", style="bold green")
    farm = shlex.quote(str(Path(sys.executable).with_name("farm")))
    say("To look at what happened, start the farm again on what the demo left, and open the address it names:")
    say(f"  {farm} up --data {shlex.quote(str(folder / 'data'))}")
    say("To do the same on a farm of your own:")
    say(f"  make up          then, in another terminal:  {farm} push YOUR-TREE --watch")
