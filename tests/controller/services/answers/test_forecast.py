"""A forecast in words, and the same in figures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.forecast_words import BASIS_WORDS, lasting, span_words
from controller.domain.forecasts import Basis, Competing, Forecast, Span, Step
from controller.domain.jobs import JobKind
from controller.services.answers import forecast
from controller.services.answers.forecast import forecast_shape
from controller.services.farm import Farm, Rules
from controller.services.intake import preview
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import write_recipe


def step(kind: JobKind, name: str, seconds: float) -> Step:
    return Step(f"{kind}:{name}", kind, name, "linux-64", seconds)


FOUND = Forecast(
    jobs={JobKind.TEST: 2, JobKind.BUILD: 1200},
    work={"linux-64": 7200.0, "win-64": 100_000.0},
    critical=(step(JobKind.BUILD, "mkl", 3600.0), step(JobKind.TEST, "mkl", 60.0)),
    critical_seconds=3660.0,
    ends=Span(6000.0, 14_400.0, 30_000.0),
    basis={Basis.NOTHING: 2, Basis.OWN: 1200},
    workers={"linux-64": 2, "win-64": 1},
    assumed=("win-64",),
    competing=(Competing("B-4", 12, 10, 1.0), Competing("B-5", 1, 1, 1.0), Competing("B-6", 5, 0, 1.0)),
)


def test_all_of_it_is_said_in_sentences() -> None:
    assert forecast_shape(FOUND).sentences == (
        "1,200 builds, 2 tests: 30 h of work (linux-64 2 h; win-64 28 h).",
        "About 1.7 to 8.3 h from now, most likely 4 h, on 2 linux-64 workers, 1 win-64 worker.",
        "The longest chain takes 61 m on any number of workers: build mkl → test mkl.",
        "Durations: 1,200 by its own past; 2 guessed, since nothing like it was measured.",
        "Nobody serves win-64 now; one worker is assumed for each.",
        "Waits for 10 jobs of B-4 before it.",
        "Waits for 1 job of B-5 before it.",
        "Goes before 7 jobs of other batches.",
    )


def test_many_batches_before_it_are_not_all_named() -> None:
    many = tuple(Competing(f"B-{number}", 2, 2, 1.0) for number in range(10))
    said = forecast_shape(Forecast(jobs={JobKind.BUILD: 1}, work={"linux-64": 1.0}, competing=many)).sentences
    assert [sentence for sentence in said if "Waits" in sentence][3:] == [
        "Waits for 14 jobs of other batches before it."
    ]


def test_figures_are_hours_of_work_and_seconds_of_waiting() -> None:
    shape = forecast_shape(FOUND)
    assert shape.hours == {"linux-64": 2.0, "win-64": 27.778}
    assert (shape.lower_seconds, shape.middle_seconds, shape.upper_seconds) == (6000.0, 14_400.0, 30_000.0)
    assert shape.basis == {"nothing": 2, "own": 1200}
    assert shape.range == "1.7 to 8.3 h"


def test_nothing_to_do_is_said() -> None:
    assert forecast_shape(Forecast()).sentences == ("Nothing is left to be done.",)


def test_everything_a_duration_can_rest_on_has_its_words() -> None:
    assert set(BASIS_WORDS) == set(Basis)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"), (0.4, "0 s"), (45.0, "45 s"), (89.0, "89 s"), (90.0, "1.5 m"), (720.0, "12 m"),
        (5400.0, "1.5 h"), (7200.0, "2 h"), (90_000.0, "25 h"), (864_000.0, "10 d"),
    ],
)  # fmt: skip
def test_times_as_people_say_them(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_a_range_says_its_unit_once_where_it_is_one() -> None:
    assert span_words(Span(7200.0, 9000.0, 14_400.0)) == "2 to 4 h"
    assert span_words(Span(2400.0, 9000.0, 14_400.0)) == "40 m to 4 h"
    assert span_words(Span(7200.0, 7200.0, 7200.0)) == "2 h"


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    rules = Rules(subdirs=("linux-64",), noarch_pool="linux-64", circuit_breaker_jobs=1)
    farm = make_farm(tmp_path / "farm", rules=rules)
    yield farm
    farm.close()


def test_a_plan_that_would_be_held_says_so_before_it_is_pushed(farm: Farm, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_recipe(tree, "toy")
    said = forecast.of_plan(farm, preview(farm, str(tree), None), str(tree)).sentences
    assert said[-1] == ("A push of it would be held: 2 jobs, and more than 1 go only when a person releases them.")
