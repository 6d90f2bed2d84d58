"""What conda-build's own ``api.render`` says of recipes: one line of JSON for each, appended to a file.

It runs under a Python that has conda-build, and imports nothing of this project::

    PY conda_build_render.py --tree DIR --answers FILE --subdir linux-64 --pins FILE --pins FILE < names

Names are recipe folders relative to the tree, one a line. A name that the file answers already is left out, so
that an interrupted run goes on where it was. Nothing is solved and nothing is downloaded.
"""

import argparse
import contextlib
import io
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SECTIONS = ("build", "host", "run", "run_constrained")


class TooLong(Exception):  # noqa: N818 -- it names what the caller sees
    """A recipe took more than its time."""


def main() -> None:
    """Answer every name of standard input."""
    options = _arguments()
    os.environ["CONDA_SUBDIR"] = options.subdir
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGALRM, _alarm)
    known = _known(options.answers)
    with options.answers.open("a", encoding="utf-8") as answers:
        for name in (line.rstrip("\n") for line in sys.stdin):
            if name and name not in known:
                answers.write(json.dumps(_answer(name, options), sort_keys=True) + "\n")
                answers.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--subdir", default="linux-64")
    parser.add_argument("--pins", type=Path, action="append", default=[])
    parser.add_argument("--seconds", type=int, default=180, help="time for one recipe")
    return parser.parse_args()


def _known(answers: Path) -> set[str]:
    if not answers.is_file():
        return set()
    return {json.loads(line)["recipe"] for line in answers.read_text(encoding="utf-8").splitlines()}


def _alarm(*_: object) -> None:
    raise TooLong


def _answer(name: str, options: argparse.Namespace) -> dict[str, Any]:
    before = _cpu()
    signal.alarm(options.seconds)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            outputs = list(_render(options.tree / name, options))
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- its errors are of any kind; all are answers
        return {"recipe": name, "cpu": _cpu() - before, "error": f"{type(error).__name__}: {error}"[:2000]}
    finally:
        signal.alarm(0)
    return {"recipe": name, "cpu": _cpu() - before, "outputs": outputs}


def _cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _render(recipe: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from conda_build import api

    config = api.Config(no_download_source=True, set_build_id=False, host_subdir=options.subdir)
    config.exclusive_config_files = [str(path) for path in options.pins]
    config.verbose = False
    config.trim_skip = True
    for meta, _, _ in api.render(str(recipe), config=config, finalize=False, bypass_env_check=True):
        yield _output(meta)


def _output(meta: Any) -> dict[str, Any]:
    requirements = meta.meta.get("requirements") or {}
    test = meta.meta.get("test") or {}
    variant = meta.config.variant
    used = meta.get_used_vars()
    return {
        "name": meta.name(),
        "version": str(meta.version()),
        "number": meta.build_number(),
        "noarch": str(meta.noarch or ""),
        "skip": bool(meta.skip()),
        **{section: _texts(requirements.get(section)) for section in SECTIONS},
        "run_exports": _exports((meta.meta.get("build") or {}).get("run_exports")),
        "imports": len(_texts(test.get("imports"))),
        "commands": len(_texts(test.get("commands"))),
        "test_requires": _texts(test.get("requires")),
        "used": {key: str(variant[key]) for key in used if key in variant},
        "looped": sorted(meta.get_used_loop_vars()),
        "build_string": meta.build_id(),
    }


def _texts(entries: Any) -> list[str]:
    if entries is None:
        return []
    if isinstance(entries, str | dict) or not isinstance(entries, Iterable):
        return [str(entries)]
    return [str(entry) for entry in entries if entry is not None and str(entry)]


def _exports(document: Any) -> dict[str, list[str]]:
    kinds = document if isinstance(document, dict) else {"weak": document}
    return {str(kind): found for kind, entries in kinds.items() if (found := _texts(entries))}


if __name__ == "__main__":
    main()
