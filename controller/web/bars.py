"""The stacked bar of the five categories, as SVG: widths are attributes, since inline styles are forbidden."""

from markupsafe import Markup

from controller.services.answers.shapes import Counts
from controller.services.answers.words import tally

ORDER = ("done", "in_progress", "waiting", "not_needed", "broken")
_SMALLEST = 0.8
"""Percent: one broken job of thousands must still be seen."""


def bar(counts: Counts, *, said: bool = False) -> Markup:
    """The whole width is all jobs. Its words are for those who do not see it, unless they are ``said`` beside it."""
    parts = Markup("").join(
        Markup('<rect class="{}" x="{:.1f}%" width="{:.1f}%"/>').format(name, start, width)
        for name, start, width in _widths(counts)
    )
    words = Markup('aria-hidden="true"') if said else Markup('role="img" aria-label="{}"').format(tally(counts))
    return Markup('<svg class="bar" {}>{}</svg>').format(words, parts)


def _widths(counts: Counts) -> list[tuple[str, float, float]]:
    shown = [(name, getattr(counts, name)) for name in ORDER if getattr(counts, name)]
    raw = [(name, max(_SMALLEST, 100 * number / counts.total)) for name, number in shown]
    total, at, widths = sum(width for _, width in raw), 0.0, []
    for name, width in raw:
        widths.append((name, at, 100 * width / total))
        at += 100 * width / total
    return widths
