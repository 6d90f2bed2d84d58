"""Patches that git takes."""

import subprocess
from pathlib import Path

import pytest

from controller.gateways.patches import patch_of


@pytest.mark.parametrize("end", ["\n", ""])
def test_git_takes_the_diff(tmp_path: Path, end: str) -> None:
    before = f"host:\n  - python\n  - lib 1.*{end}"
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "recipe.yaml").write_text(before)
    after = before.replace("1.*", "2.*")
    diff = patch_of("a/recipe.yaml", before, after)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff, text=True, check=True)
    assert (tmp_path / "a" / "recipe.yaml").read_text() == after


def test_nothing_changed_is_no_diff() -> None:
    assert patch_of("a", "x\n", "x\n") == ""
