"""Listings of trees: links are what they lead to, nothing leads out, folders and git trees are told alike."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from controller.domain.errors import TreeError
from controller.gateways.listing import Listing, blob_id, list_folder, read_changes, read_listing
from tests.kit.recipe_trees import commit, write_recipe


def listed(entries: dict[str, tuple[str, str]]) -> Listing:
    """By path: mode, and the text of the file or where the link leads to."""
    contents = {blob_id(text.encode()): text.encode() for _, text in entries.values()}
    lines = [f"{mode} blob {blob_id(text.encode())}\t{path}" for path, (mode, text) in entries.items()]

    def read(blobs: Iterable[str]) -> dict[str, bytes]:
        return {blob: contents[blob] for blob in blobs}

    return read_listing("".join(f"{line}\0" for line in lines).encode(), read)


def test_a_folder_is_listed_as_the_same_folder_in_git(tmp_path: Path) -> None:
    write_recipe(tmp_path, "one")
    (tmp_path / "one" / "build.sh").write_text("echo\n")
    (tmp_path / "one" / "build.sh").chmod(0o755)
    (tmp_path / "one" / "ä b").write_bytes(b"\x00")
    commit(tmp_path, "all")
    said = subprocess.run(
        ["git", "-C", str(tmp_path), "ls-tree", "-r", "-z", "--full-tree", "HEAD"], check=True, capture_output=True
    ).stdout
    assert read_listing(said, lambda _: {}).entries == list_folder(tmp_path).entries


def test_a_link_is_the_file_that_it_leads_to_over_other_links_and_folders() -> None:
    found = listed(
        {
            "lib/recipe.yaml": ("100644", "x"), "lib/run.sh": ("100755", "echo"), "new": ("120000", "lib"),
            "app/run.sh": ("120000", "../new/run.sh"), "app/again": ("120000", "run.sh"),
        }
    )  # fmt: skip
    assert {path: entry.blob for path, entry in found.entries.items() if path.startswith("app")} == {
        "app/run.sh": blob_id(b"echo"), "app/again": blob_id(b"echo"),
    }  # fmt: skip
    assert found.entries["app/again"].program
    assert found.broken == {"new": "lib"}
    assert found.targets >= {"lib/run.sh"}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "../..", "up/../../../x"])
def test_a_link_that_leads_out_of_the_tree_is_refused(target: str) -> None:
    with pytest.raises(TreeError, match="leads out of the tree"):
        listed({"lib/recipe.yaml": ("100644", "x"), "lib/link": ("120000", target)})


def test_a_link_over_a_link_never_leads_to_what_the_tree_does_not_have() -> None:
    up = {"a/b/up": ("120000", "../.."), "x": ("100644", "")}
    found = listed(up | {"a/link": ("120000", "b/up/secret"), "a/same": ("120000", "b/up/a/../x")})
    assert list(found.entries) == ["x", "a/same"]
    assert found.broken.keys() == {"a/b/up", "a/link"}
    with pytest.raises(TreeError, match="leads out of the tree"):
        listed(up | {"a/link": ("120000", "b/up/../secret")})


def test_a_link_to_itself_leads_nowhere() -> None:
    assert listed({"a": ("120000", "b"), "b": ("120000", "a")}).broken == {"a": "b", "b": "a"}


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../x", "a/..", "C:/x", "a\\b"])
def test_a_path_that_leads_out_of_the_tree_is_refused(path: str) -> None:
    with pytest.raises(TreeError, match="leads out of the tree"):
        listed({"fine": ("100644", ""), path: ("100644", "")})


def test_another_repository_within_is_not_followed() -> None:
    lines = (f"160000 commit {'a' * 40}\tmodule", f"100644 blob {'b' * 40}\tfile", "")
    assert list(read_listing("\0".join(lines).encode(), lambda _: {}).entries) == ["file"]


def test_files_belong_to_the_nearest_recipe_and_hidden_ones_to_none() -> None:
    found = listed(
        dict.fromkeys(
            ["a/meta.yaml", "a/build.sh", "a/src/x.c", "a/1.0/meta.yaml", "a/1.0/y", "a/.git/z", "a/output/o", "free"],
            ("100644", ""),
        )
    ).by_recipe()
    assert {folder: [entry.path for entry in entries] for folder, entries in found.items()} == {
        "a": ["a/build.sh", "a/meta.yaml", "a/src/x.c"],
        "a/1.0": ["a/1.0/meta.yaml", "a/1.0/y"],
    }


def test_changes_are_told_only_where_files_stay_files() -> None:
    old, new = "a" * 40, "b" * 40
    changed = f":100644 100755 {old} {new} M\0lib/run.sh\0"
    found = read_changes(changed.encode())
    assert found is not None
    assert (found["lib/run.sh"].program, found["lib/run.sh"].blob) == (True, new)
    assert read_changes(b"") == {}
    for other in (f":000000 100644 {old} {new} A\0x\0", f":100644 120000 {old} {new} T\0x\0"):
        assert read_changes((changed + other).encode()) is None
