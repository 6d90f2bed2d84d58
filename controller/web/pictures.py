"""Because-paths as SVG, drawn here: positions are attributes, colours are classes, since inline styles are forbidden.

The page tells the same as text; the picture is for those who see it. Each box is a link, and carries mark and word.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from markupsafe import Markup

from controller.services.answers.why_shapes import Picture, PictureNode

_HIGH, _GAP_Y, _GAP_X, _EDGE = 38, 12, 44, 4
_LETTER, _NARROWEST, _LONGEST = 7.6, 92, 26
Link = Callable[[str], str]


class _Box(NamedTuple):
    node: PictureNode
    x: float
    y: float
    wide: float


def picture(drawn: Picture, link: Link) -> Markup:
    """All boxes from left to right, the change first. ``link`` gives the address of a package's own page."""
    boxes = _placed(drawn)
    if len(boxes) < 2:
        return Markup("")
    width = max(box.x + box.wide for box in boxes.values()) + _EDGE
    height = max(box.y for box in boxes.values()) + _HIGH + _EDGE
    lines = Markup("").join(_arrow(boxes[above], boxes[below]) for above, below in drawn.edges)
    inner = Markup("").join(_box(box, link) for box in boxes.values())
    return Markup(
        '<svg class="picture" viewBox="0 0 {w:.0f} {h:.0f}" width="{w:.0f}" height="{h:.0f}" role="group" '
        'aria-label="{said}">{lines}{inner}</svg>'
    ).format(w=width, h=height, said=_said(drawn), lines=lines, inner=inner)


def _placed(drawn: Picture) -> Mapping[str, _Box]:
    lanes: dict[int, list[PictureNode]] = {}
    for node in drawn.nodes:
        lanes.setdefault(node.lane, []).append(node)
    tallest = max((len(lane) for lane in lanes.values()), default=0)
    x, placed = float(_EDGE), {}
    for _, lane in sorted(lanes.items()):
        wide = max(_wide(node) for node in lane)
        top = _EDGE + (tallest - len(lane)) * (_HIGH + _GAP_Y) / 2
        for node in lane:
            placed[node.name] = _Box(node, x, top + node.place * (_HIGH + _GAP_Y), wide)
        x += wide + _GAP_X
    return placed


def _wide(node: PictureNode) -> float:
    letters = max(len(_cut(node.name)), len(node.label) * 0.86 + 2)
    return max(_NARROWEST, letters * _LETTER + 22)


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _arrow(above: _Box, below: _Box) -> Markup:
    x, y = above.x + above.wide, above.y + _HIGH / 2
    to_x, to_y = below.x - 6, below.y + _HIGH / 2
    bend = max(_GAP_X / 2, (to_x - x) / 2)
    main = "" if above.node.here or above.node.lane >= below.node.lane else " main"
    return Markup(
        '<path class="arrow{}" d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}"/>'
        '<path class="tip{}" d="M{:.1f} {:.1f}l-5 -4v8z"/>'
    ).format(main, x, y, x + bend, y, to_x - bend, to_y, to_x, to_y, main, to_x + 5, to_y)


def _box(box: _Box, link: Link) -> Markup:
    node = box.node
    here = " here" if node.here else ""
    inner = Markup(
        '<rect class="box {category}{here}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        'height="{high}" rx="6"/><text x="{at:.1f}" y="{first:.1f}" class="name">{cut}</text>'
        '<text x="{at:.1f}" y="{second:.1f}" class="state">{mark} {label}</text>'
    ).format(
        label=node.label, category=node.category, here=here, x=box.x, y=box.y, wide=box.wide,
        high=_HIGH, at=box.x + 11, first=box.y + 16, second=box.y + 30, cut=_cut(node.name), mark=node.mark,
    )  # fmt: skip
    if node.here or not node.known:
        return Markup("<g>{}</g>").format(inner)
    return Markup('<a href="{}" aria-label="{}: {}">{}</a>').format(link(node.name), node.name, node.label, inner)


def _said(drawn: Picture) -> str:
    here = next((node.name for node in drawn.nodes if node.here), "")
    return f"What led to {here}, and what follows from it: {len(drawn.nodes)} packages, each a link"
