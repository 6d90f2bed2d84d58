"""The room that a worker has: its cache goes before its work does."""

from pathlib import Path

from workers.agent.work import Place


def place(folder: Path, full: int) -> Place:
    cache = folder / "cache"
    cache.mkdir()
    (cache / "package").write_text("fetched", encoding="utf-8")
    return Place(folder / "attempts", cache, "linux-64", {}, full_bytes=full, least_free_bytes=1 << 62)


def test_with_room_nothing_is_emptied(tmp_path: Path) -> None:
    here = place(tmp_path, 0)
    here.attempts.mkdir()
    assert here.has_room()
    assert (here.cache / "package").exists()


def test_on_a_full_disk_the_cache_is_emptied_before_it_is_said(tmp_path: Path) -> None:
    here = place(tmp_path, 1 << 62)
    here.attempts.mkdir()
    assert not here.has_room()
    assert not (here.cache / "package").exists()
