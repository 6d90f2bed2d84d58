"""Which line of a text each line of its rendering came from: loops and blocks move what YAML complains about.

Asked only when something is wrong: the text is rendered once more, with a mark before everything that is no Jinja.
"""

import re
from collections.abc import Mapping

from jinja2 import nodes

from controller.gateways.v0.templates import render_whole

_OPEN, _CLOSE = "\ue002", "\ue003"
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_CAPTURING = (nodes.AssignBlock, nodes.Macro, nodes.CallBlock, nodes.FilterBlock)
"""What takes its text as a value, in which a mark would be one character more."""


def origin_of(line: int, text: str, context: Mapping[str, object], rendered: str) -> int:
    """The line of ``text`` that line ``line`` of ``rendered`` came from; ``line`` itself where nobody knows."""
    if "{%" not in text:
        return line
    try:
        marked = render_whole(text, context, _mark)
    except Exception:  # noqa: BLE001 -- it went well without marks
        return line
    if _MARK.sub("", marked).rstrip("\n") != rendered.rstrip("\n"):
        return line
    found = _origins(marked)
    return found[min(line, len(found)) - 1]


def _mark(node: nodes.Node) -> nodes.Node:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Output):
            child.nodes = [made for part in child.nodes for made in _marked(part)]
        elif not isinstance(child, _CAPTURING):
            _mark(child)
    return node


def _marked(part: nodes.Expr) -> list[nodes.Expr]:
    if not isinstance(part, nodes.TemplateData):
        return [part]
    mark = nodes.TemplateData(f"{_OPEN}{part.lineno}{_CLOSE}")
    mark.set_lineno(part.lineno)
    return [mark, part]


def _origins(marked: str) -> list[int]:
    pieces = _MARK.split(marked)  # text, number, text, number, text, ...
    found, blank = [1], True
    for number, piece in zip(["1", *pieces[1::2]], pieces[::2], strict=True):
        first, *others = piece.split("\n")
        if blank:
            found[-1] = int(number)
        found += [int(number) + further for further, _ in enumerate(others, 1)]
        blank = not others[-1].strip() if others else blank and not first.strip()
    return found
