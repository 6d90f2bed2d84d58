"""What a newer push makes otherwise is pointless in an older batch; what both make alike is not."""

from controller.planning.superseding import Made, pointless

APP = Made(("linux-64", "app", "h1"), "1.0", "text")


def test_another_version_and_another_text_are_made_otherwise() -> None:
    assert pointless({1: [APP]}, [APP._replace(version="2.0")]) == {1: "app 1.0 becomes 2.0"}
    assert pointless({1: [APP]}, [APP._replace(fingerprint="new text")]) == {1: "the recipe of app changed again"}


def test_what_both_make_alike_and_what_the_newer_does_not_make_is_kept() -> None:
    assert pointless({1: [APP]}, [APP]) == {}
    assert pointless({1: [APP]}, [APP._replace(key=("linux-64", "app", "h2"), version="2.0")]) == {}


def test_a_build_is_pointless_if_one_of_its_outputs_is() -> None:
    other = Made(("linux-64", "libapp", "h1"), "1.0", "text")
    assert pointless({1: [other, APP], 2: [other]}, [other, APP._replace(version="2.0")]) == {1: "app 1.0 becomes 2.0"}
