"""Reads every recipe of a tree, one by one in one process: how many are read, refused and why, and at what cost.

::

    python -m tests.bench.recipes.census --tree DIR --subdir linux-64 --pins FILE --pins FILE [--sample 1000]

``--names`` also holds the translation of every old recipe against its skeleton: both must give the same file names.
"""

import argparse
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.recipes.causes import grouped
from tests.bench.recipes.ours import FAULTS, Reader, is_old, recipes_below

_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one recipe."""

    recipe: str
    form: str
    outcome: str
    """``read``, ``skipped``, ``refused`` or ``crashed``: an error that no recipe should raise."""
    seconds: float
    said: str = ""
    outputs: int = 0
    files: int = 0
    variants: int = 0
    unbuildable: str = ""
    names_differ: str = ""


def main() -> None:
    """Measure, print and write."""
    options = _arguments()
    recipes = recipes_below(options.tree)
    if options.sample:
        recipes = sorted(random.Random(options.seed).sample(recipes, min(options.sample, len(recipes))))
    reader = Reader(options.tree, options.subdir, options.pins)
    began = time.process_time()
    entries = [_entry(reader, recipe) for recipe in recipes]
    figures = summary(entries, time.process_time() - began)
    if options.names:
        figures["names"] = list(_wrong_names(reader, entries))
    show(figures)
    _write(options, figures, entries)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--subdir", default="linux-64")
    parser.add_argument("--pins", type=Path, action="append", default=[], help="a pin file; later ones win")
    parser.add_argument("--sample", type=int, default=0, help="that many recipes by chance, instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", action="store_true", help="also hold translations against skeletons")
    parser.add_argument("--out", type=Path, default=Path("build/bench/census.json"))
    return parser.parse_args()


def _entry(reader: Reader, recipe: str) -> Entry:
    began = time.process_time()
    form = "v0" if is_old(reader.tree / recipe) else "v1"
    try:
        outputs = reader.outputs(recipe)
    except FAULTS as error:
        return Entry(recipe, form, "refused", time.process_time() - began, _said(error))
    except Exception as error:  # noqa: BLE001 -- such an error is what a census is there to find
        return Entry(recipe, form, "crashed", time.process_time() - began, f"{type(error).__name__}: {error}")
    return Entry(
        recipe,
        form,
        "read" if outputs else "skipped",
        time.process_time() - began,
        outputs=len({output.name for output in outputs}),
        files=len({(output.subdir, output.file_name) for output in outputs}),
        variants=len({tuple(sorted(output.variant.items())) for output in outputs}),
        unbuildable=next((output.unbuildable for output in outputs if output.unbuildable), ""),
    )


def _said(error: Exception) -> str:
    return str(getattr(error, "what", "") or error) or type(error).__name__


def summary(entries: list[Entry], seconds: float) -> dict[str, Any]:
    """The figures of a census. A recipe that skips itself was read."""
    outcomes = Counter(f"{entry.form} {entry.outcome}" for entry in entries)
    read = [entry for entry in entries if entry.outcome in {"read", "skipped"}]
    old = [entry for entry in entries if entry.form == "v0"]
    translated = [entry for entry in old if entry.outcome in {"read", "skipped"} and not entry.unbuildable]
    return {
        "recipes": len(entries),
        "outcomes": dict(sorted(outcomes.items())),
        "read %": _percent(len(read), len(entries)),
        "old recipes translated and rendered %": _percent(len(translated), len(old)),
        "outputs": sum(entry.outputs for entry in entries),
        "package files": sum(entry.files for entry in entries),
        "variants": sum(entry.variants for entry in entries),
        "cpu seconds": round(seconds, 1),
        "cpu ms a recipe": round(1000 * seconds / max(1, len(entries)), 2),
        "peak rss MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "refused": grouped((e.recipe, e.said) for e in entries if e.outcome in {"refused", "crashed"}),
        "unbuildable": grouped((e.recipe, e.unbuildable) for e in entries if e.unbuildable),
        "slowest": [
            [round(entry.seconds, 2), entry.recipe] for entry in sorted(entries, key=lambda entry: -entry.seconds)[:10]
        ],
    }


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 100.0


def _wrong_names(reader: Reader, entries: list[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.form == "v0" and entry.outcome == "read" and not entry.unbuildable:
            whole, bones = reader.names_both_ways(entry.recipe)
            if whole != bones:
                yield f"{entry.recipe}: {sorted(whole - bones)} whole, {sorted(bones - whole)} skeleton"


def show(figures: dict[str, Any]) -> None:
    """The figures as lines, causes with the most frequent first."""
    for key, value in figures.items():
        if not isinstance(value, list):
            print(f"{key}: {value}")
    for key in ("refused", "unbuildable"):
        print(f"\n{key}:")
        for group in figures[key][:_SHOWN]:
            print(
                f"  {group['count']:5}  {group['cause']}\n         {', '.join(group['recipes'][:3])}: {group['said']}"
            )
    print(f"\nslowest: {figures['slowest']}")
    if "names" in figures:
        print(f"names that differ between translation and skeleton: {len(figures['names'])}")
        print("\n".join(f"  {line}" for line in figures["names"][:_SHOWN]))


def _write(options: argparse.Namespace, figures: dict[str, Any], entries: list[Entry]) -> None:
    options.out.parent.mkdir(parents=True, exist_ok=True)
    document = {**figures, "subdir": options.subdir, "entries": [asdict(entry) for entry in entries]}
    options.out.write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
