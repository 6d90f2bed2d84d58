"""Because-paths as SVG: no name becomes markup, and nothing stands upon another."""

import re

from controller.services.answers.why_pictures import Told, picture_of
from controller.web.pictures import picture

EVIL = '"><script>alert(1)</script>'


def drawn(name: str, *paths: tuple[str, ...]) -> str:
    told = [Told(path[-1], path, "rebuild") for path in paths]
    return picture(picture_of(name, [path for path in paths if path[-1] == name], told), lambda other: f"/why/{other}")


def test_one_box_alone_is_no_picture() -> None:
    assert drawn("lib", ("lib",)) == ""


def test_boxes_of_a_lane_stand_apart_and_the_way_here_is_marked() -> None:
    text = drawn("b", ("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "d"))
    boxes = re.findall(r'<rect class="box [^"]+" x="([\d.]+)" y="([\d.]+)"', text)
    assert len(set(boxes)) == len(boxes) == 4
    assert text.count('class="arrow main"') == 1
    assert text.count('class="arrow"') == 2
    assert re.findall(r'href="([^"]+)"', text) == ["/why/a", "/why/c", "/why/d"]


def test_what_the_plan_says_nothing_of_is_named_and_leads_nowhere() -> None:
    text = picture(picture_of("b", [("upstream", "b")], [Told("b", ("upstream", "b"), "edit")][:0]), str)
    assert "moved, and nothing here makes it" in text
    assert "<a " not in text


def test_only_so_many_followers_are_drawn() -> None:
    found = picture_of("a", [], [Told(f"f{n}", ("a", f"f{n}"), "rebuild") for n in range(40)])
    assert (len(found.nodes), found.cut) == (9, 32)


def test_names_that_mean_ill_or_are_long_stay_text() -> None:
    text = drawn(EVIL, ("a" * 80, EVIL))
    assert "<script" not in text
    assert "a" * 25 + "…" in text
