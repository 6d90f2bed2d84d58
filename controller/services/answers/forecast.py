"""Forecasts as answers: the figures, and the same in words."""

from collections.abc import Iterator
from typing import Any

from controller.domain.batches import BatchState
from controller.domain.forecast_words import BASIS_WORDS, holding_sentence, lasting, span_words
from controller.domain.forecasts import Basis, Forecast, Span
from controller.domain.jobs import JobKind
from controller.domain.plans import Plan
from controller.domain.wording import KIND_WORDS, path_words
from controller.services import forecast
from controller.services.answers.forecast_shapes import CompetingShape, ForecastShape, StepShape
from controller.services.answers.words import amount
from controller.services.farm import Farm
from controller.storage import batches
from controller.storage.batches import BatchRow
from controller.storage.database import Session
from controller.storage.tables import from_json

_UNSETTLED = frozenset({BatchState.HELD.value, BatchState.RUNNING.value})
_RIVALS = 3


def of_plan(farm: Farm, plan: Plan, tree: str) -> ForecastShape:
    """What a push of this plan of a tree would take if it were opened now, and whether it would be held."""
    found = forecast_shape(forecast.of_plan(farm, plan))
    with farm.reading() as session:
        held = forecast.holding_of(farm, session, tree, plan)
    said = (f"A push of it would be held: {holding_sentence(held)}",) if held else ()
    return found.model_copy(update={"sentences": (*found.sentences, *said)})


def of_batch(farm: Farm, batch: str) -> ForecastShape:
    """What is left of a batch now; zero once it has its verdict. Raises NotFoundError."""
    with farm.reading() as session:
        row = batches.find_batch(session, batch)
        open_ = row.state in _UNSETTLED
        return forecast_shape(forecast.of_batch(farm, session, row.id or 0) if open_ else Forecast())


def forecast_of(farm: Farm, session: Session, row: BatchRow) -> ForecastShape | None:
    """What is left of a batch, as a page shows it; None once it has its verdict."""
    return forecast_shape(forecast.lately_of_batch(farm, session, row.id or 0)) if row.state in _UNSETTLED else None


def expected_words(row: BatchRow) -> str:
    """What was forecast when a batch was opened: ``2 to 4 h``; empty where nothing was."""
    said: Any = row.plan.get("expected")
    span: Span | None = from_json(Span, said) if said else None
    return span_words(span) if span and span.upper else ""


def forecast_shape(found: Forecast) -> ForecastShape:
    """A forecast as an answer."""
    return ForecastShape(
        jobs={kind.value: number for kind, number in found.jobs.items()},
        hours={subdir: round(seconds / 3600, 3) for subdir, seconds in found.work.items()},
        critical_path=tuple(
            StepShape(key=s.key, kind=s.kind.value, name=s.name, subdir=s.subdir, seconds=round(s.seconds, 1))
            for s in found.critical
        ),
        critical_seconds=round(found.critical_seconds, 1), lower_seconds=round(found.ends.lower, 1),
        middle_seconds=round(found.ends.middle, 1), upper_seconds=round(found.ends.upper, 1),
        basis={basis.value: number for basis, number in found.basis.items()}, workers=dict(found.workers),
        assumed=found.assumed,
        competing=tuple(
            CompetingShape(batch=c.batch, jobs=c.jobs, before=c.before, seconds=round(c.seconds, 1))
            for c in found.competing
        ),
        range=span_words(found.ends), sentences=tuple(_sentences(found)),
    )  # fmt: skip


def _sentences(found: Forecast) -> Iterator[str]:
    if not found.jobs:
        yield "Nothing is left to be done."
        return
    yield _work(found)
    yield f"About {span_words(found.ends)} from now, most likely {lasting(found.ends.middle)}, on {_workers(found)}."
    if len(found.critical) > 1:
        steps = tuple(f"{KIND_WORDS[step.kind]} {step.name}" for step in found.critical)
        seconds = lasting(found.critical_seconds)
        yield f"The longest chain takes {seconds} on any number of workers: {path_words(steps)}."
    yield f"Durations: {_basis(found)}."
    if found.assumed:
        yield f"Nobody serves {', '.join(found.assumed)} now; one worker is assumed for each."
    yield from _competition(found)


def _work(found: Forecast) -> str:
    kinds = ", ".join(amount(found.jobs[kind], KIND_WORDS[kind]) for kind in JobKind if kind in found.jobs)
    shares = "; ".join(f"{subdir} {lasting(seconds)}" for subdir, seconds in found.work.items())
    whole = f"{kinds}: {lasting(sum(found.work.values()))} of work"
    return f"{whole} ({shares})." if len(found.work) > 1 else f"{whole} on {next(iter(found.work))}."


def _workers(found: Forecast) -> str:
    return ", ".join(amount(number, f"{pool} worker") for pool, number in found.workers.items())


def _basis(found: Forecast) -> str:
    return "; ".join(f"{found.basis[b]:,} {BASIS_WORDS[b]}" for b in Basis if b in found.basis)


def _competition(found: Forecast) -> Iterator[str]:
    before = [rival for rival in found.competing if rival.before]
    for rival in before[:_RIVALS]:
        yield f"Waits for {amount(rival.before, 'job')} of {rival.batch} before it."
    more = sum(rival.before for rival in before[_RIVALS:])
    if more:
        yield f"Waits for {amount(more, 'job')} of other batches before it."
    after = sum(rival.jobs - rival.before for rival in found.competing)
    if after:
        yield f"Goes before {amount(after, 'job')} of other batches."
