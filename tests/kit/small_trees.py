"""Random small trees and changes that show every way in which a package can hold to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from controller.domain.recipes import NO_EXPORTS, Output, RunExports
from tests.kit.drawing import make_output

NAMES = tuple("abcdefg")
Outputs = tuple[Output, ...]

EXPORTS = ("", "", "weak", "weak", "weak", "loose", "strong", "noarch", "constrains")


@dataclass(frozen=True)
class Recipe:
    """One recipe, before its pins are known. ``text`` are host specs with a version of their own."""

    name: str
    major: int
    minor: int = 0
    noarch: str = ""
    build: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    compatible: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    exports: str = ""
    ignored: frozenset[str] = frozenset()
    sibling: bool = False
    """Whether it also makes a program that is pinned exactly to its library, and exports what that does."""
    content: int = 0

    @property
    def version(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True)
class Tree:
    """Recipes, each on those before it, and the majors that the pin file names."""

    recipes: tuple[Recipe, ...]
    pins: Mapping[str, int] = field(default_factory=dict)

    def render(self) -> Outputs:
        """The outputs, in an order in which each finds what it needs."""
        return tuple(output for recipe in self.recipes for output in _rendered(recipe, self.pins))


def _rendered(recipe: Recipe, pins: Mapping[str, int]) -> list[Output]:
    exports = _exports(recipe)
    output = make_output(
        recipe.name, recipe.version, noarch=recipe.noarch, build=recipe.build, host=[*recipe.host, *recipe.text],
        run=recipe.run, constrains=recipe.constrains, compatible=recipe.compatible, test=recipe.test, exports=exports,
        variant={name: str(pins[name]) for name in (*recipe.build, *recipe.host) if name in pins},
        content=str(recipe.content),
    )  # fmt: skip
    output = replace(output, ignored_exports=recipe.ignored)
    if not recipe.sibling:
        return [output]
    pin = f"{recipe.name} {recipe.version} {output.build}"
    return [output, make_output(
        f"{recipe.name}-x", recipe.version, recipe=recipe.name, pinned=[pin], exports=exports,
        variant={recipe.name: output.hash}, content=str(recipe.content),
    )]  # fmt: skip


def _exports(recipe: Recipe) -> RunExports:
    spec = f"{recipe.name} >={recipe.version},<{recipe.major + 1}.0a0"
    return {
        "": NO_EXPORTS,
        "weak": RunExports(weak=(spec,)),
        "loose": RunExports(weak=(f"{recipe.name} >={recipe.version}",)),
        "strong": RunExports(strong=(spec,)),
        "noarch": RunExports(weak=(spec,), noarch=(spec,)),
        "constrains": RunExports(weak_constrains=(spec,)),
    }[recipe.exports]


@st.composite
def small_trees(draw: st.DrawFn, *, text: int = 6) -> Tree:
    """Up to seven recipes. One host spec in ``text`` has a version of its own; the pin file names some majors."""
    recipes: dict[str, Recipe] = {}
    for name in NAMES[: draw(st.integers(2, len(NAMES)))]:
        recipes[name] = _recipe(draw, name, recipes, text)
    keys = _some(draw, list(recipes), 2) if draw(st.booleans()) else []
    return Tree(tuple(recipes.values()), {name: recipes[name].major for name in keys})


def _recipe(draw: st.DrawFn, name: str, earlier: Mapping[str, Recipe], odds: int) -> Recipe:
    made = [*earlier, *(f"{other}-x" for other, recipe in earlier.items() if recipe.sibling)]
    host = _some(draw, made, 2)
    text = [other for other in host if _seldom(draw, odds - 1)]
    noarch = draw(st.sampled_from(["", "", "", "", "generic"]))
    return Recipe(
        name, draw(st.integers(1, 2)), noarch=noarch, build=tuple(_some(draw, list(earlier), 1)),
        host=tuple(other for other in host if other not in text),
        text=tuple(f"{other} {earlier[other[0]].major}.*" for other in text),
        run=tuple(_bounded(draw, other, earlier[other[0]]) for other in _some(draw, made, 1)),
        constrains=tuple(
            f"{other} <{earlier[other].major + 1}.0a0" for other in _some(draw, list(earlier), 1) if _seldom(draw, 3)
        ),
        compatible=tuple(other for other in host if _seldom(draw, 4)), test=tuple(_some(draw, made, 1)),
        exports=draw(st.sampled_from(EXPORTS)), ignored=frozenset(host[:1]) if _seldom(draw, 6) else frozenset(),
        sibling=not noarch and _seldom(draw, 3),
    )  # fmt: skip


def _seldom(draw: st.DrawFn, times: int) -> bool:
    return draw(st.integers(0, times)) == 0


def _some(draw: st.DrawFn, names: Sequence[str], most: int) -> list[str]:
    return draw(st.lists(st.sampled_from(sorted(names)), max_size=most, unique=True)) if names else []


def _bounded(draw: st.DrawFn, name: str, recipe: Recipe) -> str:
    version = recipe.version
    return draw(st.sampled_from([name, name, f"{name} >={version}", f"{name} >={version},<{recipe.major + 1}.0a0"]))


@st.composite
def small_changes(draw: st.DrawFn, tree: Tree) -> Tree:
    """The tree with some recipes at the next major or minor version, or with another content.

    A pin on a package that goes to another major goes with it, or stays behind.
    """
    touched = draw(st.lists(st.sampled_from([r.name for r in tree.recipes]), min_size=1, max_size=3, unique=True))
    kinds = {name: draw(st.sampled_from(["major", "major", "minor", "content"])) for name in touched}
    recipes = tuple(changed(r, kinds[r.name]) if r.name in kinds else r for r in tree.recipes)
    pins = dict(tree.pins)
    for name in pins.keys() & kinds.keys():
        if kinds[name] == "major" and draw(st.booleans()):
            pins[name] += 1
    return Tree(recipes, pins)


def changed(recipe: Recipe, kind: str) -> Recipe:
    """The recipe after a change of that kind. One of content lets its own text follow what the tree has now."""
    if kind == "major":
        return replace(recipe, major=recipe.major + 1, minor=0)
    if kind == "minor":
        return replace(recipe, minor=recipe.minor + 1)
    return replace(recipe, content=recipe.content + 1)
