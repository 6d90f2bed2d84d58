"""Sources of the old format in the new one."""

from typing import Any

import pytest

from controller.gateways.v0.translation.losses import Loss
from controller.gateways.v0.translation.sources import translate_sources

SHA = "a" * 64


def made(said: Any) -> tuple[list[dict[str, Any]], list[Loss]]:
    losses: list[Loss] = []
    return translate_sources(said, losses, ""), losses


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"url": "https://e.org/a.tar.gz", "sha256": SHA}, {"url": "https://e.org/a.tar.gz", "sha256": SHA}),
        (
            {"url": ["https://e.org/a", "https://f.org/a"], "md5": "b" * 32, "fn": "a.tgz", "folder": "src"},
            {
                "url": ["https://e.org/a", "https://f.org/a"], "md5": "b" * 32, "file_name": "a.tgz",
                "target_directory": "src",
            },
        ),
        ({"url": ["https://e.org/a"], "patches": "a.patch"}, {"url": "https://e.org/a", "patches": ["a.patch"]}),
        ({"url": "https://e.org/a", "patches": [None, "$RECIPE_DIR/a.patch"]},
         {"url": "https://e.org/a", "patches": ["a.patch"]}),
        ({"git_url": "https://e.org/a.git", "git_rev": "v1", "git_depth": "1"},
         {"git": "https://e.org/a.git", "rev": "v1", "depth": 1}),
        ({"git_url": "https://e.org/a.git", "git_depth": "-1", "sha256": SHA}, {"git": "https://e.org/a.git"}),
        ({"path": "$RECIPE_DIR/../src", "folder": "s"}, {"path": "../src", "target_directory": "s"}),
    ],
)  # fmt: skip
def test_a_source_keeps_its_meaning(said: dict[str, Any], meant: dict[str, Any]) -> None:
    assert made(said) == ([meant], [])


def test_several_sources_keep_their_order_and_empty_ones_go() -> None:
    found, _ = made([{"url": "https://e.org/a"}, {"url": None}, {"path": "b"}])
    assert found == [{"url": "https://e.org/a"}, {"path": "b"}]
    assert made(None) == ([], [])


def test_a_repository_of_another_kind_is_a_loss_that_blocks() -> None:
    found, losses = made([{"url": "https://e.org/a"}, {"svn_url": "https://e.org/svn"}])
    assert found == [{"url": "https://e.org/a"}]
    assert [(loss.construct, loss.blocking) for loss in losses] == [("source[1]/svn_url", True)]


def test_a_digest_that_nobody_checks_is_told() -> None:
    found, losses = made({"url": "https://e.org/a", "sha1": "c" * 40})
    assert found == [{"url": "https://e.org/a"}]
    assert [(loss.construct, loss.blocking) for loss in losses] == [("source/sha1", False)]
