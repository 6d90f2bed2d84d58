"""What the demo stands on."""

import subprocess
from pathlib import Path

import pytest

from controller.cli.demo import run as demo
from controller.cli.demo import stage
from controller.cli.demo.stage import DemoError, Tree, check
from controller.domain.errors import InvalidInputError


def test_a_step_that_is_not_as_said_ends_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    check("rebuilt", {"b", "a"}, {"a", "b"})
    assert "ok: rebuilt: a, b" in capsys.readouterr().err
    with pytest.raises(DemoError, match="rebuilt: expected"):
        check("rebuilt", {"a"}, {"a", "b"})


def test_the_scratch_tree_is_a_repository_that_minds_nobodys_git_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = odd\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    source = tmp_path / "source"
    (source / "zlib").mkdir(parents=True)
    (source / "zlib" / "recipe.yaml").write_text("package: {}\n", encoding="utf-8")
    tree = Tree(tmp_path / "tree")
    tree.lay([source])
    commit = tree.commit("one")
    said = subprocess.run(
        ["git", "-C", tree.folder, "log", "--format=%H %an"], capture_output=True, text=True, check=True
    )
    assert said.stdout == f"{commit} Ana\n"


def test_what_a_script_of_the_tree_says_when_it_fails_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="no compiler here"):
        Tree(tmp_path / "tree").run("-c", "raise SystemExit('no compiler here')")


def test_the_demos_farm_knows_nothing_of_another_farms_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_DATABASE_URL", "postgresql://the-real-one")
    monkeypatch.setenv("FARM_SOURCE_CACHE", "/cache")
    own = stage._environment()
    assert "FARM_DATABASE_URL" not in own
    assert own["FARM_SOURCE_CACHE"] == "/cache"


def test_a_demo_that_is_not_there_and_a_folder_in_use_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="starter, mkl"):
        demo.run("opera", None)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="not empty"):
        demo.run("starter", tmp_path)
