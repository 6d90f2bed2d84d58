"""What is wrong with a recipe, in words, and where: read out of the builder's errors, which are text alone."""

import difflib
import re
from pathlib import Path

from controller.domain.recipes import Refusal

_TRACE = re.compile(r'message: "(?P<message>(?:[^"\\]|\\.)*)"(?:.*?line: (?P<line>\d+))?', re.DOTALL)
_PLACE = re.compile(r"(?:^|[^\d])(?P<line>\d+):\d+\b")
_FIELD = re.compile(r"(?:unknown (?:top-level )?field|invalid value for) '(?P<field>[^']+)'")
_UNKNOWN = re.compile(r"unknown (?:top-level )?field '(?P<field>[^']+)'")
_PREFIX = re.compile(r"^(?:parse error|Render error|Failed to parse YAML|invalid value for 'recipe')\s*:\s*")
_FIELDS = (
    "about", "build", "context", "extra", "outputs", "package", "recipe", "requirements", "schema_version", "source",
    "tests", "name", "version", "number", "string", "script", "skip", "noarch", "host", "run", "run_exports",
    "run_constraints", "ignore_run_exports", "url", "sha256", "path", "git", "patches", "imports", "summary", "license",
)  # fmt: skip


def refusal_of(recipe: str, file: str, where: Path, error: Exception) -> Refusal:
    """The refusal of a recipe whose reading raised ``error``. ``where`` the recipe's ``file`` is on this machine."""
    told = getattr(error, "file", "") or file
    message, line = _message(str(getattr(error, "what", error)).replace(f"{where.parent}/", ""))
    line = getattr(error, "line", None) or line or (_line_of(where, message) if told == file else None)
    return Refusal(recipe, told, message, line, _remedy(error, message))


def _message(text: str) -> tuple[str, int | None]:
    trace = _TRACE.search(text)
    if trace:
        line = trace["line"]
        return trace["message"].replace('\\"', '"'), int(line) if line else None
    while _PREFIX.match(text):
        text = _PREFIX.sub("", text, count=1)
    place = _PLACE.search(text)
    return text.strip(), int(place["line"]) if place else None


def _line_of(file: Path, message: str) -> int | None:
    """The first line that sets the field that the message names."""
    found = _FIELD.search(message)
    if not found or not file.is_file():
        return None
    key = re.compile(rf"^\s*(?:-\s+)?{re.escape(found['field'])}\s*:")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if key.match(line)), None)


def _remedy(error: Exception, message: str) -> str:
    given = str(getattr(error, "remedy", ""))
    unknown = _UNKNOWN.search(message)
    near = difflib.get_close_matches(unknown["field"], _FIELDS, 1) if unknown else []
    if near:
        return f"Did you mean '{near[0]}'?"
    if "unexpected character: `%'" in message:
        return "This is written in the old form (meta.yaml): convert it to the form of recipe.yaml."
    return given or "Correct the file and push again."
