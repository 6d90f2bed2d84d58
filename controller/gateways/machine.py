"""The machine that this runs on, as conda calls it."""

import os
import platform
import sys

from controller.domain.errors import InvalidInputError

_ARCHITECTURES = {"x86_64": "64", "amd64": "64", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le"}
_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win"}


def native_subdir() -> str:
    """The conda subdir of this machine. Raises InvalidInputError where conda has no name for it."""
    system, machine = _SYSTEMS.get(sys.platform), _ARCHITECTURES.get(platform.machine().lower())
    if system is None or machine is None:
        raise InvalidInputError(
            f"conda has no subdir for {sys.platform} on {platform.machine()}.", remedy="Set FARM_SUBDIRS by hand."
        )
    return f"{system}-{machine}"


def process_name() -> str:
    """This process for people: ``host:1234``."""
    return f"{platform.node() or 'here'}:{os.getpid()}"
