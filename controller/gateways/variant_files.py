"""Variant files: ``conda_build_config.yaml`` with its line selectors, and the ``variants.yaml`` of v1, as pins."""

import ast
import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, SimpleNamespace

from rattler_build import JinjaConfig, PlatformConfig, RattlerBuildError, VariantConfig

from controller.gateways.pins import ALWAYS_JOINED, Group, PinError, Pins, check_lengths, join_groups, merge_all
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.platforms import platform_names
from controller.gateways.v0.selectors import Line, select_lines, split
from controller.gateways.variant_yaml import Value, decoded, read_values

OLD_NAME = "conda_build_config.yaml"
"""A file whose name ends so has line selectors; all others are in v1's form."""
_NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})
_FLOW = re.compile(r"\s*(?:-\s+|[\w.-]+:\s+|&\w+\s+|\?\s+)*\[[^#]*\]")
"""A list written in brackets. conda-build takes it for a selector, and loses it; the builder reads the list."""
_ENVIRONMENT = re.compile(r"\benv\b")
_FUNCTIONS = frozenset({"int", "float", "len", "str", "bool", "any"})
_NO_VARIANTS = frozenset({"replacements"})
"""Keys with a mapping that conda-build carries along (``variants._get_passthru_keys``) and that name nothing here."""
_TRACE = re.compile(r'message: "(?P<said>(?:[^"\\]|\\.)*)"|actual: "(?P<actual>[^"]*)"')
_PLACE = re.compile(r"line: (\d+), column|(?:^|[^\d])(\d+):\d+\b")


@dataclass(frozen=True, slots=True)
class PinFile:
    """A variant file of a tree: its path there, and its bytes."""

    name: str
    text: bytes


def read_pins(files: Sequence[PinFile], platform: str, environment: Mapping[str, str] = _NO_ENVIRONMENT) -> Pins:
    """What the files say together for a platform; later ones win as ``pins.merge_all`` has it.

    ``environment`` is all that ``os.environ`` of their selectors holds. Raises PinError.
    """
    parts = [read_pin_file(file, platform, environment) for file in files]
    return parts[0] if len(parts) == 1 else merge_all(parts)


def read_pin_file(file: PinFile, platform: str, environment: Mapping[str, str] = _NO_ENVIRONMENT) -> Pins:
    """What one file says for a platform. Raises PinError."""
    with named(file.name):
        text = decoded(file.text)
        pins = _old(text, platform, environment) if file.name.endswith(OLD_NAME) else _new(text, platform)
        check_lengths(pins.values, pins.zip_keys)
    return pins


@contextmanager
def named(file: str, lines: Sequence[int] = ()) -> Iterator[None]:
    """Errors get the file that they are about, and the line that theirs was before selectors took lines out."""
    try:
        yield
    except (PinError, V0Error) as error:
        line = lines[error.line - 1] if lines and error.line and error.line <= len(lines) else error.line
        raise PinError(error.what, file=error.file or file, line=line, remedy=error.remedy) from error


def _old(text: str, platform: str, environment: Mapping[str, str]) -> Pins:
    root, lines = selected_root(text, platform, environment)
    with named("", lines):
        return pins_of(root)


def selected_root(
    text: str, platform: str, environment: Mapping[str, str], prose: Collection[int] = ()
) -> tuple[Value, tuple[int, ...]]:
    """What a text with line selectors holds for a platform, and the line in ``text`` of each that is left of it.

    In lines of ``prose`` what looks like a selector may speak of anything: unknown names are false there.
    Raises PinError and V0Error; lines of values count within what is left.
    """
    rows = re.split(r"\r\n|\n|\r", text)  # as lines are counted; conda-build breaks them at form feeds and the like too
    lines = tuple(_as_data(line, rows[line.number - 1]) for line in split(text))
    names = _names(platform, environment)
    selected = select_lines(lines, names)
    for line in lines:
        if line.selector and line.number not in prose:
            _check_names(line, names)
    with named("", selected.lines):
        return read_values(selected.text), selected.lines


def _as_data(line: Line, raw: str) -> Line:
    return Line(line.number, raw.rstrip()) if line.selector and _FLOW.fullmatch(raw.rstrip()) else line


def _names(platform: str, environment: Mapping[str, str]) -> Mapping[str, object]:
    """Of the platform and the environment alone: whether a key has a value cannot hang on the values of keys."""
    known = dict(environment)
    module = SimpleNamespace(environ=known, getenv=known.get, sep="/", pathsep=":")
    return {**platform_names(platform), "false": False, "os": module, "environ": known}


def _check_names(line: Line, names: Mapping[str, object]) -> None:
    """Unknown names are false to conda-build, which hides every slip of the pen."""
    for name in _asked(line.selector) - names.keys() - _FUNCTIONS:
        near = difflib.get_close_matches(name, [*names.keys() - {"os", "environ", "zos"}], 1)
        raise PinError(
            f"the selector [{line.selector}] asks for {name}, which no platform has.",
            line=line.number,
            remedy=f"Did you mean {near[0]}?" if near else "Ask for the platform or for os.environ alone.",
        )


@lru_cache(maxsize=4096)
def _asked(selector: str) -> frozenset[str]:
    tree = ast.parse(selector.strip(), mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def pins_of(root: Value) -> Pins:
    """The pins that a whole file's mapping says. Raises PinError."""
    if root.text == "":
        return Pins()
    if not root.mapping:
        raise PinError("it holds no mapping of keys to values.", line=root.line)
    entries = {_text(key, "a key").replace("-", "_"): value for key, value in root.pairs()}
    zipped, pinned = entries.pop("zip_keys", None), entries.pop("pin_run_as_build", None)
    extended = ALWAYS_JOINED.union(_texts("extend_keys", entries["extend_keys"]) if "extend_keys" in entries else ())
    lists = {key: _texts(key, value) for key, value in entries.items() if not _ignored(key, value, extended)}
    return Pins(
        values={key: values for key, values in lists.items() if values and key not in extended},
        zip_keys=_groups(zipped) if zipped else (),
        pin_run_as_build=_pinned(pinned) if pinned else {},
        joined={key: values for key, values in lists.items() if values and key in extended},
    )


def _ignored(key: str, value: Value, extended: frozenset[str]) -> bool:
    return value.mapping and (key in _NO_VARIANTS or key in extended)


def _texts(key: str, value: Value) -> tuple[str, ...]:
    """A single value stands for a list of it, and nothing for none (conda-build's ``trim_empty_keys``)."""
    if value.text is not None:
        return (value.text,) if value.text else ()
    if value.mapping:
        raise PinError(f"{key} holds a mapping.", line=value.line, remedy=f"Give {key} a list of values.")
    return tuple(_text(entry, f"a value of {key}") for entry in value.within)


def _text(value: Value, what: str) -> str:
    if value.text is None:
        raise PinError(f"{what} is no text or number.", line=value.line, remedy="Write one value a line.")
    return value.text


def _groups(value: Value) -> tuple[Group, ...]:
    if value.mapping or value.text:
        raise PinError("zip_keys holds no list.", line=value.line, remedy="Give it a list of lists of keys.")
    entries = [entry for entry in value.within if entry.text != ""]
    if entries and all(entry.text for entry in entries):
        entries = [Value(value.line, within=entries)]
    found = [tuple(key.replace("-", "_") for key in _texts("a group of zip_keys", entry)) for entry in entries]
    return join_groups(group for group in found if group)


def _pinned(value: Value) -> dict[str, dict[str, str]]:
    if not value.mapping:
        raise PinError("pin_run_as_build holds no mapping of packages to pins.", line=value.line)
    return {_text(name, "a package of pin_run_as_build"): _pin(entry) for name, entry in value.pairs()}


def _pin(value: Value) -> dict[str, str]:
    """A single pin is both (conda-build's ``render.get_pin_from_build``)."""
    if value.text:
        return {"min_pin": value.text, "max_pin": value.text}
    if not value.mapping:
        raise PinError("a pin of pin_run_as_build is no mapping.", line=value.line, remedy="Write max_pin: x.x.")
    return {_text(key, "a pin's key"): _text(pin, "a pin's value") for key, pin in value.pairs()}


def _new(text: str, platform: str) -> Pins:
    """By the builder's own reader, which knows ``if``, ``then`` and ``else``; how deep it is is looked at before."""
    root = read_values(text)
    _refuse_environment(root)
    platforms = PlatformConfig(target_platform=platform, build_platform=platform, host_platform=platform)
    try:
        found = VariantConfig.from_yaml_with_context(text, JinjaConfig(platform=platforms))
    except (RattlerBuildError, ValueError, TypeError) as error:
        raise _said(_with_place(text, platforms) or str(error)) from error
    pinned = [value for key, value in root.pairs() if key.text == "pin_run_as_build"] if root.mapping else []
    values = {key: tuple(map(_written, given)) for key, given in found.to_dict().items()}
    extended = ALWAYS_JOINED.union(values.get("extend_keys", ()))
    return Pins(
        values={key: given for key, given in values.items() if given and key not in extended},
        zip_keys=tuple(tuple(group) for group in found.zip_keys or ()),
        pin_run_as_build=_pinned(pinned[0]) if pinned else {},
        joined={key: given for key, given in values.items() if given and key in extended},
    )


def _refuse_environment(root: Value) -> None:
    """The builder's reader would answer with the variables of this very process, and secrets are among them."""
    for value, condition in _every(root):
        if value.text and (condition or "{" in value.text) and _ENVIRONMENT.search(value.text):
            raise PinError(
                "it asks for variables of the environment.",
                line=value.line,
                remedy="Ask for the platform, or use a conda_build_config.yaml and the tree's farm.toml.",
            )


def _every(root: Value) -> Iterator[tuple[Value, bool]]:
    """Each value once, however many aliases it has, and whether it is the condition of an ``if``."""
    left, seen = [(root, False)], {id(root)}
    while left:
        value, condition = left.pop()
        yield value, condition
        keys: list[Value | None] = [None, *value.within] if value.mapping else [None] * len(value.within)
        for key, entry in zip(keys, value.within, strict=False):
            if id(entry) not in seen:
                seen.add(id(entry))
                left.append((entry, key is not None and key.text == "if"))


def _with_place(text: str, platforms: PlatformConfig) -> str:
    """What the builder says of the same text in a file: it tells the line for files alone."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "variants.yaml")
        path.write_text(text, encoding="utf-8")
        try:
            VariantConfig.from_file_with_context(path, JinjaConfig(platform=platforms))
        except (RattlerBuildError, ValueError, TypeError) as error:
            return str(error)
    return ""


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _said(text: str) -> PinError:
    trace, place = _TRACE.search(text), _PLACE.search(text)
    said = (trace["said"] or f"a value is {trace['actual']}") if trace else text.rpartition("error: ")[2]
    line = int(place[1] or place[2]) if place else None
    return PinError(f"{said.replace(chr(92), '').rstrip('.')}.", line=line)
