"""What it costs to look at the linkage of a large package, beside ``ldd -r`` in the same run. Prints JSON.

Run it as ``python -m tests.bench.linkage [--libraries 20 --megabytes 25 --symbols 20000]``, or with folders of real
libraries: ``--folder NAME`` looks at all that lies in it as one package. ``ldd -r`` loads each library into a process
and binds its symbols; it says nothing of packages, and runs for the machine's own platform alone.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.kit.linked import cc
from workers.checks.binaries import find_binaries
from workers.checks.linkage_run import linkage_end


def chain(folder: Path, libraries: int, megabytes: int, symbols: int) -> None:
    """Libraries that each need the one before and use a hundred of its symbols, with as much data as is asked for."""
    folder.mkdir()
    (folder / "data").write_bytes(os.urandom(1 << 20) * megabytes)
    (folder / "data.s").write_text(f'.section .rodata\n.incbin "{folder / "data"}"\n.section .note.GNU-stack\n')
    for number in range(libraries):
        used = [f"lib{number - 1}_function_{at}" for at in range(100)] if number else []
        lines = [f"int lib{number}_function_{at}(void){{return {at};}}" for at in range(symbols)]
        lines += [f"int {name}(void);" for name in used]
        lines += [f"int lib{number}_all(void){{return {' + '.join(f'{name}()' for name in used) or '0'};}}"]
        (folder / "code.c").write_text("\n".join(lines))
        before = [folder / f"lib{number - 1}.so"] if number else []
        cc(
            "-nostdlib", "-shared", "-fPIC", "-Wl,-rpath,$ORIGIN", f"-Wl,-soname,lib{number}.so",
            "-o", folder / f"lib{number}.so", folder / "code.c", folder / "data.s", *before,
        )  # fmt: skip
    for name in ("data", "data.s", "code.c"):
        (folder / name).unlink()


def install(libraries: Path, root: Path) -> tuple[Path, Path]:
    """The folder as a package, and as the only package of a prefix."""
    package, prefix = root / "package", root / "prefix"
    for place in (package, prefix):
        shutil.copytree(libraries, place / "lib", copy_function=os.link)
    (package / "info").mkdir()
    (prefix / "conda-meta").mkdir()
    index: dict[str, Any] = {"name": "large", "subdir": "linux-64", "depends": []}
    (package / "info/index.json").write_text(json.dumps(index))
    files = [path.relative_to(prefix).as_posix() for path in (prefix / "lib").rglob("*") if path.is_file()]
    (prefix / "conda-meta/large-1-0.json").write_text(json.dumps(index | {"files": files}))
    return package, prefix


def measure(libraries: Path, root: Path) -> dict[str, Any]:
    """Seconds of the best of three, and the most memory that a child had; none where a compiler had more before."""
    package, prefix = install(libraries, root)
    work = root / "work"
    work.mkdir()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    ends = [linkage_end(0, package, prefix, work, time.perf_counter, lambda _line: None) for _ in range(3)]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    began = time.perf_counter()
    found = [path for path, _ in find_binaries(prefix / "lib")]
    for path in found:
        subprocess.run(["ldd", "-r", path], capture_output=True, check=False)
    peer = time.perf_counter() - began
    size = sum(path.stat().st_size for path in found)
    last = ends[-1]
    assert last is not None
    return {
        "files": len(found), "megabytes": size >> 20, "seconds": min(end.seconds for end in ends if end),
        "outcome": last.outcome, "faults": last.failed, "notes": last.skipped,
        "peak_megabytes": peak >> 10 if peak > before else None, "ldd_seconds": round(peer, 3),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("libraries", 20), ("megabytes", 25), ("symbols", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    near = asked.folder.parent if asked.folder else None
    with TemporaryDirectory(dir=near) as name:
        root = Path(name)
        if not asked.folder:
            chain(root / "made", asked.libraries, asked.megabytes, asked.symbols)
        print(json.dumps(measure(asked.folder or root / "made", root), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
