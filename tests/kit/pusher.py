"""A process that pushes one commit: ``python -m tests.kit.pusher FOLDER URL TREE REV GATE``.

It waits for the file GATE once it is ready, so that several go at once, and prints the batch.
"""

import sys
import time
from pathlib import Path

from controller.services import intake
from controller.storage.database import Database
from tests.kit.farms import make_farm


def main(folder: str, url: str, tree: str, rev: str, gate: str) -> None:
    """Push once."""
    farm = make_farm(Path(folder))
    farm.database = Database(url)
    farm.trees.resolve(tree, rev)
    Path(folder, "ready").touch()
    while not Path(gate).exists():
        time.sleep(0.005)
    print(intake.push(farm, tree, rev, who="ana").batch)
    farm.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
