"""A real browser on a real server. Skipped where playwright or a Chromium is not at hand."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from controller.services.farm import Farm
from controller.web.app import create_app
from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, fill

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@dataclass
class Site:
    """A served farm."""

    address: str
    farm: Farm
    filled: Filled


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    farm = make_farm(tmp_path)
    filled = fill(farm, farm.now.forward)  # type: ignore[attr-defined]
    app = create_app(farm)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    yield Site(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", farm, filled)
    app.state.tail.close()
    server.should_exit = True
    thread.join(10)
    farm.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()
