"""What one more package costs, beside py-rattler's indexer in the same run. Prints JSON.

Run it as ``python -m tests.bench.index [--packages 10000 --large 100000]``. Figures are CPU and wall seconds of one
process on whatever machine runs it; only the ratios mean anything.
"""

import argparse
import asyncio
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rattler import Subdir
from rattler.index import index_fs

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.recipes import RunExports
from controller.gateways.index import LEVEL, Records, compress, index_files, render_repodata, render_run_exports
from controller.gateways.packages import inspect
from controller.gateways.shards import Shards
from tests.kit.packages import BORN, Package

SUBDIR = "linux-64"
LEVELS = (1, 3, 6, 9, 12, 16, 19)


def synthetic(number: int) -> Artifact:
    """A record of usual size: six dependencies, every fifth package exports itself."""
    name, version = f"package-{number // 5}", f"{number % 5}.{number % 7}.{number % 11}"
    sha256, md5 = (
        hashlib.new(kind, str(number).encode(), usedforsecurity=False).hexdigest() for kind in ("sha256", "md5")
    )
    exports = RunExports(weak=(f"{name} >={version},<{number % 5 + 1}.0a0",)) if number % 5 == 0 else RunExports()
    return Artifact(
        file_name=f"{name}-{version}-h{sha256[:7]}_0.conda", subdir=SUBDIR, name=name, version=version,
        build=f"h{sha256[:7]}_0", build_number=0, sha256=sha256, md5=md5, size=10_000 + number * 37 % 1_000_000,
        timestamp_ms=BORN + number * 1001, depends=tuple(_depends(number)), run_exports=exports,
        has_run_exports=bool(exports), license="BSD-3-Clause", license_family="BSD", arch="x86_64", platform="linux",
    )  # fmt: skip


def _depends(number: int) -> Iterable[Dependency]:
    yield Dependency("__glibc >=2.17,<3.0.a0")
    for step in (1, 17, 101, 997, 4999):
        yield Dependency(f"package-{(number * step + step) % 2000} >={step % 9}.{step % 5},<{step % 9 + 1}.0a0")


def timed(act: Callable[[], Any], times: int = 1) -> dict[str, float]:
    """The best of ``times`` runs, in seconds."""
    runs = []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        runs.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = min(runs)
    return {"wall": round(wall, 4), "cpu": round(cpu, 4)}


def ours(count: int) -> dict[str, Any]:
    artifacts, new, records = [synthetic(n) for n in range(count)], synthetic(count), Records()
    cold = timed(lambda: index_files(SUBDIR, artifacts, records=records))
    more = [*artifacts, new]
    data = render_repodata(SUBDIR, more, (), records)
    return {
        "packages": count,
        "cold": cold,
        "one_more": timed(lambda: index_files(SUBDIR, more, records=records), 5),
        "of_which": {
            "repodata.json": timed(lambda: render_repodata(SUBDIR, more, (), records), 5),
            "run_exports.json": timed(lambda: render_run_exports(SUBDIR, more, records), 5),
            f"zstd level {LEVEL}": timed(lambda: compress(data), 5),
        },
        "shards": shards(artifacts),
        "one_more_without_memory": timed(lambda: index_files(SUBDIR, more)),
        "bytes": {name: len(content) for name, content in index_files(SUBDIR, more, records=records).items()},
    }


def shards(artifacts: list[Artifact]) -> dict[str, Any]:
    """Each add is another package; the worst of them met a full garbage collection of 100,000 objects."""
    made, known = Shards(), list(artifacts)
    cold, adds = timed(lambda: made.shard_files(SUBDIR, known)), []
    for extra in range(7):
        known.append(synthetic(len(artifacts) + extra))
        adds.append(timed(lambda: made.shard_files(SUBDIR, known))["wall"])
    index = made.shard_files(SUBDIR, known).index
    return {"cold": cold, "one_more": {"median": median(adds), "worst": max(adds)}, "index_bytes": len(index)}


def levels(count: int) -> list[dict[str, Any]]:
    data = render_repodata(SUBDIR, [synthetic(n) for n in range(count)])
    found = []
    for level in LEVELS:
        compressed = partial(compress, data, level)
        found.append({"level": level, "bytes": len(compressed()), **timed(compressed)})
    return found


def write_real(channel: Path, count: int) -> None:
    for number in range(count):
        known = synthetic(number)
        exports = {"weak": list(known.run_exports.weak)} if known.has_run_exports else None
        Package(
            known.name, known.version, known.build, SUBDIR, [d.spec for d in known.depends], run_exports=exports,
            index={"timestamp": known.timestamp_ms, "license": known.license, "license_family": known.license_family,
                   "arch": known.arch, "platform": known.platform},
        ).write(channel)  # fmt: skip


def side_by_side(count: int, folder: Path) -> dict[str, Any]:
    """The same real files through both; adding one means reading that one file and writing the index to the disk."""
    channel = folder / "channel"
    write_real(channel, count)
    paths, records = sorted((channel / SUBDIR).glob("*.conda")), Records()
    artifacts: list[Artifact] = []
    our_cold = timed(lambda: artifacts.extend(_read(paths)) or _write(folder / "ours", artifacts, records))
    their_cold = timed(lambda: _rattler(channel, zst=True))
    result: dict[str, Any] = {"packages": count, "cold": {"farm": our_cold, "rattler": their_cold}}
    for name, level, zst in (
        ("as shipped", LEVEL, True),
        ("both level 19", 19, True),
        ("rattler without zst", LEVEL, False),
    ):
        extra = Package(f"zz{level}-{zst}".lower(), depends=["a >=1"]).write(channel)
        add = partial(_add, folder / "ours", extra, artifacts, records, level)
        result[f"one_more, {name}"] = _beside(timed(add), timed(partial(_rattler, channel, zst=zst)))
    names = json.loads((channel / SUBDIR / "repodata.json").read_text())["packages.conda"]
    result["same_packages"] = sorted(names) == sorted(artifact.file_name for artifact in artifacts)
    result["bytes"] = {
        "farm": {p.name: p.stat().st_size for p in sorted((folder / "ours").iterdir())},
        "rattler": {p.name: p.stat().st_size for p in sorted((channel / SUBDIR).glob("repodata.json*"))},
    }
    return result


def _beside(farm: dict[str, float], rattler: dict[str, float]) -> dict[str, Any]:
    times = {kind: round(rattler[kind] / farm[kind], 1) for kind in ("wall", "cpu")}
    return {"farm": farm, "rattler": rattler, "times_faster": times}


def _add(folder: Path, extra: Path, artifacts: list[Artifact], records: Records, level: int) -> None:
    artifacts.extend(_read([extra]))
    _write(folder, artifacts, records, level)


def _read(paths: Iterable[Path]) -> list[Artifact]:
    return [inspect(path, SUBDIR, path.name) for path in paths]


def _write(folder: Path, artifacts: list[Artifact], records: Records, level: int = LEVEL) -> None:
    folder.mkdir(exist_ok=True)
    for name, data in index_files(SUBDIR, artifacts, records=records, level=level).items():
        part = folder / f".{name}"
        part.write_bytes(data)
        part.replace(folder / name)


def _rattler(channel: Path, *, zst: bool) -> None:
    asyncio.run(index_fs(channel, target_platform=Subdir(SUBDIR), write_zst=zst, write_shards=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=100_000)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        result = {
            "zstd_level": LEVEL,
            "synthetic": [ours(asked.packages), ours(asked.large)],
            "zstd_levels_of_repodata": levels(asked.packages),
            "side_by_side": side_by_side(asked.packages, Path(folder)),
        }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
