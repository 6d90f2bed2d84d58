"""The lines of a log that tell what went wrong, and a signature that equal faults share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What a failing line speaks of."""

    COMPILER = "compiler"
    LINKER = "linker"
    SOLVER = "solver"
    MISSING_FILE = "missing file"
    TEST = "test"
    TIME = "time"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    SCRIPT = "script"
    """The script ended badly and nothing better was found."""


@dataclass(frozen=True, slots=True)
class FailingLine:
    """``line`` counts from 1 within the lines that were given."""

    line: int
    text: str
    kind: str
    signature: str


_LONGEST = 1_000
"""Characters of a line that are looked at; longer ones are minified or binary."""
_MOST = 12

# In this order: the first kind that fits a line is its kind.
_KINDS: dict[FaultKind, tuple[str, ...]] = {
    FaultKind.DISK: (r"no space left on device|not enough space on the disk|disk quota exceeded|\bENOSPC\b",),
    FaultKind.MEMORY: (
        r"out of memory|cannot allocate memory|bad_alloc|MemoryError|fatal error C1060|\bOOM\b|signal 9\b",
        r"Killed signal terminated program",
    ),
    FaultKind.NETWORK: (
        r"could not resolve host|connection (?:refused|reset|timed out)|network is unreachable",
        r"temporary failure in name resolution|SSL(?:Error|: CERTIFICATE)|HTTP (?:error )?5\d\d",
    ),
    FaultKind.SOLVER: (
        r"cannot solve the request|failed to (?:re)?solve|could not be (?:solved|installed)|unsatisfiable",
        r"no candidates were found|the following packages are incompatible|No matching distribution",
        r"which (?:conflicts|does not exist)",
    ),
    FaultKind.LINKER: (
        r"undefined (?:reference|symbol)|cannot find -l|unresolved external symbol|Undefined symbols",
        r"\bld(?:\.\w+)?: error|collect2: error|fatal error LNK\d+|error LNK\d+|duplicate symbol",
        r"symbol lookup error|multiple definition of",
    ),
    FaultKind.TIME: (
        r"timed out|time(?:d)?[- ]?out (?:after|of|expired)|TimeoutExpired|deadline exceeded|\[farm\].*limit",
    ),
    FaultKind.TEST: (
        r"^FAILED\b|^(?:FAIL|ERROR): |AssertionError|\bassert(?:ion)? .*failed|^E   |\*\*\*Failed",
        r"\b[1-9]\d* (?:tests? )?failed\b|Tests? failed|^not ok \d|double free or corruption",
        r"Segmentation fault|Aborted|Bus error|Illegal instruction",
    ),
    FaultKind.MISSING_FILE: (
        r"No such file or directory|ModuleNotFoundError|ImportError|cannot find the file|command not found",
        r"cannot open shared object file|file not found|not found in package|is not recognized as an internal",
    ),
    FaultKind.COMPILER: (
        r"(?:^|[\s:])(?:fatal )?error(?:\[\w+\]| C\d+)?: |error: command .* failed|CMake Error",
        r"SyntaxError|\bpanicked at\b|configure: error",
    ),
}
_WEAK = re.compile(
    r"script failed with status|exited with (?:code|status)|returned non-zero"
    r"|(?:Runtime|Type|Value|Key|OS)Error\b|^error\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"-Werror|\berrors?[ =:]+0\b|\b0 (?:errors|failed)\b|no errors?\b|error[-_.]?(?:prone|handler|code)s?\b.*\bok\b"
    r"|checking for |XFAIL|expected failure|-- (?:Looking|Performing)|^\+ |Failed to find .* optional|if .*not found",
)
_PATTERNS = tuple((kind, re.compile("|".join(texts), re.IGNORECASE)) for kind, texts in _KINDS.items())

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BLANKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:s|ms|sec|seconds|minutes?)\b"), "<time>"),
    (re.compile(r"\bhttps?://\S+"), "<url>"),
    (re.compile(r"(?:[A-Za-z]:)?(?:[\\/]|\$[A-Z_]+[\\/])(?:[\w.+@%~$-]+[\\/])*(?=[\w.+@%~$-])"), "<path>/"),
    (re.compile(r"\b[a-z0-9]*h[0-9a-f]{7}_\d+\b"), "<build>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<hash>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b", re.IGNORECASE), "<hash>"),
    (re.compile(r"\d+"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def diagnose(lines: Sequence[str]) -> tuple[FailingLine, ...]:
    """The failing lines among ``lines``, at most a dozen, in their order: the first ones tell the most.

    Where no line tells anything, the last one that only says that something ended badly.
    """
    found, weak = [], None
    for number, line in enumerate(lines, 1):
        text = _ANSI.sub("", line)[:_LONGEST].rstrip()
        kind = _kind_of(text)
        if kind is FaultKind.SCRIPT:
            weak = FailingLine(number, text, kind.value, signature_of(text))
        elif kind is not None:
            found.append(FailingLine(number, text, kind.value, signature_of(text)))
    if found:
        return tuple(_distinct(found)[:_MOST])
    return (weak,) if weak else ()


def signature_of(text: str) -> str:
    """The line without numbers, paths, hashes and times: what the same fault has in common wherever it shows."""
    for pattern, blank in _BLANKS:
        text = pattern.sub(blank, text)
    return text.strip()


def _kind_of(text: str) -> FaultKind | None:
    if not text or _NOT.search(text):
        return None
    for kind, pattern in _PATTERNS:
        if pattern.search(text):
            return kind
    return FaultKind.SCRIPT if _WEAK.search(text) else None


def _distinct(found: Sequence[FailingLine]) -> list[FailingLine]:
    first: dict[str, FailingLine] = {}
    for line in found:
        first.setdefault(line.signature, line)
    return list(first.values())
