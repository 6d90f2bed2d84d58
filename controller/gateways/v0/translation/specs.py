"""Match specs as conda-build takes them, written as the builder of the new format takes them."""

import re
from functools import lru_cache

_SPEC = re.compile(r"(?P<name>(?:[\w.\-]+::)?[A-Za-z0-9_][\w.\-]*)\s*(?P<rest>.*)", re.DOTALL)
_BLANKS = re.compile(r"\s*([,|])\s*|(?<=[<>=!~])\s+")
_OPERATOR = re.compile(r"(>=|<=|==|!=|~=|=>|=<|=|>|<)?(.*)")
_WITH_BUILD = re.compile(r"=?=?([^=<>!~,|\s]+)=([^=<>!~,|\s]+)")
_SWAPPED = {"=>": ">=", "=<": "<="}
OLD_PIN = "x.x"


@lru_cache(maxsize=32_768)
def match_spec(spec: str) -> str:
    """The same spec with an operator wherever the new format asks for one.

    ``name 1.2`` is ``name 1.2.*`` (conda-build's ``ensure_valid_spec``); with a build string, or within a compound, a
    bare version is that version alone. What the reader does not understand stays as it is: the builder says why.
    """
    text = " ".join(spec.split())
    if "${{" in text or "[" in text:
        return text
    found = _SPEC.fullmatch(text)
    if not found:
        return text
    name, rest = found["name"].lower(), found["rest"].strip()
    if not rest or rest == OLD_PIN:
        return name
    version, _, build = _parts(rest)
    build = build.strip()
    return " ".join(part for part in (name, _versions(version, exact=bool(build)), build) if part)


def _parts(rest: str) -> tuple[str, str, str]:
    """Version and build string, which a blank or a second ``=`` sets apart."""
    compact = _BLANKS.sub(lambda found: found[1] or "", rest)
    dashed = _WITH_BUILD.fullmatch(compact)
    if dashed:
        return dashed[1], "=", dashed[2]
    return compact.partition(" ")


def _versions(text: str, *, exact: bool) -> str:
    alternatives = [alternative.split(",") for alternative in text.split("|")]
    alone = len(alternatives) == 1 and len(alternatives[0]) == 1
    kept = [[_version(part, exact=exact or not alone) for part in parts if part] for parts in alternatives]
    return "|".join(",".join(parts) for parts in kept if parts)


def _version(text: str, *, exact: bool) -> str:
    found = _OPERATOR.fullmatch(text)
    operator, version = (found[1] or "", found[2]) if found else ("", text)
    operator = _SWAPPED.get(operator, operator)
    version = re.sub(r"(?:\.\*)+$", ".*", version)
    if version.endswith("*"):
        if operator in {"==", "=", ""}:
            return version
        return operator + (version if operator == "!=" else version.rstrip("*").rstrip("."))
    if operator == "=":
        return f"{version}.*"
    return operator + version if operator else (f"=={version}" if exact else f"{version}.*")


def name_in(spec: str) -> str:
    """The package that a spec speaks of; empty for an expression."""
    found = _SPEC.fullmatch(spec.strip())
    return found["name"].rsplit("::", 1)[-1].lower() if found and "${{" not in spec else ""
