"""Secrets of a farm: made once, whole, for the owner alone."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.domain.errors import DataFolderError
from controller.wiring import keep_token


def test_a_token_is_made_once_and_kept(tmp_path: Path) -> None:
    first = keep_token(tmp_path / "token")
    assert len(first) > 20
    assert keep_token(tmp_path / "token") == first
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


@pytest.mark.skipif(sys.platform == "win32", reason="files there have no such mode")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    keep_token(tmp_path / "token")
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_of_several_that_start_at_once_all_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(keep_token, [tmp_path / "token"] * 32))) == 1


def test_a_token_that_a_full_disk_cut_off_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("", encoding="utf-8")
    with pytest.raises(DataFolderError, match="is empty"):
        keep_token(tmp_path / "token")


def test_a_token_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="cannot be kept"):
        keep_token(tmp_path / "nowhere" / "token")
