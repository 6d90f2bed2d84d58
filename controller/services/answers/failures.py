"""Failures that are remembered, as lists show them."""

from collections.abc import Iterator, Mapping

from controller.planning.history import marked
from controller.services import flakes, known_failures
from controller.services.answers.cases import quarantine_list, recent_of
from controller.services.answers.failure_shapes import FlakeShape, KnownFailureShape
from controller.services.farm import Farm
from controller.storage import flakes as stored
from controller.storage.flakes import FlakeRow

Held = Mapping[tuple[str, str, str], str]
"""Package, subdir and case of what is quarantined, to the words for it."""


def failure_list(farm: Farm) -> list[KnownFailureShape]:
    """All that are believed now, newest first."""
    return [
        KnownFailureShape.model_validate({field: getattr(row, field) for field in KnownFailureShape.model_fields})
        for row in known_failures.known(farm)
    ]


def flake_list(farm: Farm) -> list[FlakeShape]:
    """Tests that came and went, and the cases of them that did, the most frequent first."""
    held = {(entry.name, entry.subdir, entry.case): entry.sentence for entry in quarantine_list(farm)}
    tests = [_test(farm, row, held) for row in flakes.seen(farm)]
    found = [*tests, *_cases(farm, held)]
    return sorted(found, key=lambda flake: (-flake.flakes, flake.recipe, flake.name, flake.subdir, flake.case))


def _test(farm: Farm, row: FlakeRow, held: Held) -> FlakeShape:
    within = min(row.runs, farm.rules.flake_runs)
    return FlakeShape(
        recipe=row.recipe, name=row.name, subdir=row.subdir, runs=row.runs, flakes=row.flakes, line=row.line,
        job=row.job, at=row.at or farm.now(), recent=marked(row.recent_flakes, 0, within), recent_runs=within,
        quarantined=_held(held, row.name, row.subdir, ""),
    )  # fmt: skip


def _cases(farm: Farm, held: Held) -> Iterator[FlakeShape]:
    rows = flakes.seen_cases(farm)
    with farm.reading() as session:
        runs = stored.runs_of(session, sorted({row.name for row in rows})) if rows else {}
    for row in rows:
        number = runs.get((row.recipe, row.name, row.subdir), row.run)
        recent, within = recent_of(farm, row, number)
        yield FlakeShape(
            recipe=row.recipe, name=row.name, subdir=row.subdir, runs=number, flakes=row.flakes, line=row.line,
            job=row.job, at=row.last_at, case=row.case_name, recent=recent, recent_runs=within,
            quarantined=_held(held, row.name, row.subdir, row.case_name),
        )  # fmt: skip


def _held(held: Held, name: str, subdir: str, case: str) -> str:
    return held.get((name, subdir, case)) or held.get((name, "", case), "")
