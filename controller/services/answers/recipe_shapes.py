"""The shapes of answers about recipes as a tree has them, before any of them is planned or built."""

from pydantic import Field

from controller.services.answers.shape import Shape


class RefusedShape(Shape):
    """A recipe that cannot be read."""

    recipe: str
    file: str
    line: int | None = None
    cause: str
    remedy: str = ""


class RecipeLine(Shape):
    """One package that a recipe makes, whatever the number of its variants."""

    name: str
    version: str
    variants: int
    """Files it makes, over all subdirs that were asked for."""
    subdirs: tuple[str, ...] = ()
    format: str
    """``v0`` (meta.yaml) or ``v1`` (recipe.yaml)."""
    recipe: str
    """Folder, relative to the tree."""
    unbuildable: str = ""


class RecipeList(Shape):
    """Every package of a tree by name, and what could not be read."""

    items: tuple[RecipeLine, ...] = ()
    refused: tuple[RefusedShape, ...] = ()
    skipped: tuple[str, ...] = ()
    """``recipe (subdir)`` of each recipe that skips itself there."""
    elsewhere: int = 0
    """Recipes that are for none of the subdirs that were asked for, or that a skip list leaves out."""


class NeedShape(Shape):
    """One requirement. ``variants`` counts the files that have it; ``origin`` says where its bound comes from."""

    section: str
    name: str
    spec: str
    origin: str
    variants: int = 0


class FileShape(Shape):
    """A file that would be built, and the variant that it is built for."""

    file: str
    subdir: str
    variant: dict[str, str] = Field(default_factory=dict)


class OutputShape(Shape):
    """One package of a recipe: what it needs, what it gives, and the files it becomes."""

    name: str
    version: str
    build_number: int = 0
    noarch: str = ""
    tests: int = 0
    test_requirements: tuple[str, ...] = ()
    used: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Used variant keys with every value."""
    requirements: tuple[NeedShape, ...] = ()
    run_exports: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By kind: ``weak``, ``strong``, ``noarch``, ``weak_constrains``, ``strong_constrains``."""
    files: tuple[FileShape, ...] = ()
    unbuildable: str = ""


class NeighbourShape(Shape):
    """A recipe on the other end of a requirement, and the sections it stands in."""

    recipe: str
    name: str
    """The package that is required."""
    sections: tuple[str, ...]


class RecipeView(Shape):
    """One recipe, whole, with its direct neighbours in the tree."""

    recipe: str
    format: str
    outputs: tuple[OutputShape, ...] = ()
    needs: tuple[NeighbourShape, ...] = ()
    needed_by: tuple[NeighbourShape, ...] = ()
    refused: tuple[RefusedShape, ...] = ()
    skipped: tuple[str, ...] = ()
    """Subdirs for which it skips itself."""


class FindingShape(Shape):
    """One thing held against a recipe."""

    code: str
    level: str
    recipe: str
    file: str
    line: int | None = None
    cause: str
    why: str
    """What the rule says of every recipe it finds."""
    remedy: str = ""


class LintAnswer(Shape):
    """What the rules found, by file and line."""

    findings: tuple[FindingShape, ...] = ()
    recipes: int = 0
    errors: int = 0
    warnings: int = 0
    notices: int = 0


class RenderShape(Shape):
    """One recipe as the builder gets it for one variant; of several outputs, one each."""

    file: str
    subdir: str
    name: str
    variant: dict[str, str] = Field(default_factory=dict)
    document: dict[str, object] = Field(default_factory=dict)
    lost: tuple[str, ...] = ()
    """What a translation from the old format could not carry over, by construct."""


class NewRecipe(Shape):
    """A recipe made from a package index."""

    name: str
    file: str
    text: str
    there: bool = False
    """Whether the folder has a recipe already."""
    diff: str = ""
    """What would change in the recipe that is there."""
    repairs: tuple[str, ...] = ()
    """What the generator got wrong and was put right, each with its reason."""
    remarks: tuple[str, ...] = ()
    """What a person should look at."""
    lint: LintAnswer = LintAnswer()
    written: bool = False
