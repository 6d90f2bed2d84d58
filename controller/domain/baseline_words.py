"""How a test that did not pass compares with the same test before, in a sentence."""

from collections.abc import Mapping

from controller.domain.baselines import Comparison, Likeness

_SHOWN = 4
_SENTENCES: Mapping[Likeness, str] = {
    Likeness.PASSED_BEFORE: "A regression: without the change it passes{told}.",
    Likeness.INSTALLED_BEFORE: "A regression: without the change its environment can be made{told}.",
    Likeness.OTHERWISE_BEFORE: "A regression: without the change it fails as well, but otherwise{told}.",
    Likeness.AS_BEFORE: "No regression: without the change it fails in the same way{told}.",
    Likeness.NOT_INSTALLED_BEFORE: "No regression: without the change it cannot even be installed{told}.",
    Likeness.NOTHING_BEFORE: "Nothing of this package was there before, so it must pass.",
    Likeness.UNKNOWN_BEFORE: "Taken for a regression: how it goes without the change could not be found out{told}.",
}


def comparison_sentence(found: Comparison) -> str:
    """Regression or not, by what job that is known, and what fails only now."""
    told = f" ({found.before}, {found.file.split('/', 1)[-1]})" if found.before else ""
    sentence = _SENTENCES[found.likeness].format(told=told)
    if not found.news:
        return sentence
    more = f" and {len(found.news) - _SHOWN} more" if len(found.news) > _SHOWN else ""
    return f"{sentence} Only now: {', '.join(found.news[:_SHOWN])}{more}."
