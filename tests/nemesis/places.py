"""Disks that can be filled and networks that can be cut, each of one worker or of the farm."""

import errno
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.nemesis.grounds import HUB

_STEP = b"\0" * (1 << 16)


def run(*command: str) -> None:
    """Raises CalledProcessError."""
    subprocess.run(command, check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system in memory at ``folder``."""

    folder: Path
    megabytes: int

    def mount(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "-o", f"size={self.megabytes}m,mode=0755", "none", str(self.folder))

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            try:
                while file.write(_STEP):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


def make_hub() -> None:
    """The farm's side of all cables."""
    run("ip", "addr", "add", f"{HUB}/24", "dev", "hub")
    run("ip", "link", "set", "hub", "up")


@dataclass(frozen=True, slots=True)
class Cable:
    """From the hub to a network namespace of one worker."""

    number: int

    @property
    def space(self) -> str:
        """The namespace's name."""
        return f"w{self.number}"

    @property
    def before(self) -> list[str]:
        """What to put before a command that is to run there. The process keeps its number."""
        return ["nsenter", f"--net=/run/netns/{self.space}"]

    def lay(self) -> None:
        end, net = f"c{self.number}", ("ip", "-n", self.space)
        run("ip", "netns", "add", self.space)
        run("ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        run(*net, "addr", "add", f"10.77.0.{10 + self.number}/24", "dev", "eth0")
        run(*net, "link", "set", "lo", "up")
        run(*net, "link", "set", "eth0", "up")
        run("ip", "link", "set", end, "master", "hub", "up")

    def cut(self, manner: str) -> None:
        """``silent``: packets vanish. ``told``: the worker's own side knows that there is no network."""
        if manner == "silent":
            run("ip", "link", "set", f"c{self.number}", "nomaster")
        else:
            run("ip", "-n", self.space, "link", "set", "eth0", "down")

    def mend(self) -> None:
        run("ip", "link", "set", f"c{self.number}", "master", "hub")
        run("ip", "-n", self.space, "link", "set", "eth0", "up")
