"""A commit on a branch, with neither the working files nor the current branch touched."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from controller.domain.errors import InvalidInputError, TreeError
from controller.gateways.branch_commits import LocalRepository, NewText
from tests.kit.recipe_trees import commit


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two committed files, and an edit that is not."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = eva\n\temail = eva@example.org\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(home))
    tree = tmp_path / "tree"
    (tree / "a b").mkdir(parents=True)
    (tree / "a b" / "meta.yaml").write_bytes(b"number: 0\r\n")
    (tree / "run.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    (tree / "run.sh").chmod(0o755)
    commit(tree, "begin")
    (tree / "run.sh").write_text("being edited\n", encoding="utf-8")
    return tree


def git(tree: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(tree), *arguments], check=True, capture_output=True)
    return done.stdout.decode()


def new(old: bytes, text: bytes) -> NewText:
    return NewText(sha256(old).hexdigest(), text)


@pytest.fixture
def repository(tree: Path, tmp_path: Path) -> LocalRepository:
    return LocalRepository(tree, tmp_path / "scratch")


META = {"a b/meta.yaml": new(b"number: 0\r\n", b"number: 1\r\n")}


def test_a_new_branch_begins_at_the_commit_named_and_nothing_else_moves(
    repository: LocalRepository, tree: Path
) -> None:
    base, status = git(tree, "rev-parse", "HEAD").strip(), git(tree, "status", "--porcelain")
    done = repository.commit(base, "farm/numbers", META, "Build numbers\n")
    assert git(tree, "show", "farm/numbers:a b/meta.yaml") == "number: 1\r\n"
    assert git(tree, "log", "-1", "--format=%H %P %an %s", "farm/numbers").split() == [
        done.commit, base, "eva", "Build", "numbers",
    ]  # fmt: skip
    assert git(tree, "rev-parse", "HEAD").strip() == base
    assert git(tree, "status", "--porcelain") == status
    assert git(tree, "diff", "--stat", base, "farm/numbers", "--", "run.sh") == ""


def test_a_file_keeps_its_mode(repository: LocalRepository, tree: Path) -> None:
    repository.commit("HEAD", "b", {"run.sh": new(b"#!/bin/sh\n", b"#!/bin/bash\n")}, "m\n")
    assert git(tree, "ls-tree", "b", "run.sh").split()[0] == "100755"


def test_a_branch_that_is_there_goes_on(repository: LocalRepository, tree: Path) -> None:
    first = repository.commit("HEAD", "b", META, "one\n")
    second = repository.commit("HEAD", "b", {"run.sh": new(b"#!/bin/sh\n", b"#!/bin/bash\n")}, "two\n")
    assert git(tree, "rev-parse", "b~1").strip() == first.commit
    assert git(tree, "rev-parse", "b").strip() == second.commit


def test_the_same_again_makes_no_commit(repository: LocalRepository, tree: Path) -> None:
    first = repository.commit("HEAD", "b", META, "one\n")
    assert repository.commit("HEAD", "b", META, "one\n").commit == ""
    assert git(tree, "rev-parse", "b").strip() == first.commit


def test_a_file_that_is_another_there_is_left_and_named(repository: LocalRepository, tree: Path) -> None:
    files = META | {"run.sh": new(b"something else\n", b"#!/bin/bash\n"), "gone": new(b"was\n", b"is\n")}
    done = repository.commit("HEAD", "b", files, "one\n")
    assert done.stale == ("gone", "run.sh")
    assert git(tree, "diff", "--name-only", "HEAD", "b").strip() == "a b/meta.yaml"


def test_the_branch_that_is_checked_out_is_refused(repository: LocalRepository) -> None:
    with pytest.raises(InvalidInputError, match="checked out"):
        repository.commit("HEAD", "main", META, "one\n")


def test_a_repository_without_the_commit_says_so(repository: LocalRepository) -> None:
    with pytest.raises(TreeError, match="does not have the commit"):
        repository.commit("ab" * 20, "b", META, "one\n")


def test_a_branch_is_pushed_under_its_own_name(repository: LocalRepository, tree: Path, tmp_path: Path) -> None:
    git(tree, "init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    git(tree, "remote", "add", "origin", str(tmp_path / "origin.git"))
    done = repository.commit("HEAD", "farm/numbers", META, "one\n")
    repository.push("farm/numbers")
    assert git(tmp_path / "origin.git", "for-each-ref", "--format=%(refname) %(objectname)").split() == [
        "refs/heads/farm/numbers", done.commit,
    ]  # fmt: skip


def test_a_bare_repository_will_do(tree: Path, tmp_path: Path) -> None:
    git(tree, "clone", "--quiet", "--bare", str(tree), str(tmp_path / "bare.git"))
    bare = LocalRepository(tmp_path / "bare.git", tmp_path / "scratch")
    done = bare.commit("HEAD", "b", META, "one\n")
    assert git(tmp_path / "bare.git", "rev-parse", "b").strip() == done.commit
