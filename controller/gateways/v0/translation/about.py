"""``about`` of a ``meta.yaml`` in the new format."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from controller.gateways.v0.translation.losses import Loss
from controller.gateways.v0.translation.sources import within_folder

_ADDRESSES = {"home": "homepage", "doc_url": "documentation", "dev_url": "repository"}
_DEPRECATED = re.compile(r"\b((?:A|L)?GPL-\d\.\d)(\+)?(?![\w.+-])")
"""SPDX has given these names up, and the builder with it."""
_ADDRESS = re.compile(r"https?://[^\s,;<>\"']+")
_IN_PREFIX = re.compile(r"^(?:\$\{?PREFIX\}?|%PREFIX%)[/\\]")


def translate_about(said: Any, losses: list[Loss], place: str) -> dict[str, Any]:
    """What people read of a package; a licence that SPDX does not know becomes a reference of its own."""
    if not isinstance(said, Mapping):
        return {}
    made: dict[str, Any] = {key: _text(said[key]) for key in ("summary", "description") if said.get(key)}
    made |= {new: found[0] for old, new in _ADDRESSES.items() if (found := _ADDRESS.search(_text(said.get(old))))}
    if said.get("license"):
        made["license"] = spdx(_text(said["license"]))
    files = [within_folder(str(name)) for name in _listed(said.get("license_file")) if name]
    kept = [name for name in files if not _IN_PREFIX.match(name)]
    if len(kept) < len(files):
        why = "it takes the licence from the environment, where the builder does not look"
        losses.append(Loss(f"{place}about/license_file", why, "Name a file of the source.", blocking=False))
    return made | ({"license_file": kept} if kept else {})


@lru_cache(maxsize=4_096)
def spdx(text: str) -> str:
    """An SPDX expression for a licence."""
    current = _DEPRECATED.sub(lambda found: f"{found[1]}-{'or-later' if found[2] else 'only'}", text)
    try:
        return str(canonicalize_license_expression(current))
    except InvalidLicenseExpression:
        return f"LicenseRef-{re.sub(r'[^A-Za-z0-9.]+', '-', text).strip('-.') or 'unknown'}"


def _text(value: Any) -> str:
    return ", ".join(str(entry) for entry in _listed(value) if entry is not None).strip()


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
