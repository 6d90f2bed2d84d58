"""Trees of git and plain folders: copied once, never run, never left by a link."""

import gzip
import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.domain.errors import DataFolderError, TreeError
from controller.gateways.trees import Trees
from tests.kit.recipe_trees import commit, write_recipe


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_recipe(tmp_path / "tree", "lib")
    return tmp_path / "tree"


@pytest.fixture
def trees(tmp_path: Path) -> Iterator[Trees]:
    yield Trees(tmp_path / "kept")
    for path in (tmp_path / "kept").rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def git(tree: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(tree), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def lib(trees: Trees, tree: Path, sha: str) -> Path:
    """The files of the tree's library at a commit."""
    return trees.open(str(tree), sha).recipe("lib").folder


def test_a_branch_a_tag_and_nothing_at_all_resolve_to_the_commit(trees: Trees, tree: Path) -> None:
    sha = commit(tree, "one")
    git(tree, "tag", "v1")
    for rev in (None, "main", "v1", sha, sha[:10]):
        assert trees.resolve(str(tree), rev) == sha


def test_a_new_commit_is_seen_and_the_old_one_stays(trees: Trees, tree: Path) -> None:
    first = commit(tree, "one")
    assert trees.resolve(str(tree), None) == first
    old = lib(trees, tree, first)
    write_recipe(tree, "lib", version="2.0")
    second = commit(tree, "two")
    assert trees.resolve(str(tree), None) == second
    assert "2.0" in (lib(trees, tree, second) / "recipe.yaml").read_text()
    assert "2.0" not in (old / "recipe.yaml").read_text()


def test_the_default_branch_is_followed_when_it_changes(trees: Trees, tree: Path) -> None:
    commit(tree, "one")
    trees.resolve(str(tree), None)
    git(tree, "checkout", "--quiet", "-b", "next")
    write_recipe(tree, "lib", version="2.0")
    second = commit(tree, "two")
    assert trees.resolve(str(tree), None) == second


def test_a_commit_without_a_branch_that_was_force_pushed_away_is_still_known(trees: Trees, tree: Path) -> None:
    first = commit(tree, "one")
    trees.resolve(str(tree), None)
    git(tree, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--amend", "-m", "other")
    assert trees.resolve(str(tree), None) != first
    assert trees.resolve(str(tree), first) == first


def test_a_commit_of_which_a_full_disk_kept_only_a_part_is_fetched_again(trees: Trees, tree: Path) -> None:
    commit(tree, "one")
    trees.resolve(str(tree), None)
    write_recipe(tree, "later")
    second = commit(tree, "two")
    mirror = trees._mirror(str(tree))
    alone = subprocess.run(["git", "-C", str(tree), "cat-file", "commit", second], check=True, capture_output=True)
    keep = ["git", "--git-dir", str(mirror), "hash-object", "-t", "commit", "-w", "--stdin"]
    subprocess.run(keep, input=alone.stdout, check=True, capture_output=True)
    assert trees.resolve(str(tree), second) == second
    assert trees.open(str(tree), second).recipe("later").folder.is_dir()


def test_a_bare_repository_and_a_file_url_are_trees_too(trees: Trees, tree: Path, tmp_path: Path) -> None:
    sha = commit(tree, "one")
    git(tmp_path, "clone", "--quiet", "--bare", str(tree), "bare.git")
    assert trees.resolve(str(tmp_path / "bare.git"), None) == sha
    assert trees.resolve(f"file://{tree}", "main") == sha


def test_a_shallow_clone_is_a_tree_too(trees: Trees, tree: Path, tmp_path: Path) -> None:
    commit(tree, "one")
    write_recipe(tree, "lib", version="2.0")
    sha = commit(tree, "two")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", tree.as_uri(), str(shallow))
    assert trees.resolve(str(shallow), None) == sha
    assert list(trees.open(str(shallow), sha).places) == ["lib"]


def test_an_uncommitted_edit_is_not_in_a_commit(trees: Trees, tree: Path) -> None:
    sha = commit(tree, "one")
    write_recipe(tree, "lib", version="9.9")
    assert "9.9" not in (lib(trees, tree, trees.resolve(str(tree), sha)) / "recipe.yaml").read_text()


def test_the_summary_is_the_first_line_and_the_author(trees: Trees, tree: Path) -> None:
    sha = commit(tree, "lib: one\n\nand more")
    trees.resolve(str(tree), None)
    assert trees.summary(str(tree), sha) == ("lib: one", "ana")


def test_a_plain_folder_is_known_by_its_content(trees: Trees, tree: Path) -> None:
    first = trees.resolve(str(tree), None)
    assert first.startswith("folder-")
    assert trees.resolve(str(tree), None) == first
    assert (lib(trees, tree, first) / "recipe.yaml").is_file()
    assert trees.summary(str(tree), first) == ("tree as it is now", "")
    (tree / "lib" / "extra").write_text("more")
    assert trees.resolve(str(tree), None) != first


def test_a_folder_that_changed_after_it_was_resolved_is_what_it_was(trees: Trees, tree: Path) -> None:
    first = trees.resolve(str(tree), None)
    (tree / "lib" / "extra").write_text("more")
    assert not (lib(trees, tree, first) / "extra").exists()


def test_a_folder_of_a_repository_that_is_not_its_root_is_a_plain_folder(trees: Trees, tree: Path) -> None:
    commit(tree, "one")
    assert trees.resolve(str(tree / "lib"), None).startswith("folder-")


def test_a_checkout_is_made_once_and_can_not_be_written(trees: Trees, tree: Path) -> None:
    sha = commit(tree, "one")
    trees.resolve(str(tree), None)
    first = lib(trees, tree, sha)
    mode = (first / "recipe.yaml").stat().st_mode
    assert mode & 0o222 == 0
    assert lib(trees, tree, sha) == first


def test_several_at_once_end_with_one_checkout(trees: Trees, tree: Path) -> None:
    sha = commit(tree, "one")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: trees.resolve(str(tree), None), range(8))) == {sha}
        paths = set(pool.map(lambda _: lib(trees, tree, sha), range(8)))
    assert len(paths) == 1
    assert not list(trees.root.rglob(".new-*"))


def test_hooks_and_configuration_of_the_repository_are_not_run(trees: Trees, tree: Path, tmp_path: Path) -> None:
    sha = commit(tree, "one")
    mark = tmp_path / "mark"
    for hook in ("post-checkout", "pre-auto-gc", "post-upload-pack", "reference-transaction"):
        (tree / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (tree / ".git" / "hooks" / hook).chmod(0o755)
    git(tree, "config", "uploadpack.packObjectsHook", f"sh -c 'touch {mark}'")
    git(tree, "config", "core.fsmonitor", f"touch {mark}")
    git(tree, "config", "filter.evil.smudge", f"touch {mark}")
    lib(trees, tree, trees.resolve(str(tree), sha))
    assert not mark.exists()


def test_a_filter_and_an_export_rule_in_gitattributes_change_nothing(trees: Trees, tree: Path) -> None:
    (tree / ".gitattributes").write_text("*.txt export-ignore\n*.c export-subst filter=evil\n")
    (tree / "lib" / "a.txt").write_text("a")
    (tree / "lib" / "a.c").write_text("$Format:%H$")
    sha = commit(tree, "one")
    files = lib(trees, tree, trees.resolve(str(tree), sha))
    assert (files / "a.txt").read_text() == "a"
    assert (files / "a.c").read_text() == "$Format:%H$"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "sub/../../../outside"])
def test_a_link_that_leads_out_of_the_tree_is_refused(trees: Trees, tree: Path, target: str) -> None:
    (tree / "lib" / "evil").symlink_to(target)
    sha = commit(tree, "one")
    with pytest.raises(TreeError, match="evil is a link that leads out"):
        trees.open(str(tree), trees.resolve(str(tree), sha))
    assert not (trees.root / "folders").exists()


def test_links_that_lead_out_only_together_are_refused(trees: Trees, tree: Path) -> None:
    deep = tree / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "up").symlink_to("../../../")
    (deep / "evil").symlink_to("up/../x")
    sha = commit(tree, "one")
    with pytest.raises(TreeError, match="leads out"):
        trees.open(str(tree), trees.resolve(str(tree), sha))


def test_a_link_within_the_tree_is_kept_and_packed_as_its_file(trees: Trees, tree: Path) -> None:
    (tree / "shared.sh").write_text("echo shared\n")
    (tree / "lib" / "build.sh").symlink_to("../shared.sh")
    sha = commit(tree, "one")
    files = lib(trees, tree, trees.resolve(str(tree), sha))
    assert (files / "build.sh").read_text() == "echo shared\n"
    assert packed(trees.open(str(tree), sha).archive("lib"))["build.sh"] == b"echo shared\n"


def test_a_folder_with_a_link_out_of_it_is_refused(trees: Trees, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (tree / "lib" / "evil").symlink_to(tmp_path / "secret")
    with pytest.raises(TreeError, match="evil"):
        trees.resolve(str(tree), None)


def test_a_tree_that_is_not_there_and_a_revision_that_is_not_there_say_so(trees: Trees, tree: Path) -> None:
    commit(tree, "one")
    with pytest.raises(TreeError, match="no recipe tree at /nowhere"):
        trees.resolve("/nowhere", None)
    with pytest.raises(TreeError):
        trees.resolve(str(tree), "no-such-branch")
    with pytest.raises(TreeError, match="no revision"):
        trees.resolve(str(tree), "--upload-pack=touch /tmp/x")
    with pytest.raises(TreeError, match="no commit"):
        trees.open(str(tree), "../../etc")


def test_an_address_that_looks_like_an_option_is_not_one(trees: Trees) -> None:
    with pytest.raises(TreeError):
        trees.resolve("--upload-pack=touch /tmp/x", None)
    with pytest.raises(TreeError):
        trees.resolve("ext::sh -c 'touch /tmp/evil'://", None)


def packed(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def test_an_archive_has_the_same_bytes_whoever_makes_it_and_when(trees: Trees, tree: Path, tmp_path: Path) -> None:
    (tree / "lib" / "src").mkdir()
    (tree / "lib" / "src" / "z.c").write_text("z")
    (tree / "lib" / "run.sh").write_text("#!/bin/sh\n")
    (tree / "lib" / "run.sh").chmod(0o755)
    first = trees.open(str(tree), trees.resolve(str(tree), None)).archive("lib")
    os.utime(tree / "lib" / "run.sh", (0, 0))
    sha = commit(tree, "one")
    other = Trees(tmp_path / "elsewhere")
    second = other.open(str(tree), other.resolve(str(tree), sha)).archive("lib")
    assert first == second
    assert list(packed(first)) == ["recipe.yaml", "run.sh", "src/z.c"]
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        facts = {(m.mtime, m.uid, m.gid, m.uname, oct(m.mode)) for m in archive}
    assert facts == {(0, 0, 0, "", "0o644"), (0, 0, 0, "", "0o755")}
    assert gzip.decompress(first)


def test_dot_folders_and_build_output_are_left_out_of_archives(trees: Trees, tree: Path) -> None:
    for name in (".pixi", "__pycache__", "output"):
        (tree / "lib" / name).mkdir()
        (tree / "lib" / name / "x").write_text("x")
    checkout = trees.open(str(tree), trees.resolve(str(tree), None))
    assert list(packed(checkout.archive("lib"))) == ["recipe.yaml"]


def test_pins_of_another_tree_are_taken_as_they_are_there_now(trees: Trees, tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "pins"
    other.mkdir()
    (other / "conda_build_config.yaml").write_text('zlib: ["1"]\n')
    commit(other, "one")
    (tree / "farm.toml").write_text(f'[tree]\npins = [{{ tree = "{other}", file = "conda_build_config.yaml" }}]\n')
    sha = commit(tree, "one")
    trees.resolve(str(tree), sha)
    first = trees.open(str(tree), sha)
    (other / "conda_build_config.yaml").write_text('zlib: ["2"]\n')
    commit(other, "two")
    second = trees.open(str(tree), sha)
    assert [pin.text for pin in (*first.pins, *second.pins)] == [b'zlib: ["1"]\n', b'zlib: ["2"]\n']
    keys = [checkout.keys(checkout.readings(["linux-64"])) for checkout in (first, second)]
    assert keys[0].keys().isdisjoint(keys[1])


def test_a_full_disk_is_no_fault_of_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git says it, where there is no room for what it fetches."""
    command = tmp_path / "bin" / "git"
    command.parent.mkdir()
    command.write_text(
        "#!/bin/sh\necho 'fatal: write error: No space left on device' >&2\nexit 128\n", encoding="utf-8"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(DataFolderError, match="disk of the farm's data folder is full"):
        Trees(tmp_path / "trees").resolve("https://example.org/tree.git", None)
