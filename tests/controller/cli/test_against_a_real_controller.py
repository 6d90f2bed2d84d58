"""Every reading command against the real application with a filled farm: the shapes are those it sends."""

import json
from collections.abc import Iterator

import pytest

from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, fill

from .conftest import Type
from .serving import serving


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Filled]]:
    farm = make_farm(tmp_path_factory.mktemp("day"))
    filled = fill(farm, farm.now.forward)  # type: ignore[attr-defined]
    with serving(farm) as url:
        yield url, filled
    farm.close()


@pytest.fixture
def looking(typed: Type, day: tuple[str, Filled], monkeypatch: pytest.MonkeyPatch) -> Type:
    monkeypatch.setenv("FARM_SERVER", day[0])
    monkeypatch.setenv("FARM_TOKEN", "admin-secret")
    return typed


@pytest.mark.parametrize("form", ["table", "json", "yaml", "name"])
@pytest.mark.parametrize(
    "words",
    [
        ["status"], ["batch", "list"], ["worker", "list"], ["channel", "list"], ["channel", "snapshots", "stable"],
        ["promotion", "list"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_lists_read_what_a_real_controller_sends(looking: Type, words: list[str], form: str) -> None:
    said = looking(*words, "-o", form)
    assert (said.code, said.err) == (0, "")
    assert said.out.strip()
    if form == "json":
        json.loads(said.out)


def test_a_batch_and_its_jobs_read_what_a_real_controller_sends(looking: Type, day: tuple[str, Filled]) -> None:
    filled = day[1]
    assert "ipopt" in looking("batch", "view", filled.batch).out
    for job in list(filled.jobs.values())[:6]:
        assert looking("job", "view", job).code == 0
        assert looking("job", "why", job).code == 0


def test_a_promotion_that_cannot_be_is_refused_in_words(looking: Type, day: tuple[str, Filled]) -> None:
    said = looking("batch", "promote", day[1].batch, "-n")
    assert said.code == 1
    assert "nothing to promote" in said.err


def test_a_staging_channel_has_snapshots_too(looking: Type, day: tuple[str, Filled]) -> None:
    assert looking("channel", "snapshots", f"staging/{day[1].batch}").code == 0
