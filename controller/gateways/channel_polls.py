"""What a channel's index says of some packages now, if it says anything new."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from controller.domain.artifacts import Artifact
from controller.domain.recipes import RunExports
from controller.domain.upstream import NOTHING_SEEN, Stamp
from controller.gateways.channel_files import BOUNDS, AbsentError, Bounds, ChannelFile
from controller.gateways.channel_records import artifact_of, is_name

_SCRATCH = "farm-channel-"


@dataclass(frozen=True, slots=True)
class Polled:
    """The index of one subdir, as far as it was asked about."""

    stamp: Stamp
    records: Mapping[str, Sequence[Artifact]] = field(default_factory=dict)
    """By package name; a name that the index does not have is left out. No run exports: an index tells none."""
    count: int = 0
    """How many files the index lists, whatever their names."""
    faults: tuple[str, ...] = ()
    """Names whose records cannot be read, each with why."""


def poll(
    channel: str, subdir: str, names: Iterable[str], known: Stamp = NOTHING_SEEN, bounds: Bounds = BOUNDS
) -> Polled | None:
    """What the index says of ``names``; None where it is as it was. Raises UpstreamError."""
    file = ChannelFile(channel, subdir, "repodata.json", bounds)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as scratch:
        path = Path(scratch) / "repodata.json"
        stamp = file.bring(path, known)
        if stamp is None:
            return None
        return _read(file, path, stamp, sorted({name for name in names if is_name(name)}))


def _read(file: ChannelFile, path: Path, stamp: Stamp, names: Sequence[str]) -> Polled:
    """Only the records of these names are read: an index of half a million files is looked up, not loaded."""
    from rattler import Channel, SparseRepoData

    try:
        index = SparseRepoData(Channel("upstream"), file.subdir, path)
    except (OSError, ValueError) as error:
        raise file.fault(f"{file.subdir}/{stamp.file} is damaged ({error})") from error
    records: dict[str, Sequence[Artifact]] = {}
    faults: list[str] = []
    with index:
        for name in names:
            try:
                found = index.load_records(name)
            except (OSError, ValueError) as error:
                faults.append(f"{name} ({error})")
                continue
            if found:
                records[name] = tuple(replace(artifact_of(record), subdir=file.subdir) for record in found)
        return Polled(stamp, records, index.record_count(), tuple(faults))


class _Exports(msgspec.Struct):
    """run_exports.json (CEP 12); entries stay bytes until they are asked for."""

    old: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict, name="packages")
    new: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict, name="packages.conda")


def exports(channel: str, subdir: str, files: Iterable[str], bounds: Bounds = BOUNDS) -> dict[str, RunExports]:
    """File name to what it exports, of these files, as far as the channel tells. Raises UpstreamError.

    A channel without ``run_exports.json`` tells nothing.
    """
    file, wanted = ChannelFile(channel, subdir, "run_exports.json", bounds), sorted(set(files))
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as scratch:
        path = Path(scratch) / "run_exports.json"
        if not wanted or not _is_there(file, path):
            return {}
        try:
            read = msgspec.json.decode(path.read_bytes(), type=_Exports)
            known = {name: read.new.get(name) or read.old.get(name) for name in wanted}
            return {name: _exports(msgspec.json.decode(raw)) for name, raw in known.items() if raw is not None}
        except (msgspec.MsgspecError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise file.fault(f"{subdir}/run_exports.json is damaged ({error})") from error


def _is_there(file: ChannelFile, path: Path) -> bool:
    try:
        return file.bring(path) is not None
    except AbsentError:
        return False


def _exports(entry: Any) -> RunExports:
    said = entry["run_exports"] or {}
    return RunExports(**{kind: tuple(map(str, said.get(kind, ()))) for kind in RunExports.__dataclass_fields__})
