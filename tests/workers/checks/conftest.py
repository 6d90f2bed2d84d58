"""A package cache of each test's own, and a way to test a package made in memory."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.kit.checked import Checked, channel_of, checked
from tests.kit.packages import Package
from workers.builders.orders import Strategy

Try = Callable[..., Checked]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def attempt(tmp_path: Path, cache: Path) -> Try:
    """Write a package, test it beside ``others`` of its channel."""

    def do(package: Package, others: Sequence[Package] = (), strategy: Strategy = "highest") -> Checked:
        channel = channel_of(tmp_path / "channel", *others)
        return checked(package.write(tmp_path / "package"), tmp_path / "run", (channel,), strategy)

    return do
