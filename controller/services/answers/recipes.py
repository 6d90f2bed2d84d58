"""A reading of a tree as people and programs ask about it: lists, one recipe whole, findings."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase

from controller.domain.recipes import Output, Reading, Refusal, Requirement
from controller.domain.wording import ORIGIN_WORDS
from controller.gateways.renders import Render
from controller.planning.lints.findings import RULES, Finding, Level
from controller.services.answers.recipe_shapes import (
    FileShape,
    FindingShape,
    LintAnswer,
    NeedShape,
    NeighbourShape,
    OutputShape,
    RecipeLine,
    RecipeList,
    RecipeView,
    RefusedShape,
    RenderShape,
)

Format = Callable[[str], str]
"""``v0`` or ``v1`` by folder."""


def recipe_list(reading: Reading, format_of: Format, pattern: str = "") -> RecipeList:
    """The packages whose name or folder the pattern matches, by name; everything where there is no pattern."""
    groups: dict[tuple[str, str, str], list[Output]] = {}
    for output in reading.outputs:
        if _matches(pattern, output.name, output.recipe):
            groups.setdefault((output.name, output.version, output.recipe), []).append(output)
    refused = [r for r in reading.refusals if _matches(pattern, r.recipe, r.recipe.rpartition("/")[2])]
    skipped = [s for s in reading.skipped if _matches(pattern, s.rpartition(" (")[0])]
    lines = [_line(found, format_of) for _, found in sorted(groups.items())]
    return RecipeList(items=tuple(lines), refused=tuple(map(_refused, refused)), skipped=tuple(skipped))


def _matches(pattern: str, *texts: str) -> bool:
    return not pattern or any(fnmatchcase(text, pattern) for text in texts)


def _line(outputs: Sequence[Output], format_of: Format) -> RecipeLine:
    first = outputs[0]
    return RecipeLine(
        name=first.name, version=first.version, variants=len(outputs), format=format_of(first.recipe),
        subdirs=tuple(dict.fromkeys(output.subdir for output in outputs)), recipe=first.recipe,
        unbuildable=first.unbuildable,
    )  # fmt: skip


def _refused(refusal: Refusal) -> RefusedShape:
    return RefusedShape(**asdict(refusal))


# One recipe ----------------------------------------------------------------------------------------------------------


def recipe_view(reading: Reading, recipe: str, format_of: Format) -> RecipeView:
    """One recipe whole, by its folder."""
    own = [output for output in reading.outputs if output.recipe == recipe]
    names = dict.fromkeys((output.name, output.version) for output in own)
    return RecipeView(
        recipe=recipe,
        format=format_of(recipe),
        outputs=tuple(_output([o for o in own if (o.name, o.version) == name]) for name in names),
        needs=tuple(_needs(reading.outputs, own, recipe)),
        needed_by=tuple(_needed_by(reading.outputs, own, recipe)),
        refused=tuple(_refused(refusal) for refusal in reading.refusals if refusal.recipe == recipe),
        skipped=tuple(s.rpartition(" (")[2][:-1] for s in reading.skipped if s.rpartition(" (")[0] == recipe),
    )


def _output(outputs: Sequence[Output]) -> OutputShape:
    first = outputs[0]
    return OutputShape(
        name=first.name,
        version=first.version,
        build_number=first.build_number,
        noarch=first.noarch,
        tests=first.tests,
        test_requirements=first.test_requirements,
        used=_used(outputs),
        requirements=tuple(_merged(outputs)),
        run_exports={kind: specs for kind, specs in asdict(first.run_exports).items() if specs},
        files=tuple(FileShape(file=o.file_name, subdir=o.subdir, variant=dict(o.variant)) for o in outputs),
        unbuildable=first.unbuildable,
    )


def _used(outputs: Iterable[Output]) -> dict[str, tuple[str, ...]]:
    values: dict[str, dict[str, None]] = {}
    for output in outputs:
        for key, value in sorted(output.variant.items()):
            values.setdefault(key, {})[value] = None
    return {key: tuple(found) for key, found in values.items()}


def _merged(outputs: Sequence[Output]) -> Iterator[NeedShape]:
    """Every requirement that any variant has, by section and name, in the recipe's order."""
    counts: Counter[Requirement] = Counter(r for output in outputs for r in dict.fromkeys(output.requirements))
    sections = list(dict.fromkeys(r.section for r in counts))
    order = {name: place for place, name in enumerate(dict.fromkeys((r.section, r.name) for r in counts))}
    for requirement in sorted(counts, key=lambda r: (sections.index(r.section), order[r.section, r.name])):
        yield NeedShape(
            section=requirement.section.value, name=requirement.name, spec=requirement.spec,
            origin=ORIGIN_WORDS[requirement.origin], variants=counts[requirement],
        )  # fmt: skip


def _needs(outputs: Iterable[Output], own: Iterable[Output], recipe: str) -> Iterator[NeighbourShape]:
    wanted: dict[str, dict[str, None]] = {}
    for output in own:
        for requirement in output.requirements:
            wanted.setdefault(requirement.name, {})[requirement.section.value] = None
    made = dict.fromkeys((o.recipe, o.name) for o in outputs if o.name in wanted and o.recipe != recipe)
    for maker, name in sorted(made):
        yield NeighbourShape(recipe=maker, name=name, sections=tuple(wanted[name]))


def _needed_by(outputs: Iterable[Output], own: Iterable[Output], recipe: str) -> Iterator[NeighbourShape]:
    names = {output.name for output in own}
    users: dict[tuple[str, str], dict[str, None]] = {}
    for output in outputs:
        for requirement in output.requirements if output.recipe != recipe else ():
            if requirement.name in names:
                users.setdefault((output.recipe, requirement.name), {})[requirement.section.value] = None
    for (user, name), sections in sorted(users.items()):
        yield NeighbourShape(recipe=user, name=name, sections=tuple(sections))


def render_shape(made: Render) -> RenderShape:
    """One output of one variant, with the document that the builder gets."""
    return RenderShape(
        file=made.file_name, subdir=made.subdir, name=made.rendered.name, variant=dict(made.rendered.variant),
        document=dict(made.rendered.document), lost=made.lost,
    )  # fmt: skip


# Findings ------------------------------------------------------------------------------------------------------------


def lint_answer(findings: Sequence[Finding], recipes: int) -> LintAnswer:
    """Findings with their rules' sentences, and how many of each level."""
    levels = Counter(finding.level for finding in findings)
    return LintAnswer(
        findings=tuple(_finding(finding) for finding in findings),
        recipes=recipes,
        errors=levels[Level.ERROR],
        warnings=levels[Level.WARNING],
        notices=levels[Level.NOTICE],
    )


def _finding(finding: Finding) -> FindingShape:
    return FindingShape(
        code=finding.code, level=finding.level.value, recipe=finding.recipe, file=finding.file, line=finding.line,
        cause=finding.cause, why=RULES[finding.code].sentence, remedy=finding.remedy,
    )  # fmt: skip
