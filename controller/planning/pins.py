"""What a pin expression means for a version: the arithmetic of ``pin_subpackage`` and ``pin_compatible``.

As the builder does it: a bound of x's cuts the version to that many segments; an upper bound then moves the
last of them on and adds ``.0a0``, so that no pre-release of the next series slips in.
"""

import re
from collections.abc import Mapping
from typing import Any

from rattler import Version

_SEGMENTS = re.compile(r"x(\.x)*")


def pin_spec(pin: Mapping[str, Any], version: str, build: str) -> str:
    """The match spec of a pin (``name``, ``lower_bound``, ``upper_bound``, ``exact``, ``build``) on that version."""
    name = str(pin["name"])
    if pin.get("exact"):
        return f"{name} =={version} {build}"
    bounds = [_lower(pin.get("lower_bound"), version), _upper(pin.get("upper_bound"), version)]
    text = ",".join(bound for bound in bounds if bound)
    return " ".join(part for part in (name, text or ("*" if pin.get("build") else ""), pin.get("build") or "") if part)


def _lower(bound: str | None, version: str) -> str:
    if not bound:
        return ""
    return f">={_cut(version, bound)}" if _SEGMENTS.fullmatch(bound) else f">={bound}"


def _upper(bound: str | None, version: str) -> str:
    if not bound:
        return ""
    if not _SEGMENTS.fullmatch(bound):
        return f"<{bound}"
    cut = Version(_cut(version, bound)).extend_to_length(bound.count("x"))
    return f"<{cut.bump_segment(bound.count('x') - 1).with_alpha().remove_local()}"


def _cut(version: str, bound: str) -> str:
    whole = Version(version)
    return str(whole.with_segments(0, min(whole.segment_count, bound.count("x"))) or whole)
