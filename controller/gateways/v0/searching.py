"""A recipe's own regular expression, searched for in a process that is ended when it takes too long.

Python's ``re`` has no bound on time, and a short pattern can take longer than anybody lives.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from controller.gateways.v0.faults import TooLargeError, V0Error, shortened

_SECONDS = 3.0
_PROGRAM = """
import json, re, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
except (ImportError, OSError, ValueError):
    pass
pattern, text = json.load(sys.stdin)
try:
    found = re.search(pattern, text)
except Exception as error:
    print(json.dumps({"error": str(error)}))
else:
    print(json.dumps(found and {"groups": [found[0], *found.groups()], "names": dict(found.re.groupindex)}))
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What recipes ask of a match."""

    _groups: tuple[str | None, ...]
    _names: dict[str, int]

    def group(self, *wanted: int | str) -> str | tuple[str | None, ...] | None:
        """The text of a group, or of several; of the whole without any."""
        texts = tuple([self[group] for group in wanted or (0,)])
        return texts if len(texts) > 1 else texts[0]

    def groups(self) -> tuple[str | None, ...]:
        """The text of every group."""
        return self._groups[1:]

    def groupdict(self) -> dict[str, str | None]:
        """The text of every group that has a name."""
        return {name: self._groups[place] for name, place in self._names.items()}

    def __getitem__(self, group: int | str) -> str | None:
        place = self._names.get(group, -1) if isinstance(group, str) else group
        if not 0 <= place < len(self._groups):
            raise V0Error(f"its pattern has no group {group!r}.")
        return self._groups[place]


def search(pattern: str, text: str, seconds: float = _SECONDS) -> Found | None:
    """Where ``pattern`` matches first. Raises V0Error for no pattern, TooLargeError when it takes too long."""
    said = _answer(json.dumps([pattern, text]), seconds, pattern)
    if said is None:
        return None
    if "error" in said:
        raise V0Error(f"{shortened(pattern)!r} is no pattern: {said['error']}.")
    return Found(tuple(said["groups"]), said["names"])


def _answer(asked: str, seconds: float, pattern: str) -> dict[str, Any] | None:
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", _PROGRAM]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=seconds, check=True)
    except subprocess.TimeoutExpired as error:
        raise TooLargeError(f"the pattern {shortened(pattern)!r} takes more than {seconds:g} seconds.") from error
    except subprocess.CalledProcessError as error:
        raise TooLargeError(f"the pattern {shortened(pattern)!r} takes too much memory.") from error
    answer: dict[str, Any] | None = json.loads(done.stdout)
    return answer
