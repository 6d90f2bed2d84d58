"""Recipes in lines: plain and quick, for a tree may have ten thousand."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from controller.cli.output import counted, note, plain, tell

if TYPE_CHECKING:
    from controller.services.answers.recipe_shapes import (
        FindingShape,
        LintAnswer,
        NeighbourShape,
        OutputShape,
        RecipeList,
        RecipeView,
        RefusedShape,
        RenderShape,
    )


def write(lines: Iterable[str]) -> None:
    """Lines of data in one go. Whoever stops reading early, as ``head`` does, is left in peace."""
    text = "".join(f"{plain(line).rstrip()}\n" for line in lines)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more at its end


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def print_list(listing: "RecipeList") -> None:
    """One package a line, then one refusal a line."""
    rows = [("NAME", "VERSION", "VARIANTS", "FORMAT", "FOLDER")]
    rows += [(i.name, i.version, str(i.variants), i.format, i.recipe) for i in listing.items]
    write([*_columns(rows), *map(_refused, listing.refused)])
    recipes = len({item.recipe for item in listing.items})
    note(
        f"{counted(len(listing.items), 'package')} of {counted(recipes, 'recipe')}; "
        f"{len(listing.refused)} not read, {len(listing.skipped)} skipped"
    )
    if listing.elsewhere:
        note(f"{counted(listing.elsewhere, 'recipe')} for other subdirs only, or skip-listed: see --subdir")


def _refused(refusal: "RefusedShape") -> str:
    return f"not read: {_place(refusal.file, refusal.line)}: {_one_line(refusal.cause)}"


def _place(file: str, line: int | None) -> str:
    return f"{file}:{line}" if line else file


def _one_line(text: str) -> str:
    return " ".join(text.split())


# One recipe ----------------------------------------------------------------------------------------------------------


def print_view(view: "RecipeView") -> None:
    """A recipe for people."""
    write(_view(view))


def _view(view: "RecipeView") -> Iterator[str]:
    yield f"{view.recipe} ({view.format})"
    for output in view.outputs:
        yield ""
        yield from _output(output)
    for head, neighbours in (("needs from the tree", view.needs), ("needed by", view.needed_by)):
        if neighbours:
            yield from ("", f"{head} ({len(neighbours)})", *(f"  {_neighbour(n)}" for n in neighbours))
    if view.skipped:
        yield from ("", f"skips itself on {', '.join(view.skipped)}")
    yield from (text for refusal in view.refused for text in ("", _refused(refusal), f"  next: {refusal.remedy}"))


def _output(output: "OutputShape") -> Iterator[str]:
    kind = f", noarch: {output.noarch}" if output.noarch else ""
    yield f"{output.name} {output.version}, build number {output.build_number}{kind}, {counted(output.tests, 'test')}"
    if output.unbuildable:
        yield f"  cannot be built: {output.unbuildable}"
    for key, values in output.used.items():
        yield f"  uses {key}: {', '.join(values)}"
    for section in dict.fromkeys(need.section for need in output.requirements):
        yield f"  {section}"
        for need in output.requirements:
            if need.section == section:
                some = f", in {need.variants} of {len(output.files)}" if need.variants < len(output.files) else ""
                yield f"    {need.spec}  ({need.origin}{some})"
    for kind, specs in output.run_exports.items():
        yield f"  exports, {kind.replace('_', ' ')}: {', '.join(specs)}"
    if output.test_requirements:
        yield f"  tests need: {', '.join(output.test_requirements)}"
    yield from (f"  file {file.subdir}/{file.file}" for file in output.files)


def _neighbour(neighbour: "NeighbourShape") -> str:
    name = "" if neighbour.recipe.rpartition("/")[2] == neighbour.name else f": {neighbour.name}"
    return f"{neighbour.recipe}{name} in {', '.join(neighbour.sections)}"


def print_renders(renders: "Sequence[RenderShape]") -> None:
    """YAML documents, one after the other."""
    from controller.gateways.recipe_texts import recipe_text

    for number, made in enumerate(renders):
        variant = ", ".join(f"{key}={value}" for key, value in made.variant.items())
        comments = (f"{made.subdir}/{made.file}", variant, *(f"lost: {_one_line(lost)}" for lost in made.lost))
        write([*(["---"] if number else []), *recipe_text(made.document, comments).splitlines()])
    if not renders:
        note("The recipe skips itself for every subdir that was asked for.")


# Findings ------------------------------------------------------------------------------------------------------------


def print_findings(answer: "LintAnswer") -> None:
    """Findings for people: where, what, why, and the next step."""
    write(line for finding in answer.findings for line in finding_lines(finding))
    levels = ((answer.errors, "error"), (answer.warnings, "warning"), (answer.notices, "notice"))
    found = ", ".join(counted(number, level) for number, level in levels if number) or "nothing found"
    tell(f"{counted(answer.recipes, 'recipe')}: {found}")


def finding_lines(finding: "FindingShape") -> Iterator[str]:
    """Where and what, why, and the next step."""
    yield f"{_place(finding.file, finding.line)}: {finding.level}: {_one_line(finding.cause)} [{finding.code}]"
    yield f"    {finding.why}"
    yield f"    next: {finding.remedy}"


def print_for_github(answer: "LintAnswer", tree: str) -> None:
    """Findings as workflow commands: GitHub shows each beside its line. Paths start where the command was typed."""
    write(_annotation(finding, tree) for finding in answer.findings)


def _annotation(finding: "FindingShape", tree: str) -> str:
    file = (Path(os.path.relpath(tree)) / finding.file if Path(tree).is_dir() else Path(finding.file)).as_posix()
    facts = {"file": file, "line": finding.line, "title": finding.code}
    told = ",".join(f"{key}={_escaped(str(fact), ':,')}" for key, fact in facts.items() if fact)
    said = f"{finding.cause.rstrip('.')}. {finding.remedy}"
    return f"::{finding.level} {told}::{_escaped(said)}"


def _escaped(text: str, also: str = "") -> str:
    """As a runner reads it back: percent, ends of lines, and in a property colon and comma."""
    return "".join(f"%{ord(letter):02X}" if letter in "%\r\n" + also else letter for letter in text)
