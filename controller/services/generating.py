"""A new recipe out of a package index: generated, repaired, checked as the farm reads it, and written when told to."""

import difflib
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.domain.errors import UpstreamError
from controller.gateways.addresses import silent
from controller.gateways.generators import Generated, generate, parse_wanted
from controller.gateways.layouts import OLD_RECIPE, RECIPE, VARIANT_FILES
from controller.gateways.recipe_texts import recipe_text
from controller.gateways.variant_files import PinFile, read_pins
from controller.planning.generated import repaired
from controller.services.answers.recipe_shapes import LintAnswer, NewRecipe
from controller.services.recipes import opened


def runs_foreign_code(text: str) -> bool:
    """Whether the generator of that ecosystem runs what it fetches. Raises InvalidInputError where it names nothing."""
    return parse_wanted(text).ecosystem == "luarocks"


def draft(text: str, into: Path, subdirs: Sequence[str]) -> NewRecipe:
    """The recipe of ``pypi:NAME@VERSION`` as it would stand below ``into``, with what the linter says of it there.

    Nothing is written. Raises InvalidInputError, NotFoundError and UpstreamError.
    """
    wanted = parse_wanted(text)
    generated = generate(wanted)
    made = repaired(generated.document, wanted.ecosystem, _python_min(into, subdirs[0]))
    name = _name(made.document)
    new = recipe_text(made.document, _comments(str(wanted), generated))
    file = into / name / RECIPE
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    return NewRecipe(
        name=name,
        file=file.as_posix(),
        text=new,
        there=bool(old) or (into / name / OLD_RECIPE).is_file(),
        diff="".join(_diff(old, new, file)) if old else "",
        repairs=made.repairs,
        remarks=(*made.remarks, *_remarks(generated), *silent(_addresses(made.document))),
        lint=_checked(new, name, _pin_files(into), subdirs),
    )


def keep(recipe: NewRecipe) -> NewRecipe:
    """The draft, written to its place."""
    file = Path(recipe.file)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(recipe.text, encoding="utf-8", newline="\n")
    return recipe.model_copy(update={"written": True})


def _name(document: Mapping[str, Any]) -> str:
    """The package's name, which names a folder too: what an index says must not lead elsewhere."""
    name = str((document.get("package") or {}).get("name", ""))
    if not re.fullmatch(r"[a-z0-9_][a-z0-9._-]*", name):
        raise UpstreamError(f"The index gives {name!r} for a name, which no conda package can have.")
    return name


def _pin_files(into: Path) -> list[Path]:
    """Those of the tree: in the folder of the recipes, or in the one above it."""
    for folder in (into, into.parent):
        found = [folder / name for name in VARIANT_FILES if (folder / name).is_file()]
        if found:
            return found
    return []


def _python_min(into: Path, subdir: str) -> str:
    """What the pins of the tree say the oldest Python is; empty where they do not. Raises PinError."""
    files = [PinFile(path.name, path.read_bytes()) for path in _pin_files(into)]
    return next(iter(read_pins(files, subdir).values.get("python_min", ())), "") if files else ""


def _comments(wanted: str, generated: Generated) -> list[str]:
    head = [f"Made from {wanted} by the recipe generator of rattler-build."]
    return head + [f"Left out: {requirement}" for requirement in generated.left_out]


def _remarks(generated: Generated) -> tuple[str, ...]:
    left_out = (f"The generator left out {spec}: add it where it is needed." for spec in generated.left_out)
    return (*left_out, *generated.warnings)


def _addresses(document: Mapping[str, Any]) -> Iterator[str]:
    """The first address of each source, with what the recipe's context says in its place."""
    context = document.get("context") or {}
    sources = document.get("source") or []
    for source in sources if isinstance(sources, list) else [sources]:
        urls = source.get("url") or []
        first = next(iter(urls if isinstance(urls, list) else [urls]), "")
        yield re.sub(r"\$\{\{ (\w+) \}\}", lambda found: str(context.get(found[1], found[0])), first)


def _diff(old: str, new: str, file: Path) -> list[str]:
    names = (f"{file.as_posix()} (as it is)", f"{file.as_posix()} (new)")
    return list(difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), *names))


def _checked(text: str, name: str, pins: Iterable[Path], subdirs: Sequence[str]) -> LintAnswer:
    """Read and linted in a scratch tree that has the pins of the real one."""
    with tempfile.TemporaryDirectory(prefix="farm-new-") as scratch:
        for path in pins:
            shutil.copy(path, scratch)
        folder = Path(scratch) / name
        folder.mkdir()
        (folder / RECIPE).write_text(text, encoding="utf-8")
        with opened(scratch, None, subdirs, "") as found:
            return found.lint()
