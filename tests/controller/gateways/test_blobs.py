"""The store: what is in it is whole, and is what its name says."""

import hashlib
import threading
from pathlib import Path

import pytest

from controller.domain.errors import InvalidInputError, NotFoundError, UploadError
from controller.gateways.blobs import Blobs


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "store")


def part(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "part"
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_bytes_come_back_by_their_digest(blobs: Blobs) -> None:
    sha256 = blobs.put_bytes(b"hello")
    assert sha256 == digest(b"hello")
    assert blobs.read(sha256) == b"hello"
    assert blobs.size(sha256) == 5
    with blobs.open(sha256) as file:
        assert file.read() == b"hello"
    assert blobs.exists(sha256)
    assert blobs.verify(sha256)


def test_a_blob_lies_two_folders_deep_and_everyone_may_read_it(blobs: Blobs, tmp_path: Path) -> None:
    sha256 = blobs.put_bytes(b"x")
    assert blobs.path(sha256) == tmp_path / "store" / "sha256" / sha256[:2] / sha256[2:4] / sha256
    assert blobs.path(sha256).stat().st_mode & 0o777 == 0o644


def test_an_adopted_file_is_moved_and_readable(blobs: Blobs, tmp_path: Path) -> None:
    path = part(tmp_path, b"data")
    blobs.adopt(path, digest(b"data"))
    assert not path.exists()
    assert blobs.read(digest(b"data")) == b"data"
    assert blobs.path(digest(b"data")).stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_not_what_was_said_is_refused_and_left(blobs: Blobs, tmp_path: Path) -> None:
    path = part(tmp_path, b"data")
    with pytest.raises(UploadError, match="not"):
        blobs.adopt(path, digest(b"other"))
    assert path.exists()
    assert not blobs.exists(digest(b"other"))


def test_adopting_what_is_there_keeps_the_first_and_takes_the_second_away(blobs: Blobs, tmp_path: Path) -> None:
    sha256 = blobs.put_bytes(b"data")
    first = blobs.path(sha256).stat().st_ino
    path = part(tmp_path, b"data")
    blobs.adopt(path, sha256)
    assert not path.exists()
    assert blobs.path(sha256).stat().st_ino == first


def test_a_blob_cut_short_from_outside_is_healed_by_the_next_copy(blobs: Blobs) -> None:
    sha256 = blobs.put_bytes(b"data")
    blobs.path(sha256).write_bytes(b"da")
    assert not blobs.verify(sha256)
    blobs.put_bytes(b"data")
    assert blobs.verify(sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_what_is_no_digest_never_becomes_a_path(blobs: Blobs, name: str) -> None:
    with pytest.raises(InvalidInputError):
        blobs.path(name)


def test_a_missing_blob_is_said_to_be_missing(blobs: Blobs) -> None:
    missing = digest(b"never kept")
    assert not blobs.exists(missing)
    for ask in (blobs.read, blobs.size, blobs.verify, blobs.open):
        with pytest.raises(NotFoundError):
            ask(missing)


def test_many_writers_of_one_blob_leave_one_whole_file_and_no_scraps(blobs: Blobs, tmp_path: Path) -> None:
    data = b"z" * 300_000
    threads = [threading.Thread(target=blobs.put_bytes, args=(data,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blobs.verify(digest(data))
    assert list((tmp_path / "store" / "scratch").iterdir()) == []
