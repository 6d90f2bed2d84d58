"""The stacked bar of the five categories, as SVG: widths are attributes, since inline styles are forbidden."""

from markupsafe import Markup

from controller.services.answers.shapes import Counts
from controller.services.answers.words import tally

ORDER = ("done", "in_progress", "waiting", "not_needed", "broken")
_SMALLEST = 0.8
"""Percent: one broken job of thousands must still be seen."""


def bar(counts: Counts) -> Markup:
    """The whole width is all jobs; its words are for those who do not see it."""
    parts = Markup("").join(
        Markup('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>').format(name, start, width)
        for name, start, width in _widths(counts)
    )
    return Markup('<svg class="bar" role="img" aria-label="{}" width="100%" height="10">{}</svg>').format(
        tally(counts), parts
    )


def _widths(counts: Counts) -> list[tuple[str, float, float]]:
    shown = [(name, getattr(counts, name)) for name in ORDER if getattr(counts, name)]
    raw = [(name, max(_SMALLEST, 100 * number / counts.total)) for name, number in shown]
    total, at, widths = sum(width for _, width in raw), 0.0, []
    for name, width in raw:
        widths.append((name, at, 100 * width / total))
        at += 100 * width / total
    return widths
