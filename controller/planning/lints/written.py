"""A recipe as it is written: an outline of its text with line numbers, the same for both formats."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.domain.recipes import Output


@dataclass(frozen=True, slots=True)
class Node:
    """One place of a YAML document: text, keys or items. A key may stand twice, as selectors write it."""

    line: int
    text: str = ""
    keyed: tuple[tuple[str, "Node"], ...] = ()
    listed: tuple["Node", ...] = ()

    def all(self, *path: str) -> Iterator["Node"]:
        """Every node at the path. Lists and ``if/then/else`` are opened on the way, whatever their condition."""
        for part in self.opened():
            if not path:
                yield part
                continue
            for key, value in part.keyed:
                if key == path[0]:
                    yield from value.all(*path[1:])

    def has(self, *path: str) -> bool:
        """Whether anything stands there."""
        return any(True for _ in self.all(*path))

    def opened(self) -> Iterator["Node"]:
        """The items of a list, the branches of a condition; else the node itself."""
        branches = [value for key, value in self.keyed if key in {"then", "else"}]
        for node in self.listed or branches:
            yield from node.opened()
        if not self.listed and not branches:
            yield self


@dataclass(frozen=True, slots=True)
class PinFile:
    """A recipe's own pin file: its keys and their lines."""

    file: str
    keys: tuple[tuple[str, int], ...]
    together: tuple[tuple[str, ...], ...] = ()
    """Its groups of ``zip_keys``."""

    def with_key(self, key: str) -> tuple[str, ...]:
        """The key, and all that go together with it."""
        return next((group for group in self.together if key in group), (key,))


@dataclass(frozen=True, slots=True)
class Written:
    """One recipe's text. ``old`` says that it is a ``meta.yaml``; ``outline`` is None where it is no YAML at all."""

    recipe: str
    file: str
    old: bool
    outline: Node | None = None
    pin_files: tuple[PinFile, ...] = ()

    @property
    def parts(self) -> tuple[Node, ...]:
        """The recipe itself and each entry of its ``outputs``."""
        return (self.outline, *self.outline.all("outputs")) if self.outline else ()

    def part_of(self, output: Output) -> Node | None:
        """Where an output is described; the whole recipe where its name is made by Jinja."""
        named = [part for part in self.parts[1:] if output.name in {node.text for node in _names(part)}]
        return named[0] if named else self.outline

    def line_of(self, output: Output) -> int | None:
        """The line with the output's name."""
        part = self.part_of(output)
        names = [*_names(part), *part.all("recipe", "name")] if part else []
        return names[0].line if names else None

    def line_with(self, word: str, *path: str, part: Node | None = None) -> int | None:
        """The first line at the path, in a part or in any, whose text holds the word."""
        parts = (part,) if part else self.parts
        lines = [node.line for place in parts for node in place.all(*path) if word in node.text]
        return min(lines, default=None)


def _names(part: Node) -> list[Node]:
    return [*part.all("package", "name"), *part.all("name")]
