"""Builds the Farm for every edge and test, and alone reads settings."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from controller.domain.errors import DataFolderError
from controller.domain.upstream import WatchedChannel
from controller.gateways import clock
from controller.gateways.bells import Bells
from controller.gateways.blobs import Blobs
from controller.gateways.logs import Logs
from controller.gateways.machine import native_subdir, process_name
from controller.gateways.trees import Trees
from controller.gateways.uploads import Uploads
from controller.services.farm import Farm, Rules
from controller.settings import Settings
from controller.storage import schema
from controller.storage.database import Database
from workers.contract.jobs import Limits


def open_farm(settings: Settings, broker_url: str) -> Farm:
    """The Farm on these settings: folders made, schema brought up to date, tokens made on the first start."""
    data = settings.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    schema.upgrade(database)
    blobs = Blobs(data / "store")
    return Farm(
        database=database,
        blobs=blobs,
        shard_blobs=Blobs(data / "shards"),
        uploads=Uploads(data / "uploads", blobs),
        logs=Logs(data / "logs"),
        trees=Trees(data / "trees"),
        bells=Bells(broker_url),
        rules=rules(settings),
        now=clock.now,
        new_token=clock.new_token,
        admin_token=keep_token(data / "admin-token"),
        worker_token=keep_token(data / "worker-token"),
        process=process_name(),
    )


_OF_HISTORY = {"flake_times", "flake_runs", "quarantine_days", "quarantine_clean_runs"}


def rules(settings: Settings) -> Rules:
    """The numbers that services decide by."""
    subdirs = settings.subdirs or (native_subdir(),)
    return Rules(
        subdirs=subdirs,
        noarch_pool=settings.noarch_pool or subdirs[0],
        upstream=settings.upstream,
        trees=settings.trees,
        watch=tuple(WatchedChannel(**watched.model_dump()) for watched in settings.watch),
        lease_seconds=settings.lease_seconds,
        max_attempts=settings.max_attempts,
        wish_seconds=settings.wish_seconds,
        longer_times=settings.longer_times,
        memory_times=settings.memory_times,
        known_failure_days=settings.known_failure_days,
        baseline_days=settings.baseline_days,
        worker_faults=settings.worker_faults,
        **settings.model_dump(include=_OF_HISTORY),
        build=_limits(settings, settings.build_seconds),
        test=_limits(settings, settings.test_seconds),
        package_format=settings.package_format,
        circuit_breaker_jobs=settings.circuit_breaker_jobs,
        circuit_breaker_times=settings.circuit_breaker_times,
        tick_seconds=settings.tick_seconds,
        watch_priority=settings.watch_priority,
        background_hours=settings.background_hours,
        leader_seconds=settings.leader_seconds,
        idle_seconds=settings.idle_seconds,
    )


def _limits(settings: Settings, total: float) -> Limits:
    return Limits(
        total_seconds=total,
        silence_seconds=settings.silence_seconds,
        log_bytes=settings.log_bytes,
        output_bytes=settings.output_bytes,
    )


def keep_token(path: Path) -> str:
    """The secret kept in this file, made readable by its owner alone when it is not there yet.

    It comes whole or not at all, whatever ends this process, and of several that start at once one makes it. Raises
    DataFolderError where it cannot be written, or the file holds nothing.
    """
    try:
        if not path.exists():
            _make_token(path)
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        remedy = "Is its disk full? Make room, or name another folder with --data."
        raise DataFolderError(f"The token {path} cannot be kept: {error}.", remedy=remedy) from error
    if not token:
        raise DataFolderError(f"The token file {path} is empty.", remedy="Remove it: a new token is made at the start.")
    return token


def _make_token(path: Path) -> None:
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}-")  # readable by its owner alone
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(clock.new_token() + "\n")
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        Path(fresh).unlink()
