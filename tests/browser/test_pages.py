"""Pages in a real browser: live, by keyboard, without scripts, and nothing that the policy refuses."""

from collections.abc import Iterator
from typing import Any

import pytest

from controller.services import leases, requests, transfers
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any, site: Site) -> Iterator[Any]:
    """A page that must meet no error and ask no other machine."""
    context = browser.new_context()
    page = context.new_page()
    met: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: met.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: met.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    yield page
    context.close()
    assert met == []
    assert hosts <= {"127.0.0.1"}


def test_no_page_meets_an_error_or_asks_another_machine(page: Any, site: Site) -> None:
    job = site.filled.jobs["build pytorch linux-64"]
    for path in (
        "/",
        "/batches",
        "/batches/B-3",
        f"/jobs/{job}",
        f"/jobs/{job}/log",
        "/workers",
        "/failures",
        "/channels/testing",
    ):
        page.goto(site.address + path)
        page.wait_for_selector("main")


def test_a_batch_changes_in_place_while_one_looks(page: Any, site: Site) -> None:
    held = site.filled.held
    assert held is not None
    page.goto(f"{site.address}/batches/B-3")
    page.wait_for_selector("#pulse.live")
    cell = f"#cell-{held.spec.job}"
    assert page.locator(f"{cell}.in_progress").count() == 1
    leases.lose(site.farm, held.attempt, "its machine is gone")
    page.wait_for_selector(f"{cell}.waiting")
    page.wait_for_selector(f"#run-{held.spec.job}", state="detached")
    assert "1 ready" in page.locator("#said").inner_text()


def test_a_batch_that_moves_offers_to_load_the_page_again(page: Any, site: Site) -> None:
    page.goto(f"{site.address}/batches/B-3")
    page.wait_for_selector("#pulse.live")
    requests.cancel(site.farm, "B-3", who="eva")
    page.wait_for_selector("#stale a")
    page.click("#stale a")
    page.wait_for_selector(".verdict.not_needed")


def test_a_log_grows_while_one_reads_it(page: Any, site: Site) -> None:
    held = site.filled.held
    assert held is not None
    page.goto(f"{site.address}/jobs/{held.spec.job}/log")
    page.wait_for_selector("#pulse.live")
    size = site.farm.logs.size(held.attempt)
    transfers.append_log(site.farm, held.attempt, held.token, size, b"ompiling <script>alert(1)</script>\n-- next\n-- ")
    page.wait_for_selector("#tail .row")
    rows = page.locator("#log .row").all_inner_texts()
    numbers = [row.split()[0] for row in rows]
    assert numbers == [str(number) for number in range(1, len(rows) + 1)]
    assert "<script>alert(1)</script>" in rows[-2]


def test_the_failing_line_is_two_keys_away_and_its_address_can_be_copied(page: Any, site: Site) -> None:
    page.goto(f"{site.address}/jobs/{site.filled.jobs['build pytorch linux-64']}/log")
    page.keyboard.press("n")
    line = page.locator(".row.failing").first.get_attribute("id")
    assert page.url.endswith(f"#{line}")
    assert "chosen" in page.locator(f"#{line}").get_attribute("class")
    page.goto(page.url.split("#")[0] + "#L3-L5")
    assert page.locator(".row.chosen").count() == 3


def test_by_keyboard_alone_one_gets_from_the_first_page_to_a_failing_line(page: Any, site: Site) -> None:
    page.goto(site.address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    for _ in range(80):
        page.keyboard.press("Tab")
        if "/log#L" in (page.evaluate("document.activeElement.getAttribute('href')") or ""):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".row.failing:target, .row.failing.chosen")


def test_the_choice_of_dark_is_kept_from_page_to_page(page: Any, site: Site) -> None:
    page.goto(site.address)
    page.click("#theme")
    page.click("#theme")
    assert page.locator("#theme").inner_text() == "Theme: dark"
    page.goto(f"{site.address}/batches")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_without_scripts_everything_is_there(browser: Any, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.address}/batches/B-3")
    assert page.locator("#broken tr").count() == 3
    page.click("#broken tr:first-child th a")
    page.click("ol.failing a")
    assert page.locator(".row.failing").count() >= 1
    context.close()
