"""What programs send, and the parts that addresses share."""

from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from controller.domain.priorities import Priority
from controller.planning.policy import Scope
from controller.services.answers.shape import Shape

T = TypeVar("T")


class Asked(BaseModel):
    """A body. Unknown fields are ignored, so that an older server understands a newer command."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Who = Annotated[str, Field(max_length=200, description="Who asks, for the record.", examples=["eva"])]
Why = Annotated[str, Field(max_length=2000, description="Why, for the record.", examples=["release 2026.11"])]


class Push(Asked):
    """A commit of a tree."""

    tree: Annotated[str, Field(min_length=1, max_length=2000, examples=["/srv/recipes", "https://example.org/r.git"])]
    rev: Annotated[str | None, Field(max_length=500)] = None
    """Branch, tag or commit; the tree's own HEAD if there is none."""
    summary: Annotated[str | None, Field(max_length=2000)] = None
    who: Who = ""
    priority: Priority = Priority.NORMAL
    at_once: bool = False
    """Open its batch now, whatever the tree says of waiting for more pushes."""


class AskedMigration(Asked):
    """A migration file, in conda-forge's form."""

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["python315.yaml"])]
    text: Annotated[str, Field(max_length=200_000)]


class Ask(Asked):
    """A question to the decision."""

    tree: Annotated[str, Field(min_length=1, max_length=2000, examples=["/srv/recipes", "https://example.org/r.git"])]
    rev: Annotated[str | None, Field(max_length=500)] = None
    """Branch, tag or commit; the tree's own HEAD if there is none."""
    since: Annotated[str | None, Field(max_length=500)] = None
    """A commit: what is asked is what changed since, as if all of the tree had been built there."""
    supposed: Annotated[tuple[Annotated[str, Field(max_length=300)], ...], Field(max_length=100)] = ()
    """``mkl=2026.1``: what if a package had that version."""
    channel: Annotated[str, Field(max_length=2000)] = ""
    """A conda channel to plan against, by URL; without it what testing holds."""
    pins: Annotated[tuple[Annotated[str, Field(max_length=300)], ...], Field(max_length=100)] = ()
    """``python_min=3.11``: what if a pin of the tree had that value, or those."""
    migrations: Annotated[tuple[AskedMigration, ...], Field(max_length=20)] = ()
    """Migrations: what if these lay beside the tree's pins."""
    policy: Scope | None = None
    """In place of the scope that the tree's policy says."""


class Act(Asked):
    """A person's act."""

    who: Who = ""
    why: Why = ""


class Move(Act):
    """Where a batch is to go."""

    to: Annotated[str, Field(min_length=1, max_length=200)] = "stable"


class Bump(Act):
    """Another priority for a batch. The reason is asked for, since others have to wait for it."""

    priority: Priority
    why: Annotated[str, Field(min_length=1, max_length=2000, description="Why, for the record.")]


class Items(Shape, Generic[T]):
    """A page of a list; ``next`` is the cursor of the following one."""

    items: tuple[T, ...]
    next: str | None = None


BatchId = Annotated[str, Path(pattern=r"^[Bb]-[0-9]{1,18}$", description="A batch, as B-7.")]
JobId = Annotated[str, Path(pattern=r"^[Jj]-[0-9]{1,18}$", description="A job, as J-7.")]
DryRun = Annotated[bool, Query(description="Only show what would be done.")]
Limit = Annotated[int, Query(ge=1, le=500)]
PackageName = Annotated[str, Path(max_length=200, description="A package, as libzip.")]
PlanName = Annotated[
    str, Query(max_length=60, description="B-7 as it stands, B-7@0 as it was opened.", examples=["B-7@0"])
]
Revision = Annotated[
    int | None, Query(ge=0, le=10**6, description="How often it had been decided again; 0 is the first plan.")
]
