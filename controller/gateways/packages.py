"""Facts read back from a package file: "done" is decided by these, not by what anybody said about it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import rattler
import yaml
from rattler.exceptions import InvalidMatchSpecError, InvalidVersionError

from controller.domain.artifacts import Artifact, Dependency, UsedPackage
from controller.domain.errors import ArtifactRefusedError
from controller.domain.recipes import NO_EXPORTS, Origin, RunExports
from controller.gateways.archives import read_members
from controller.gateways.members import LIMITS, Limits

_INDEX = "info/index.json"
_EXPORTS = "info/run_exports.json"
_TESTS = "info/tests/tests.yaml"
_RENDERED = "info/recipe/rendered_recipe.yaml"
_DOCUMENTS = {_INDEX, _EXPORTS, _TESTS, _RENDERED}
_OLD_TEST = re.compile(r"info/test/run_test\.[a-z]+")

_NAME = re.compile(r"(?!__)[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_VERSION = re.compile(r"[a-z0-9._+!]{1,64}", re.IGNORECASE)
_BUILD = re.compile(r"[A-Za-z0-9_.+]{1,64}")
_SUBDIR = re.compile(r"noarch|[a-z0-9]+-[a-z0-9]+")
_SECONDS_END = 253_402_300_799
"""Timestamps up to the year 9999 in seconds are seconds; larger ones are milliseconds (as conda reads them)."""
_STEP = 1 << 20
_UNREADABLE = (
    ValueError, TypeError, KeyError, AttributeError, RecursionError, yaml.YAMLError,
    InvalidMatchSpecError, InvalidVersionError,
)  # fmt: skip


def inspect(path: Path, subdir: str, file_name: str, limits: Limits = LIMITS) -> Artifact:
    """Read a package file that claims to be ``subdir/file_name``. ``path`` may bear any name.

    Raises ArtifactRefusedError if it is unsafe, unreadable, or another package than it claims. ``recipe``,
    ``hash``, ``fingerprint`` and ``variant`` are the plan's to fill in.
    """
    if not file_name.endswith((".conda", ".tar.bz2")) or not _SUBDIR.fullmatch(subdir):
        raise _refused(file_name, f"{subdir}/{file_name} is no place of a package")
    members = read_members(path, subdir, file_name, _is_wanted, limits)
    try:
        found = _artifact(members.documents, path, subdir, file_name)
        return replace(found, content=members.payload.digest())
    except _UNREADABLE as error:
        raise _refused(file_name, f"its metadata cannot be read ({type(error).__name__}: {error})") from error


def _is_wanted(name: str) -> bool:
    return name in _DOCUMENTS or bool(_OLD_TEST.fullmatch(name))


def _artifact(documents: Mapping[str, bytes], path: Path, subdir: str, file_name: str) -> Artifact:
    if _INDEX not in documents:
        raise _refused(file_name, f"it has no {_INDEX}")
    index = _json(documents[_INDEX])
    _check_identity(index, subdir, file_name)
    rendered = _yaml(documents.get(_RENDERED, b"")) or {}
    resolved = rendered.get("finalized_dependencies") or {}
    run = _mapping(resolved, "run")
    return Artifact(
        file_name=file_name,
        subdir=subdir,
        name=index["name"],
        version=index["version"],
        build=index["build"],
        build_number=_number(index, "build_number"),
        timestamp_ms=_timestamp(index),
        depends=_dependencies(_specs(index, "depends"), run.get("depends")),
        constrains=_dependencies(_specs(index, "constrains"), run.get("constraints")),
        run_exports=_run_exports(documents.get(_EXPORTS)),
        has_run_exports=_EXPORTS in documents,
        noarch=_noarch(index),
        license=_text(index, "license"),
        license_family=_text(index, "license_family"),
        arch=_text(index, "arch") or None,
        platform=_text(index, "platform") or None,
        track_features=_features(index, "track_features"),
        features=_features(index, "features"),
        python_site_packages_path=_text(index, "python_site_packages_path"),
        used=_used(resolved, "build") + _used(resolved, "host"),
        tests=_count_tests(documents),
        **_digests(path),
    )


def _check_identity(index: Mapping[str, Any], subdir: str, file_name: str) -> None:
    for key, rule in (("name", _NAME), ("version", _VERSION), ("build", _BUILD)):
        if not isinstance(index.get(key), str) or not rule.fullmatch(index[key]):
            raise _refused(file_name, f"{key} is {index.get(key)!r} in {_INDEX}")
    stem = f"{index['name']}-{index['version']}-{index['build']}"
    if stem != file_name.removesuffix(".conda").removesuffix(".tar.bz2"):
        raise _refused(file_name, f"{_INDEX} says it is {stem}")
    if index.get("subdir") != subdir:
        raise _refused(file_name, f"{_INDEX} says it is of {index.get('subdir')!r}, not {subdir}")
    rattler.Version(index["version"])


def _dependencies(specs: tuple[str, ...], recorded: Any) -> tuple[Dependency, ...]:
    """``specs`` are what binds; ``recorded`` is rattler-build's list of the same with where each came from."""
    origins: dict[str, Dependency] = {}
    for entry in recorded if isinstance(recorded, list) else []:
        known = _origin(entry)
        origins.setdefault(known.spec, known)
    return tuple(origins.get(spec) or Dependency(spec) for spec in specs)


def _origin(entry: Mapping[str, str]) -> Dependency:
    spec = str(entry.get("spec") or entry.get("source") or "")
    if "run_export" in entry:
        return Dependency(spec, Origin.RUN_EXPORT, str(entry["run_export"]))
    if entry.get("exact") == "true":
        return Dependency(spec, Origin.EXACT_PIN)
    for key in (Origin.PIN_SUBPACKAGE, Origin.PIN_COMPATIBLE, Origin.VARIANT):
        if key.value in entry:
            return Dependency(spec, key)
    return Dependency(spec)


def _used(resolved: Mapping[str, Any], section: str) -> tuple[UsedPackage, ...]:
    environment = _mapping(resolved, section)
    named = {name for entry in environment.get("specs") or [] if (name := _named(entry))}
    return tuple(
        UsedPackage(
            section=section,
            name=record["name"],
            version=record["version"],
            build=record["build"],
            subdir=record["subdir"],
            direct=record["name"] in named,
        )
        for record in environment.get("resolved") or []
    )


def _named(entry: Mapping[str, str]) -> str:
    """The package a line of the recipe names; nothing for what an export added."""
    if "run_export" in entry:
        return ""
    keys = (Origin.VARIANT.value, Origin.PIN_SUBPACKAGE.value, Origin.PIN_COMPATIBLE.value)
    return next((entry[key] for key in keys if key in entry), "") or Dependency(entry.get("source", "")).name


def _run_exports(document: bytes | None) -> RunExports:
    if document is None:
        return NO_EXPORTS
    exports = json.loads(document)
    if isinstance(exports, list):  # the oldest form: a list is weak
        exports = {"weak": exports}
    return RunExports(**{kind: _specs(exports, kind) for kind in RunExports.__slots__})


def _count_tests(documents: Mapping[str, bytes]) -> int:
    tests = _yaml(documents.get(_TESTS, b""))
    if not isinstance(tests, list | None):
        raise TypeError(f"{_TESTS} is no list")
    return len(tests or ()) + sum(1 for name in documents if _OLD_TEST.fullmatch(name))


def _specs(index: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Match specs as text. One that clients cannot parse would spoil the whole channel for them."""
    specs = index.get(key) or ()
    if not isinstance(specs, list | tuple):
        raise TypeError(f"{key} is no list")
    for spec in specs:
        rattler.MatchSpec(spec, strict=False)
    return tuple(specs)


def _text(index: Mapping[str, Any], key: str) -> str:
    value = index.get(key) or ""
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text in {_INDEX}")
    return value


def _features(index: Mapping[str, Any], key: str) -> str:
    value = index.get(key)
    words = value if isinstance(value, list) else _text(index, key).replace(",", " ").split()
    return " ".join(words)


def _number(index: Mapping[str, Any], key: str) -> int:
    value = index.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise ValueError(f"{key} is {value!r} in {_INDEX}")
    return value


def _timestamp(index: Mapping[str, Any]) -> int:
    value = _number(index, "timestamp")
    return value * 1000 if value <= _SECONDS_END else value


def _noarch(index: Mapping[str, Any]) -> str:
    value = index.get("noarch") or ""
    value = "generic" if value is True else value
    if value not in ("", "generic", "python"):
        raise ValueError(f"noarch is {value!r} in {_INDEX}")
    return str(value)


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """YAML is read as bare text here, so that no version turns into a number: nothing is ``null``."""
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _json(document: bytes) -> dict[str, Any]:
    value = json.loads(document)
    json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    if not isinstance(value, dict):
        raise TypeError(f"{_INDEX} is no mapping")
    return value


def _yaml(document: bytes) -> Any:
    return yaml.load(document, Loader=yaml.CBaseLoader) if document else None  # noqa: S506 -- text, lists, mappings


def _digests(path: Path) -> dict[str, Any]:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        while data := file.read(_STEP):
            sha256.update(data)
            md5.update(data)
            size += len(data)
    return {"sha256": sha256.hexdigest(), "md5": md5.hexdigest(), "size": size}


def _refused(file_name: str, why: str) -> ArtifactRefusedError:
    return ArtifactRefusedError(
        f"{file_name[:211]!a} is refused: {why[:500]}.", remedy="Look into the job's log, then build it again."
    )
