"""The command ``farm``: says so kindly where only a worker is installed."""

import importlib.util
import sys

_NEEDED = ("typer", "rich", "sqlmodel", "fastapi")


def main() -> None:
    """Run the command line."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            "This is a worker's installation: the command here is `farm-worker`.\n"
            "For the controller and this command: pip install 'condafarm[controller]'\n"
        )
        raise SystemExit(2)
    from controller.cli.main import run

    run()


if __name__ == "__main__":
    main()
