"""What a conda channel holds, as its index tells it: records of some names, from a URL or a folder.

An index tells no build or host environment and no fingerprint (rebuild-semantics 2.1); of these the recipes speak.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.errors import UpstreamError

_NAME = re.compile(r"[a-z0-9_.-]+")
_HASH = re.compile(r"h([0-9a-f]{7})(?:_\d+)?$")
"""Of the used variant, in a default build string (rebuild-semantics 2.4, 1)."""


def channel_records(channel: str, subdirs: Sequence[str], names: Iterable[str]) -> tuple[Artifact, ...]:
    """All files of these names for these subdirs and noarch. Raises UpstreamError where the channel is away."""
    from rattler import Gateway
    from rattler.exceptions import GatewayError

    platforms: Any = list(dict.fromkeys((*subdirs, "noarch")))
    wanted = sorted(filter(is_name, set(names)))  # no channel has others
    try:
        found: Any = asyncio.run(Gateway().query([channel], platforms, wanted, recursive=False))
    except (GatewayError, ValueError) as error:
        raise UpstreamError(
            f"The index of {channel} cannot be read: {error}.",
            remedy="Give a channel's URL, a name of anaconda.org, or a folder with an index.",
        ) from error
    return tuple(artifact_of(record) for records in found for record in records)


def is_name(name: str) -> bool:
    """Whether a channel can have a package of this name."""
    return _NAME.fullmatch(name) is not None


def artifact_of(record: Any) -> Artifact:
    """One record of rattler's as our value."""
    told = _HASH.search(str(record.build))
    return Artifact(
        file_name=str(record.file_name), subdir=str(record.subdir), name=record.name.normalized,
        version=str(record.version), build=str(record.build), build_number=record.build_number,
        sha256=_hex(record.sha256), md5=_hex(record.md5),
        size=record.size or 0, timestamp_ms=int(record.timestamp.timestamp() * 1000) if record.timestamp else 0,
        depends=_dependencies(record.depends), constrains=_dependencies(record.constrains),
        noarch=_noarch(record), license=record.license or "", hash=told[1] if told else "",
    )  # fmt: skip


def _dependencies(specs: Iterable[Any]) -> tuple[Dependency, ...]:
    return tuple(Dependency(str(spec)) for spec in specs)


def _hex(digest: bytes | None) -> str:
    return digest.hex() if digest else ""


def _noarch(record: Any) -> str:
    kind = record.noarch
    if not kind or getattr(kind, "none", False):
        return ""
    return "python" if getattr(kind, "python", False) else "generic"
