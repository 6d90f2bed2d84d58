"""Our reading of old recipes against conda-build's own ``api.render``, for a sample of a tree.

::

    python -m tests.bench.recipes.oracle --tree DIR --python PY --pins FILE --sample 300 --seed 1 --answers FILE

``PY`` is a Python with conda-build; without it only what ``--answers`` holds already is compared. conda-build takes
about a second a recipe; its answers are kept, so that our side can be compared again in seconds. Nothing is solved.
"""

import argparse
import json
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.bench.recipes.comparing import Difference, differences, pins_of, said_by_conda_build, said_by_us
from tests.bench.recipes.explaining import cause_of_difference
from tests.bench.recipes.ours import FAULTS, OLD_FILE, Reader, is_old, recipes_below

_SHOWN = 12


def main() -> None:
    """Ask conda-build what is not answered yet, compare, print and write."""
    options = _arguments()
    recipes = _sample(options)
    if options.python:
        _ask(options, recipes)
    answers = [answer for answer in _answers(options.answers) if answer["recipe"] in recipes]
    figures, found = compare(answers, Reader(options.tree, options.subdir, options.pins))
    _show(figures, found)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    document = {**figures, "differences": [asdict(difference) for difference in found]}
    options.out.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True)
    parser.add_argument("--python", type=Path, help="a Python with conda-build")
    parser.add_argument("--subdir", default="linux-64")
    parser.add_argument("--pins", type=Path, action="append", default=[], help="a pin file; later ones win")
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recipes", type=Path, help="names of recipes, one a line, instead of a sample")
    parser.add_argument("--answers", type=Path, default=Path("build/bench/conda-build.jsonl"))
    parser.add_argument("--out", type=Path, default=Path("build/bench/oracle.json"))
    return parser.parse_args()


def _sample(options: argparse.Namespace) -> list[str]:
    """Chosen by shuffling, so that a larger sample holds the smaller one."""
    if options.recipes:
        return [line for line in options.recipes.read_text(encoding="utf-8").split("\n") if line]
    recipes = [recipe for recipe in recipes_below(options.tree) if is_old(options.tree / recipe)]
    random.Random(options.seed).shuffle(recipes)
    return recipes[: options.sample]


def _ask(options: argparse.Namespace, recipes: list[str]) -> None:
    options.answers.parent.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("conda_build_render.py")
    command = ["nice", str(options.python), str(script), "--tree", str(options.tree), "--subdir", options.subdir]
    command += ["--answers", str(options.answers), *(part for path in options.pins for part in ("--pins", str(path)))]
    subprocess.run(command, input="\n".join(recipes), text=True, check=True)


def _answers(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def compare(answers: list[dict[str, Any]], reader: Reader) -> tuple[dict[str, Any], list[Difference]]:
    """Figures, and every difference with its cause."""
    found: list[Difference] = []
    counts: Counter[str] = Counter()
    outputs = 0
    for answer in answers:
        mine = list(_of_recipe(answer, reader))
        outputs += len({output["name"] for output in answer.get("outputs", ())})
        counts[_verdict(answer, mine)] += 1
        found += mine
    figures = {
        "recipes": len(answers), "outputs": outputs, **dict(sorted(counts.items())),
        "conda-build cpu seconds a recipe": round(sum(answer["cpu"] for answer in answers) / max(1, len(answers)), 2),
    }  # fmt: skip
    return figures, found


def _verdict(answer: dict[str, Any], mine: list[Difference]) -> str:
    if "error" in answer:
        return "refused by conda-build"
    if not mine:
        return "equal"
    return "equal but for what differs by design" if all(d.cause.startswith("by design") for d in mine) else "different"


def _of_recipe(answer: dict[str, Any], reader: Reader) -> Iterator[Difference]:
    recipe = answer["recipe"]
    if "error" in answer:
        return
    try:
        outputs, checks = reader.outputs(recipe), reader.checks(recipe)
    except FAULTS as error:
        yield Difference(recipe, "", "refused", ours=(str(error),), cause="refused by us")
        return
    pinned = pins_of(outputs)
    theirs = [said_by_conda_build(output, pinned) for output in answer["outputs"]]
    names = frozenset(output.name for output in outputs)
    ours = [said_by_us(output, checks.get(output.name, frozenset()), pinned, names) for output in outputs]
    text = (reader.tree / recipe / OLD_FILE).read_text(encoding="utf-8", errors="replace")
    for difference in differences(recipe, theirs, ours):
        yield replace(difference, cause=cause_of_difference(difference, answer, text))


def _show(figures: dict[str, Any], found: list[Difference]) -> None:
    print("\n".join(f"{key}: {value}" for key, value in figures.items()))
    causes = Counter(difference.cause for difference in found)
    for cause, count in causes.most_common():
        of_cause = [difference for difference in found if difference.cause == cause]
        recipes = {difference.recipe for difference in of_cause}
        print(f"\n{cause}: {count} differences in {len(recipes)} recipes")
        for each in of_cause[: 3 if cause.startswith("by design") else _SHOWN]:
            said = f"conda-build {list(each.theirs)}, we {list(each.ours)}"
            print(f"  {each.recipe} {each.output} {each.field}: {said}"[:400])


if __name__ == "__main__":
    main()
