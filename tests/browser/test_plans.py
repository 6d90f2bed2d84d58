"""Why, affected and differences in a real browser: by keyboard, without scripts, narrow and wide."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Site
from tests.kit.changing_world import World, surprise

pytestmark = pytest.mark.browser


@pytest.fixture
def batches(site: Site, tmp_path: Path) -> tuple[str, str]:
    """One that was decided again, and one after it that asks for an edit."""
    world = World(site.farm, tmp_path / "tree")
    world.write("stuck", host=("lib <2",), run=("lib <2",))
    first = surprise(world)
    world.write("lib", version="2.0", exports=("lib >=2.0,<3",))
    return first, world.push("lib 2.0")


@pytest.fixture
def page(browser: Any, site: Site) -> Iterator[Any]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    met: list[str] = []
    page.on("console", lambda message: met.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: met.append(str(error)))
    yield page
    context.close()
    assert met == []


def test_from_a_job_over_the_picture_to_what_led_there(page: Any, site: Site) -> None:
    page.goto(f"{site.address}/jobs/{site.filled.jobs['test scipy win-64']}")
    page.get_by_role("link", name="the whole way, and what follows").click()
    assert page.locator("h1").inner_text() == "Why scipy"
    page.get_by_role("link", name="numpy: rebuild, passed").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/why/numpy")
    assert page.locator("svg.picture .box.here").count() == 1


def test_a_diff_is_copied_as_git_takes_it(page: Any, site: Site, batches: tuple[str, str]) -> None:
    page.goto(f"{site.address}/batches/{batches[1]}")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    patch = page.request.get(f"{site.address}/api/v1/batches/{batches[1]}/edits.patch").text()
    assert patch.startswith("diff --git a/stuck/recipe.yaml")
    assert page.evaluate("navigator.clipboard.readText()") == patch


def test_without_scripts_the_forms_ask_and_the_answers_lead_on(
    browser: Any, site: Site, batches: tuple[str, str]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.address}/affected")
    page.fill("#name", "lib")
    page.fill("#version", "3.0")
    page.click("form button")
    page.get_by_role("table").get_by_role("link", name="mid").click()
    assert page.locator("h1").inner_text() == "Why mid"
    page.goto(f"{site.address}/differences")
    page.fill("#before", f"{batches[0]}@0")
    page.fill("#after", batches[0])
    page.click("form button")
    assert "2 done otherwise" in page.locator(".verdict").inner_text()
    context.close()


def test_no_page_is_wider_than_a_phone(browser: Any, site: Site, batches: tuple[str, str]) -> None:
    context = browser.new_context(viewport={"width": 400, "height": 800})
    page = context.new_page()
    first, second = batches
    for path in (
        f"/batches/{first}/why/leaf", f"/batches/{first}/plan", f"/differences?before={first}@0&after={second}",
        "/affected?name=lib&version=3.0", f"/batches/{second}",
    ):  # fmt: skip
        page.goto(site.address + path)
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond == 0, path
    context.close()
