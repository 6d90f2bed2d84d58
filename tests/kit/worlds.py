"""Random drawn trees and random changes of them, for properties that must hold whatever is drawn."""

from dataclasses import replace

from hypothesis import strategies as st

from controller.domain.recipes import Output
from tests.kit.drawing import make_output

NAMES = tuple("abcdefghij")


@st.composite
def trees(draw: st.DrawFn, circles: bool = False) -> tuple[Output, ...]:
    """Up to ten recipes, each on the ones before it; with ``circles`` also on later ones."""
    names = NAMES[: draw(st.integers(2, len(NAMES)))]
    outputs: list[Output] = []
    for place, name in enumerate(names):
        others = [other for other in names if other != name]
        earlier = others if circles and draw(st.booleans()) else list(names[:place])
        outputs += _recipe(draw, name, earlier, others)
    return tuple(outputs)


def _some(draw: st.DrawFn, names: list[str], most: int = 2) -> list[str]:
    return draw(st.lists(st.sampled_from(names), max_size=most, unique=True)) if names else []


def _recipe(draw: st.DrawFn, name: str, earlier: list[str], others: list[str]) -> list[Output]:
    major = draw(st.integers(1, 3))
    noarch = draw(st.sampled_from(["", "", "", "generic"]))
    exports = draw(st.sampled_from([[], [f"{name} >={major}.0,<{major + 1}.0a0"], [f"{name} >={major}.0"]]))
    output = make_output(
        name, f"{major}.0", noarch=noarch, build=_some(draw, earlier, 1), host=_some(draw, earlier),
        run=_some(draw, earlier, 1), test=_some(draw, others, 1), weak=exports if draw(st.booleans()) else [],
        strong=exports if draw(st.integers(0, 3)) == 0 else [], compatible=_some(draw, earlier, 1),
    )  # fmt: skip
    if noarch or draw(st.integers(0, 3)):
        return [output]
    pin = f"{name} {output.version} {output.build}"
    return [output, make_output(f"{name}-tools", output.version, recipe=name, pinned=[pin])]


@st.composite
def changes(draw: st.DrawFn, tree: tuple[Output, ...]) -> tuple[Output, ...]:
    """The tree with some recipes at another major version or with another content."""
    touched = set(draw(st.lists(st.sampled_from(sorted({o.recipe for o in tree})), max_size=3, unique=True)))
    bump = draw(st.booleans())
    return tuple(_changed(output, bump=bump) if output.recipe in touched else output for output in tree)


def _changed(output: Output, *, bump: bool) -> Output:
    if not bump:
        return replace(output, fingerprint=output.fingerprint[::-1])
    version = f"{int(output.version.split('.')[0]) + 1}.0"
    weak, strong = (_exports(output, specs, version) for specs in (output.run_exports.weak, output.run_exports.strong))
    return replace(
        output, version=version, fingerprint=output.fingerprint[::-1],
        run_exports=replace(output.run_exports, weak=weak, strong=strong),
        requirements=tuple(
            replace(r, spec=f"{r.name} {version} {r.spec.split(' ')[2]}") if r.origin.value == "exact pin" else r
            for r in output.requirements
        ),
    )  # fmt: skip


def _exports(output: Output, specs: tuple[str, ...], version: str) -> tuple[str, ...]:
    major = int(version.split(".", maxsplit=1)[0])
    return tuple(f"{output.name} >={version}" + (f",<{major + 1}.0a0" if "<" in spec else "") for spec in specs)
