"""A batch seen two ways: recipe by subdir, and wave by wave. Pure arithmetic over its jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.services.answers.shapes import Counts, JobSummary


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A recipe and its jobs by subdir."""

    recipe: str
    name: str
    package: str
    """What its first job is about."""
    wave: int
    cells: dict[str, tuple[JobSummary, ...]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows in waves. ``hidden`` counts recipes whose every job is done, ``cut`` those past the bound."""

    subdirs: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    hidden: int = 0
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Wave:
    """How far a wave is."""

    number: int
    counts: Counts
    names: tuple[str, ...]
    """Its packages, by name."""


def matrix(jobs: Iterable[JobSummary], *, most: int | None = None) -> Matrix:
    """Recipe by subdir. With ``most`` only that many recipes, none that is done everywhere, broken ones first."""
    by_recipe: dict[str, list[JobSummary]] = {}
    for job in jobs:
        by_recipe.setdefault(job.recipe, []).append(job)
    subdirs = sorted({job.subdir for known in by_recipe.values() for job in known})
    rows = [_row(recipe, known, subdirs) for recipe, known in by_recipe.items()]
    if most is None:
        return Matrix(tuple(subdirs), _in_waves(rows))
    open_rows = [row for row in rows if not _done(row)]
    shown = sorted(open_rows, key=lambda row: (not _broken(row), row.wave, row.recipe))[:most]
    return Matrix(tuple(subdirs), _in_waves(shown), len(rows) - len(open_rows), len(open_rows) - len(shown))


def _in_waves(rows: Iterable[MatrixRow]) -> tuple[MatrixRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.wave, row.recipe)))


def _broken(row: MatrixRow) -> bool:
    return any(job.category == "broken" for jobs in row.cells.values() for job in jobs)


def _row(recipe: str, known: Sequence[JobSummary], subdirs: Sequence[str]) -> MatrixRow:
    cells = {subdir: tuple(job for job in known if job.subdir == subdir) for subdir in subdirs}
    return MatrixRow(
        recipe, recipe.rstrip("/").rsplit("/", 1)[-1], known[0].name, min(job.wave for job in known), cells
    )


def _done(row: MatrixRow) -> bool:
    return all(job.category == "done" for jobs in row.cells.values() for job in jobs)


def waves(jobs: Iterable[JobSummary]) -> list[Wave]:
    """Waves in order, each with its categories."""
    by_wave: dict[int, list[JobSummary]] = {}
    for job in jobs:
        by_wave.setdefault(job.wave, []).append(job)
    return [Wave(number, _counts(known), _names(known)) for number, known in sorted(by_wave.items())]


def _counts(known: Iterable[JobSummary]) -> Counts:
    totals: dict[str, int] = {}
    for job in known:
        totals[job.category] = totals.get(job.category, 0) + 1
    return Counts(**totals)


def _names(known: Iterable[JobSummary]) -> tuple[str, ...]:
    return tuple(sorted({job.name for job in known}))
