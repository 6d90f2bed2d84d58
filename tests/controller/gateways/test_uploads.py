"""Uploads: whatever is repeated, cut off or sent twice at once, the blob is the bytes or there is none."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.errors import InvalidInputError, UploadError
from controller.gateways.blobs import Blobs
from controller.gateways.uploads import Uploads

LIMIT = 1 << 20


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "store")


@pytest.fixture
def uploads(tmp_path: Path, blobs: Blobs) -> Uploads:
    return Uploads(tmp_path / "uploads", blobs)


def test_an_upload_in_pieces_becomes_a_blob(uploads: Uploads, blobs: Blobs) -> None:
    assert uploads.offset("a-1") == 0
    assert uploads.append("a-1", 0, [b"he", b"ll"], 5, LIMIT) == 4
    assert uploads.offset("a-1") == 4
    assert uploads.append("a-1", 4, [b"o"], 5, LIMIT) == 5
    uploads.finish("a-1", digest(b"hello"))
    assert blobs.read(digest(b"hello")) == b"hello"
    assert uploads.offset("a-1") == 0


def test_a_wrong_offset_is_told_the_right_one(uploads: Uploads) -> None:
    uploads.append("a", 0, [b"abc"], 10, LIMIT)
    for wrong in (0, 2, 4):
        with pytest.raises(UploadError, match="from 3 bytes"):
            uploads.append("a", wrong, [b"x"], 10, LIMIT)
    with pytest.raises(UploadError, match="from 3 bytes"):
        uploads.append("a", 7, [], 10, LIMIT)
    assert uploads.offset("a") == 3


def test_bytes_past_the_announced_length_are_refused(uploads: Uploads) -> None:
    with pytest.raises(UploadError, match="announced"):
        uploads.append("a", 0, [b"abc", b"def"], 5, LIMIT)
    assert uploads.offset("a") == 3


@pytest.mark.parametrize("length", [LIMIT + 1, -1])
def test_a_file_over_the_limit_is_refused_before_its_first_byte(uploads: Uploads, length: int) -> None:
    with pytest.raises(UploadError, match="limit"):
        uploads.append("a", 0, [b"abc"], length, LIMIT)
    assert uploads.offset("a") == 0


def test_wrong_bytes_are_deleted(uploads: Uploads, blobs: Blobs) -> None:
    uploads.append("a", 0, [b"evil"], 4, LIMIT)
    with pytest.raises(UploadError):
        uploads.finish("a", digest(b"good"))
    assert uploads.offset("a") == 0
    assert not blobs.exists(digest(b"good"))
    assert not blobs.exists(digest(b"evil"))


def test_finishing_twice_is_finishing_once(uploads: Uploads) -> None:
    uploads.append("a", 0, [b"good"], 4, LIMIT)
    uploads.finish("a", digest(b"good"))
    uploads.finish("a", digest(b"good"))


def test_finishing_what_was_never_sent_is_refused(uploads: Uploads) -> None:
    with pytest.raises(UploadError, match="Nothing is kept"):
        uploads.finish("a", digest(b"good"))


def test_a_discarded_upload_begins_anew(uploads: Uploads) -> None:
    uploads.append("a", 0, [b"abc"], 4, LIMIT)
    uploads.discard("a")
    uploads.discard("a")
    assert uploads.offset("a") == 0


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a" * 300, "a\n"])
def test_a_name_is_never_a_path(uploads: Uploads, name: str) -> None:
    with pytest.raises(InvalidInputError):
        uploads.offset(name)


def test_an_upload_survives_a_controller_killed_in_the_middle_of_a_chunk(
    uploads: Uploads, blobs: Blobs, tmp_path: Path
) -> None:
    uploads.append("a", 0, [b"0123"], 10, LIMIT)
    with (tmp_path / "uploads" / "a").open("ab") as file:
        file.write(b"45")  # half of the next chunk reached the disk
    again = Uploads(tmp_path / "uploads", blobs)
    assert again.append("a", again.offset("a"), [b"6789"], 10, LIMIT) == 10
    again.finish("a", digest(b"0123456789"))


def test_a_request_that_hung_meanwhile_cannot_write_into_the_finished_blob(uploads: Uploads, blobs: Blobs) -> None:
    def slow() -> Iterator[bytes]:
        yield b"good"
        uploads.finish("a", digest(b"good"))  # another request saw that all is there
        yield b"evil"

    with pytest.raises(UploadError, match="finished"):
        uploads.append("a", 0, slow(), 8, LIMIT)
    assert blobs.verify(digest(b"good"))


def test_of_two_requests_at_once_the_one_left_behind_stops(uploads: Uploads) -> None:
    def slow() -> Iterator[bytes]:
        yield b"ab"
        uploads.append("a", 2, [b"cd"], 6, LIMIT)
        yield b"XX"

    with pytest.raises(UploadError, match="from 4 bytes"):
        uploads.append("a", 0, slow(), 6, LIMIT)
    assert uploads.append("a", 4, [b"ef"], 6, LIMIT) == 6
    uploads.finish("a", digest(b"abcdef"))


class _CutOff(Exception):  # noqa: N818 -- what a broken connection looks like from here
    pass


def _pieces(data: bytes, start: int, size: int, last: int) -> Iterator[bytes]:
    for number, at in enumerate(range(start, len(data), size)):
        if number == last:
            raise _CutOff
        yield data[at : at + size]


@given(
    data=st.binary(max_size=200),
    tries=st.lists(st.tuples(st.integers(0, 220), st.integers(1, 50), st.integers(0, 6)), max_size=12),
)
def test_any_interleaving_of_retries_gives_the_bytes(data: bytes, tries: list[tuple[int, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        blobs = Blobs(Path(folder) / "store")
        uploads = Uploads(Path(folder) / "uploads", blobs)
        for offset, size, last in tries:
            with suppress(UploadError, _CutOff):
                uploads.append("a", offset, _pieces(data, offset, size, last), len(data), LIMIT)
            kept = uploads.offset("a")
            assert (Path(folder) / "uploads" / "a").read_bytes() == data[:kept]
        kept = uploads.offset("a")
        assert uploads.append("a", kept, [data[kept:]], len(data), LIMIT) == len(data)
        uploads.finish("a", digest(data))
        assert blobs.read(digest(data)) == data
