"""The memory of a tree of processes, as it was seen at most."""

import subprocess
import sys

import pytest

from workers.agent.memory import PeakWatch, resident

HOLD = """
import subprocess, sys
held = bytearray(b"x" * int(sys.argv[1]))
if len(sys.argv) > 2:
    subprocess.run([sys.executable, "-c", sys.argv[3], sys.argv[2]], check=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""
ABOVE = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]], check=True)"
MIB = 2**20
linux = pytest.mark.skipif(sys.platform != "linux", reason="nobody looks there")


@linux
def test_what_all_processes_below_hold_counts_together() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ABOVE, HOLD, str(60 * MIB), str(50 * MIB), HOLD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        watch = PeakWatch(process.pid, every=0.01)
        while not watch._most:
            pass
        process.communicate("")
    assert 110 * MIB < watch.end() < 300 * MIB


@linux
def test_a_process_that_is_gone_holds_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert resident(process.pid) == 0
    assert PeakWatch(process.pid).end() == 0
