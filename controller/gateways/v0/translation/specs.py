"""Match specs as conda-build takes them, written as the builder of the new format takes them."""

import re
from functools import lru_cache

_SPEC = re.compile(r"(?:(?P<channel>[\w.\-/]+)::?)?(?P<name>[A-Za-z0-9_][\w.\-]*)\s*(?P<rest>.*)", re.DOTALL)
_EXPRESSION = re.compile(r"(?P<head>\$\{\{ (?P<function>\w+)\(.*\))(?P<tail> \}\})\s*(?P<rest>[^${}]+)")
_BUILD = re.compile(r"(?:\*\s+|=\*=)?(?P<build>[\w*]+)")
_BLANKS = re.compile(r"\s*([,|])\s*|(?<=[<>=!~])\s+")
_OPERATOR = re.compile(r"(>=|<=|==|!=|~=|=>|=<|=|>|<)?(.*)")
_SWAPPED = {"=>": ">=", "=<": "<="}
OLD_PIN = "x.x"


@lru_cache(maxsize=32_768)
def match_spec(spec: str) -> str:
    """The same spec with an operator wherever the new format asks for one.

    ``name 1.2`` is ``name 1.2.*`` (conda-build's ``ensure_valid_spec``); with a build string, or within a compound, a
    bare version is that version alone. What the reader does not understand stays as it is: the builder says why.
    """
    text = " ".join(spec.split())
    if "${{" in text:
        return _expression(text)
    found = _SPEC.fullmatch(text)
    if not found or "[" in text:
        return text
    name, rest = found["name"].lower(), found["rest"].strip()
    name = f"{found['channel']}::{name}" if found["channel"] else name
    if not rest or rest == OLD_PIN:
        return name
    version, build = _parts(rest)
    return " ".join(part for part in (name, _versions(version, exact=bool(build)), build) if part)


def _expression(text: str) -> str:
    """What follows a compiler is its version; what follows a pin is a build string, which the pin itself takes."""
    found = _EXPRESSION.fullmatch(text)
    if not found:
        return text
    rest = found["rest"].strip()
    if found["function"] in {"compiler", "stdlib"}:
        return f"{found['head']}{found['tail']} {_versions(_parts(rest)[0], exact=False)}"
    build = _BUILD.fullmatch(rest)
    return f"{found['head'][:-1]}, build='{build['build']}'){found['tail']}" if build else text


def _parts(rest: str) -> tuple[str, str]:
    """Version and build string, which a blank or a last ``=`` sets apart."""
    compact = _BLANKS.sub(lambda found: found[1] or "", rest)
    version, _, build = compact.partition(" ")
    at = version.rfind("=")
    if not build and 0 < at < len(version) - 1 and version[at - 1] not in "<>=!~,|":
        version, build = version[:at], version[at + 1 :]
    return version, build.strip().lstrip("=")


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
        return f"=={version}" if exact else f"{version}.*"
    return operator + version if operator else (f"=={version}" if exact else f"{version}.*")


def name_in(spec: str) -> str:
    """The package that a spec speaks of; empty for an expression."""
    found = _SPEC.fullmatch(spec.strip())
    return found["name"].lower() if found and "${{" not in spec else ""
