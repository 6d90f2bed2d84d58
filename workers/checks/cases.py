"""The cases of a test, read from the JUnit XML that its runner left in the folder of reports.

The files are written by whatever a package's test runs, so nothing in them is trusted: no document type, no entities,
bounds on size and number, regular files alone. A file that breaks a bound is told in the log and counts for nothing.
"""

import gzip
import json
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from workers.builders.events import CaseEnd

MOST_FILES = 200
LARGEST_FILE = 64 << 20
MOST_CASES = 200_000
_NAME, _MESSAGE, _WHERE, _TEXT = 300, 400, 200, 64 << 10
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_PLACE = re.compile(r"^(?P<where>[^\s:][^:\n]*:\d+): ", re.MULTILINE)
_OUTCOMES = {"failure": "failed", "error": "failed", "skipped": "not_runnable"}


class BadReportError(Exception):
    """The file is no JUnit XML that can be read."""


def read_reports(folder: Path, told: Callable[[str], None], own_paths: Sequence[str] = ()) -> tuple[CaseEnd, ...]:
    """The cases of all ``*.xml`` in ``folder``, in the order of the files' names; what cannot be read is ``told``.

    ``own_paths`` are of this run alone, and cut out of names and messages.
    """
    found: list[CaseEnd] = []
    paths = sorted(folder.glob("*.xml"))
    for path in paths[:MOST_FILES]:
        try:
            found += _read(path, MOST_CASES - len(found))
        except (BadReportError, DefusedXmlException, ParseError, ValueError, LookupError, OSError) as error:
            told(f"{path.name} is no list of cases that can be read: {_first_line(str(error) or repr(error))}")
    if len(paths) > MOST_FILES:
        told(f"of {len(paths)} lists of cases the first {MOST_FILES} were read")
    return numbered(_without(case, own_paths) for case in found)


def _read(path: Path, most: int) -> list[CaseEnd]:
    seen = path.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise BadReportError("it is no file")
    if seen.st_size > LARGEST_FILE:
        raise BadReportError(f"it has {seen.st_size} bytes, and {LARGEST_FILE} are read")
    reader = _Reader(most)
    parser: Any = DefusedXMLParser(target=reader, forbid_dtd=True)
    with path.open("rb") as file:
        left = LARGEST_FILE
        while left > 0 and (piece := file.read(min(left, 1 << 16))):
            left -= len(piece)
            parser.feed(piece)
    parser.close()
    return reader.cases


class _Reader:
    """Takes a document as it is parsed: no tree is ever held."""

    def __init__(self, most: int) -> None:
        self.cases: list[CaseEnd] = []
        self._most = most
        self._case: CaseEnd | None = None
        self._text: list[str] | None = None
        self._room = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rsplit("}", 1)[-1]
        if kind == "testcase":
            self._case = _case(attributes)
        elif self._case is not None and kind in _OUTCOMES and self._case.outcome != "failed":
            message = attributes.get("message", "")
            self._case = replace(self._case, outcome=_OUTCOMES[kind], message=message)
            self._text, self._room = [], _TEXT

    def data(self, text: str) -> None:
        if self._text is not None and self._room > 0:
            self._text.append(text[: self._room])
            self._room -= len(text)

    def end(self, tag: str) -> None:
        kind = tag.rsplit("}", 1)[-1]
        if self._case is None:
            return
        if kind in _OUTCOMES and self._text is not None:
            self._case, self._text = _with_text(self._case, "".join(self._text)), None
        elif kind == "testcase":
            if len(self.cases) >= self._most:
                raise BadReportError(f"it has more than {MOST_CASES} cases")
            self.cases.append(self._case)
            self._case = None

    def close(self) -> None:
        """Nothing is left to be done."""


def _case(said: dict[str, str]) -> CaseEnd:
    owner, name = said.get("classname", ""), said.get("name", "")
    line = said.get("line", "")
    where = f"{said['file']}:{line}" if said.get("file") and line else said.get("file", "")
    return CaseEnd(f"{owner}::{name}" if owner else name, seconds=_seconds(said.get("time", "")), where=where)


def _seconds(text: str) -> float:
    try:
        seconds = float(text.replace(",", "") or 0)
    except ValueError:
        return 0.0
    return round(seconds, 6) if 0 <= seconds < 1e9 else 0.0


def _with_text(case: CaseEnd, text: str) -> CaseEnd:
    places = _PLACE.findall(text)
    return replace(case, message=case.message or text.strip(), where=case.where or (places[-1] if places else ""))


def _without(case: CaseEnd, own_paths: Sequence[str]) -> CaseEnd:
    """What is the same in the next run, and short."""
    name, message, where = (_plain(text, own_paths) for text in (case.name, case.message, case.where))
    return replace(case, name=_first_line(name)[:_NAME], message=_first_line(message)[:_MESSAGE], where=where[:_WHERE])


def _plain(text: str, own_paths: Sequence[str]) -> str:
    for path in own_paths:
        text = text.replace(f"{path}/", "").replace(path, "")
    return _ADDRESS.sub("0x", text)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def numbered(cases: Iterable[CaseEnd]) -> tuple[CaseEnd, ...]:
    """Cases of the same name are told apart by their order."""
    times: Counter[str] = Counter()
    found = []
    for case in cases:
        times[case.name] += 1
        found.append(case if times[case.name] == 1 else replace(case, name=f"{case.name} #{times[case.name]}"))
    return tuple(found)


def write_cases(path: Path, cases: Sequence[CaseEnd]) -> None:
    """A gzipped JSON list: the same cases are the same bytes, whenever they are written."""
    text = json.dumps([asdict(case) for case in cases], separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0))
