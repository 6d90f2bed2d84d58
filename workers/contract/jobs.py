"""JobSpec: what to build or test, with what, within what limits."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from workers.contract.messages import Message


class PlannedFile(Message):
    """A package file that the plan names beforehand; its name was never used before and never will be again."""

    name: str
    version: str
    build: str
    build_number: int
    subdir: str
    file_name: str
    variant: dict[str, str] = Field(default_factory=dict)
    """The used variant of this output, as the builder reports it."""


class PlannedParent(Message):
    """A package of the same batch that the build must have in one of its environments."""

    name: str
    file_name: str
    section: Literal["build", "host"]
    needed_by: tuple[str, ...] = ()
    """File names of the order that must each have it; empty means that at least one must."""


class Limits(Message):
    """What a job may take. All times in seconds, sizes in bytes."""

    total_seconds: float = 7200.0
    silence_seconds: float = 1800.0
    log_bytes: int = 64 * 1024 * 1024
    output_bytes: int = 8 * 1024 * 1024 * 1024


class Translation(Message):
    """One form of a recipe of the old format, in the new one: what a worker renders in place of ``recipe_file``."""

    recipe: str
    """The recipe, as JSON text, which is YAML as well."""
    variant_config: str
    """YAML text of the variants that have this form."""


class BuildOrder(Message):
    """Build one recipe for one subdir and one connected set of variants, in the order of ``files``."""

    kind: Literal["build"] = "build"
    recipe: str
    """The recipe's folder within its tree, for people."""
    source_sha256: str
    """Digest of the gzipped tar of the recipe folder, fetched from the controller's blobs."""
    recipe_file: str = "recipe.yaml"
    variant_config: str
    """YAML text of the variant configuration that the recipe is rendered with."""
    target_platform: str
    build_platform: str
    build_number: int
    files: tuple[PlannedFile, ...]
    parents: tuple[PlannedParent, ...] = ()
    translations: tuple[Translation, ...] = ()
    """Where there are any, the recipe is made of these, and ``recipe_file`` and ``variant_config`` say nothing."""


class TestOrder(Message):
    """Run every test that travels in one finished package file, in an environment that no other test has changed."""

    __test__: ClassVar[bool] = False  # not a test class, whatever pytest thinks of the name

    kind: Literal["test"] = "test"
    file: PlannedFile
    sha256: str
    url: str
    """Where the file is, as a path below the controller's address."""
    strategy: Literal["highest", "lowest_direct"] = "highest"
    """Which of the allowed versions the environments take: the newest, or of what the package itself names the
    oldest."""


Order = Annotated[BuildOrder | TestOrder, Field(discriminator="kind")]


class JobSpec(Message):
    """Everything a worker needs to know to do one job."""

    job: str
    batch: str
    order: Order
    channels: tuple[str, ...]
    """Channel paths below the controller's address, highest priority first, or absolute URLs."""
    channel_priority: Literal["strict", "disabled"] = "disabled"
    """``strict``: the first channel that has a package's name hides it in the later ones. A staging channel holds
    only what its batch built, so by default it hides nothing; versions and build numbers decide."""
    limits: Limits = Limits()
    package_format: str = "conda:3"
