"""Rules that only a whole tree can break: recipes that meet, miss or need one another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from controller.domain.recipes import Output, Refusal, Section
from controller.planning.graph import Graph
from controller.planning.lints.findings import Finding, found
from controller.planning.lints.written import Written

_TWICE = "would be made twice"
_NEEDED = (Section.BUILD, Section.HOST, Section.RUN)
Texts = Mapping[str, Written]


def refusal_findings(refusals: Iterable[Refusal], texts: Texts) -> Iterator[Finding]:
    """Recipes that the reader refused, with the reader's own words."""
    for refusal in refusals:
        file, line = refusal.file, refusal.line
        code = "made-twice" if _TWICE in refusal.cause else "unreadable"
        written = texts.get(refusal.recipe)
        if code == "made-twice" and written:  # said of the folder, for nothing in the file is at fault alone
            file, line = written.file, written.line_with("", "package", "name")
        yield found(code, refusal.recipe, file, line, refusal.cause, refusal.remedy)


def tree_findings(outputs: Sequence[Output], texts: Texts, provided: frozenset[str] | None) -> Iterator[Finding]:
    """What the recipes do to each other. ``provided`` are the names of the given channels, None without any."""
    yield from _silent_libraries(outputs, texts)
    yield from _cycles(outputs, texts)
    if provided is not None:
        yield from _unprovided(outputs, texts, provided)


def _silent_libraries(outputs: Sequence[Output], texts: Texts) -> Iterator[Finding]:
    """``lib*``, but for ``*-static``, which leaves nothing to be found at run time."""
    users: dict[str, str] = {}
    for output in outputs:
        for requirement in output.in_section(Section.HOST):
            if requirement.name != output.name:
                users.setdefault(requirement.name, output.name)
    for output in _one_each(outputs):
        if output.name in users and _is_library(output) and not output.run_exports:
            cause = f"{output.name} exports nothing, and {users[output.name]} has it in host"
            yield _at(output, texts, "library-without-exports", cause)


def _is_library(output: Output) -> bool:
    return output.name.startswith("lib") and not output.name.endswith("-static") and not output.noarch


def _one_each(outputs: Iterable[Output]) -> Iterable[Output]:
    return {(output.recipe, output.name): output for output in outputs}.values()


def _at(output: Output, texts: Texts, code: str, cause: str, line: int | None = None) -> Finding:
    written = texts[output.recipe]
    return found(code, output.recipe, written.file, line or written.line_of(output), cause)


def _cycles(outputs: Sequence[Output], texts: Texts) -> Iterator[Finding]:
    """One finding a cycle, at the first of its recipes; outputs of one recipe are built together and make none."""
    makers: dict[str, set[str]] = {}
    for output in outputs:
        makers.setdefault(output.name, set()).add(output.recipe)
    recipes = list(dict.fromkeys(output.recipe for output in outputs))
    place = {recipe: number for number, recipe in enumerate(recipes)}
    needs = {(place[o.recipe], place[m]): o for o in outputs for m in _made_elsewhere(o, makers)}
    for cycle in Graph.of(len(recipes), needs).cycles():
        members = sorted(cycle, key=lambda number: recipes[number])
        source, _ = next(edge for edge in needs if edge[0] == members[0] and edge[1] in cycle)
        names = ", ".join(recipes[number] for number in members[:6]) + (", ..." if len(members) > 6 else "")
        output = next(o for (start, _), o in needs.items() if start == source)
        yield _at(output, texts, "host-cycle", f"{names} need each other in host")


def _made_elsewhere(output: Output, makers: Mapping[str, set[str]]) -> Iterator[str]:
    """Recipes that alone make what an output has in host; a name with several makers may come from another."""
    for requirement in output.in_section(Section.HOST):
        made_by = makers.get(requirement.name, set())
        if len(made_by) == 1 and output.recipe not in made_by:
            yield from made_by


def _unprovided(outputs: Sequence[Output], texts: Texts, provided: frozenset[str]) -> Iterator[Finding]:
    there = provided | {output.name for output in outputs}
    said = set()
    for output in outputs:
        for requirement in output.in_section(*_NEEDED):
            name, key = requirement.name, (output.recipe, requirement.name)
            if name not in there and not name.startswith("__") and key not in said:
                said.add(key)
                line = texts[output.recipe].line_with(name, "requirements", requirement.section.value)
                cause = f"{output.name} has {name} in {requirement.section.value}, and nothing provides it"
                yield _at(output, texts, "unprovided", cause, line)
