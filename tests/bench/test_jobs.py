"""What a test job costs: the farm's own runner beside py-rattler-build's ``Package.run_test``, in one run.

    python -m tests.bench.test_jobs [--rounds 5] [--libraries 20] [--files 100] [--records 5000]

One package with six tests, of which four need the same environment, is tested by both in turns, each in a process of
its own, out of a channel behind a local HTTP server that counts what it sends. ``cold`` begins with an empty package
cache each time, ``warm`` with one that already holds every dependency and both runners' copies of the index. Wall and
CPU seconds are of the whole process tree, bytes over HTTP are bodies, bytes to disk are the pages that the kernel was
given to write (Linux alone says). Medians; the ratios are the builder's figure by the farm's, so more than 1 is good.
JSON is written to ``build/bench/test_jobs.json``.
"""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import IO, Any

from tests.kit.checked import carrying, channel_of
from tests.kit.orders import HERE
from tests.kit.packages import Package
from workers.agent.sandbox import Box, child_environment

TESTS = (
    {"script": {"content": ["test -d $PREFIX/share/library0", "ls $PREFIX/share | wc -l"]}},
    {"script": {"content": "test -d $PREFIX/share/library1"}},
    {"script": {"content": "test -d $PREFIX/share/library2"}},
    {"script": {"content": "test -x $PREFIX/bin/toy"}},
    {"script": {"content": "test -d $PREFIX/share/tool0"}, "requirements": {"run": ["tool0"]}},
    {"script": {"content": "test -d $PREFIX/share/tool1"}, "requirements": {"run": ["tool1", "tool0"]}},
)
_THEIRS = """
import sys
from rattler_build import Package
package = Package.from_file(sys.argv[1])
assert len(package.tests) == int(sys.argv[3])
assert all(package.run_test(number, channel=[sys.argv[2]]).success for number in range(len(package.tests)))
"""


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; adds up the bytes of the bodies."""

    protocol_version = "HTTP/1.1"
    sent = 0
    lock = threading.Lock()

    def copyfile(self, source: Any, outputfile: IO[bytes]) -> None:
        data = source.read()
        with Handler.lock:
            Handler.sent += len(data)
        outputfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nobody listens."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass(frozen=True)
class Ground:
    """Where the runs take place."""

    root: Path
    package: Path
    channel: str

    def order(self, box: Box) -> Path:
        given = {
            "package": str(self.package), "folder": str(box.root / "checks"), "subdir": HERE,
            "channels": [self.channel],
        }  # fmt: skip
        spec = {"order": {"strategy": "highest"}, "channel_priority": "disabled"}
        path = box.root / "order.json"
        path.write_text(json.dumps({"spec": spec, "given": given}))
        return path

    def ours(self, box: Box) -> list[str]:
        return [sys.executable, "-P", "-m", "workers.checks.package", str(self.order(box))]

    def theirs(self, _box: Box) -> list[str]:
        return [sys.executable, "-c", _THEIRS, str(self.package), self.channel, str(len(TESTS))]

    def run(self, command: Callable[[Box], list[str]], cache: Path) -> dict[str, float]:
        """Figures of one run in a fresh box."""
        box = Box(self.root / "box")
        shutil.rmtree(box.root, ignore_errors=True)
        for path in (box.home, box.scratch):
            path.mkdir(parents=True)
        environment = child_environment(os.environ, box, cache, tools=False)
        arguments = command(box)
        before = _spent()
        done = subprocess.run(arguments, env=environment, cwd=box.root, capture_output=True, text=True, check=False)
        after = _spent()
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return {name: after[name] - before[name] for name in after}


def _spent() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    io = Path("/proc/self/io")
    lines = dict(line.split(": ") for line in io.read_text().splitlines()) if io.exists() else {}
    return {
        "wall": time.perf_counter(), "cpu": used.ru_utime + used.ru_stime,
        "http_bytes": Handler.sent, "disk_bytes": int(lines.get("write_bytes", 0)),
    }  # fmt: skip


def make_ground(root: Path, libraries: int, files: int, records: int) -> tuple[Path, Path]:
    """A channel's folder and the package under test; ``records`` further packages stand in the index alone."""
    rng, names = random.Random(7), [f"library{number}" for number in range(libraries)]
    made = [_filled(name, files, rng) for name in (*names, "tool0", "tool1")]
    channel_of(root / "channel", *made)
    _pad(root / "channel" / HERE / "repodata.json", records)
    package = carrying(*TESTS, depends=names, files={"bin/toy": b"#!/bin/sh\n"})
    return root / "channel", package.write(root / "package")


def _filled(name: str, files: int, rng: random.Random) -> Package:
    content = {f"share/{name}/{number}.bin": rng.randbytes(20_000) for number in range(files)}
    return Package(name=name, subdir=HERE, files=content)


def _pad(path: Path, records: int) -> None:
    document = json.loads(path.read_text())
    for number in range(records):
        name, version = f"other{number // 5}", f"1.{number % 5}"
        document["packages.conda"][f"{name}-{version}-h0_0.conda"] = {
            "name": name, "version": version, "build": "h0_0", "build_number": 0, "subdir": HERE, "size": 1,
            "depends": [f"other{(number * 17) % 999} >=1.0,<2.0a0", f"library{number % 7}"], "sha256": f"{number:064x}",
        }  # fmt: skip
    path.write_text(json.dumps(document))


def measured(ground: Ground, rounds: int) -> dict[str, Any]:
    """Both, in turns, with a cold and with a warm cache."""
    caches = {"cold": ground.root / "cold", "warm": ground.root / "warm"}
    for command in (ground.ours, ground.theirs):
        ground.run(command, caches["warm"])
    found: dict[str, dict[str, list[dict[str, float]]]] = {k: {"ours": [], "theirs": []} for k in caches}
    for number in range(rounds):
        for kind, cache in caches.items():
            turns = [("ours", ground.ours), ("theirs", ground.theirs)]
            for who, command in turns if number % 2 == 0 else reversed(turns):
                shutil.rmtree(caches["cold"], ignore_errors=True)
                found[kind][who].append(ground.run(command, cache))
    return {kind: _summary(both["ours"], both["theirs"]) for kind, both in found.items()}


def _summary(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> dict[str, Any]:
    names = ours[0].keys()
    mine, others = ({name: median(run[name] for run in runs) for name in names} for runs in (ours, theirs))
    return {
        "ours": {name: round(value, 3) for name, value in mine.items()},
        "theirs": {name: round(value, 3) for name, value in others.items()},
        "ratio": {name: round(others[name] / mine[name], 2) if mine[name] else None for name in names},
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    for name, default in {"rounds": 5, "libraries": 20, "files": 100, "records": 5000}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, package = make_ground(Path(scratch), asked.libraries, asked.files, asked.records)
        with served(folder) as url:
            figures = measured(Ground(Path(scratch), package, url), asked.rounds)
    document = {
        "machine": f"{platform.machine()} {platform.system()}",
        "asked": vars(asked),
        "tests": len(TESTS),
        **figures,
    }
    target = Path("build/bench/test_jobs.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
