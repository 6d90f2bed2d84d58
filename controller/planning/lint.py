"""Everything a farm holds against the recipes of a tree: all rules, in the order of the files."""

from collections.abc import Iterator, Mapping

from controller.domain.recipes import Output, Reading
from controller.planning.lints.findings import Finding
from controller.planning.lints.renders import render_findings
from controller.planning.lints.texts import text_findings
from controller.planning.lints.trees import refusal_findings, tree_findings
from controller.planning.lints.written import Written


def lint(reading: Reading, texts: Mapping[str, Written], provided: frozenset[str] | None = None) -> tuple[Finding, ...]:
    """Findings by file, line and code, each once. ``texts`` has an entry for every recipe of the reading.

    ``provided`` are the names that the given channels have; without it nobody asks who provides what.
    """
    return tuple(sorted(dict.fromkeys(_all(reading, texts, provided)), key=lambda finding: finding.order))


def _all(reading: Reading, texts: Mapping[str, Written], provided: frozenset[str] | None) -> Iterator[Finding]:
    yield from refusal_findings(reading.refusals, texts)
    by_recipe = _by_recipe(reading)
    skipped = _skipped(reading)
    for recipe, written in texts.items():
        yield from text_findings(written)
        yield from render_findings(written, by_recipe.get(recipe, ()), skipped.get(recipe, ()))
    yield from tree_findings(reading.outputs, texts, provided)


def _by_recipe(reading: Reading) -> dict[str, list[Output]]:
    found: dict[str, list[Output]] = {}
    for output in reading.outputs:
        found.setdefault(output.recipe, []).append(output)
    return found


def _skipped(reading: Reading) -> dict[str, list[str]]:
    """Subdirs by recipe, out of ``recipe (subdir)``."""
    found: dict[str, list[str]] = {}
    for entry in reading.skipped:
        recipe, _, subdir = entry.rpartition(" (")
        found.setdefault(recipe, []).append(subdir.removesuffix(")"))
    return found
