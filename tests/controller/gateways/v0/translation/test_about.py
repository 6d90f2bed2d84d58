"""What people read of a package, in the new format."""

import json
from pathlib import Path

import pytest
from rattler_build import VariantConfig

from controller.gateways.rendering import render_text
from controller.gateways.v0.translation.about import spdx, translate_about
from controller.gateways.v0.translation.losses import Loss


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("GPL-3.0", "GPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("LGPL-2.1 or MIT", "LGPL-2.1-only OR MIT"),
        ("GPL-3.0-or-later", "GPL-3.0-or-later"),
        ("GPL (>= 2)", "LicenseRef-GPL-2"),
        ("MIT + file LICENSE", "LicenseRef-MIT-file-LICENSE"),
        ("???", "LicenseRef-unknown"),
    ],
)
def test_a_licence_is_one_that_the_builder_takes(said: str, meant: str) -> None:
    assert spdx(said) == meant
    text = json.dumps({"package": {"name": "a", "version": "1"}, "about": {"license": meant}})
    assert render_text(text, Path("recipe.yaml"), VariantConfig({}), "linux-64")


def test_addresses_and_prose() -> None:
    losses: list[Loss] = []
    said = {
        "home": "https://e.org/a, https://e.org/b", "dev_url": ["https://e.org/git"], "doc_url": "see the README",
        "summary": "Short", "description": "Long\n", "license_family": "MIT", "license": "MIT",
        "license_file": ["LICENSE", "$RECIPE_DIR/COPYING", "$PREFIX/lib/R/share/licenses/GPL-3"],
    }  # fmt: skip
    assert translate_about(said, losses, "") == {
        "summary": "Short", "description": "Long", "homepage": "https://e.org/a", "repository": "https://e.org/git",
        "license": "MIT", "license_file": ["LICENSE", "COPYING"],
    }  # fmt: skip
    assert [(loss.construct, loss.blocking) for loss in losses] == [("about/license_file", False)]


def test_nothing_about_it_is_nothing() -> None:
    assert translate_about(None, [], "") == {}
