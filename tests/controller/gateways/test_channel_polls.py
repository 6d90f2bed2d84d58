"""The index of a channel is read only when it changed, within bounds, from a folder and over real HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from controller.domain.errors import UpstreamError
from controller.domain.recipes import RunExports
from controller.domain.upstream import Stamp
from controller.gateways.channel_files import AbsentError, Bounds
from controller.gateways.channel_polls import exports, poll
from tests.kit.served import Served, served
from tests.kit.upstream_channel import UpstreamChannel, foreign, in_folder

OLD, NEW = foreign("mkl", "2025.3", exported="2026.0a0"), foreign("mkl", "2026.1", exported="2027.0a0")
ZST, JSON = "linux-64/repodata.json.zst", "linux-64/repodata.json"


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as channel:
        channel.tagged = True
        UpstreamChannel(channel.put).hold(OLD, foreign("tbb", "1.0"))
        yield channel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    UpstreamChannel(in_folder(tmp_path)).hold(OLD, foreign("tbb", "1.0"))
    return tmp_path


def stamp_of(channel: str) -> Stamp:
    polled = poll(channel, "linux-64", ["mkl"])
    assert polled is not None
    return polled.stamp


def test_the_records_of_the_names_asked_for_come_with_the_stamp_of_the_compressed_file(server: Served) -> None:
    polled = poll(server.url, "linux-64", ["mkl", "nobody", "No Name"])
    assert polled is not None
    assert {name: [r.file_name for r in records] for name, records in polled.records.items()} == {
        "mkl": [OLD.file_name]
    }
    assert (polled.records["mkl"][0].sha256, polled.count) == (OLD.sha256, 2)
    assert polled.stamp.file == "repodata.json.zst"
    assert server.asked == [ZST]


def test_what_is_as_it_was_is_not_sent_again(server: Served) -> None:
    stamp = stamp_of(server.url)
    assert poll(server.url, "linux-64", ["mkl"], stamp) is None
    assert server.answers[-1] == (ZST, 304)


def test_a_server_without_validators_is_read_again_and_known_by_the_digest(server: Served) -> None:
    server.tagged = False
    stamp = stamp_of(server.url)
    again = poll(server.url, "linux-64", ["mkl"], stamp)
    assert again is not None
    assert again.stamp == stamp


def test_the_plain_form_does_where_there_is_no_other(server: Served) -> None:
    del server.files[ZST]
    stamp = stamp_of(server.url)
    assert stamp.file == "repodata.json"
    assert poll(server.url, "linux-64", ["mkl"], stamp) is None
    assert server.answers[-2:] == [(ZST, 404), (JSON, 304)]


def test_a_subdir_that_is_not_there_is_told(server: Served) -> None:
    with pytest.raises(AbsentError, match=r"it has no win-64/repodata\.json"):
        poll(server.url, "win-64", ["mkl"])


@pytest.mark.parametrize("status", [500, 503, 401])
def test_a_server_that_fails_is_told(server: Served, status: int) -> None:
    server.failing[ZST] = status
    with pytest.raises(UpstreamError, match=f"was answered with {status}"):
        poll(server.url, "linux-64", ["mkl"])


def test_a_server_that_is_away_is_told_without_the_secrets_of_its_address() -> None:
    with pytest.raises(UpstreamError, match=r"^http://\*\*\*@127.0.0.1:9/t/\*\*\*/c: linux-64") as told:
        poll("http://eva:secret@127.0.0.1:9/t/token/c", "linux-64", ["mkl"])
    assert "secret" not in str(told.value)


def test_an_answer_that_breaks_off_is_told(server: Served) -> None:
    server.cut.add(ZST)
    with pytest.raises(UpstreamError, match="cannot be had"):
        poll(server.url, "linux-64", ["mkl"])


@pytest.mark.parametrize("data", [
    b"", b"<html>sorry</html>", b"[]", b'{"packages": {"mkl', b'{"packages": null}', b"\xff\xfe", b"[" * 100_000,
])  # fmt: skip
def test_what_is_no_index_is_told_in_both_forms(server: Served, data: bytes) -> None:
    server.files[ZST] = zstandard.compress(data)
    with pytest.raises(UpstreamError, match=r"repodata\.json\.zst is damaged"):
        poll(server.url, "linux-64", ["mkl"])
    del server.files[ZST]
    server.files[JSON] = data
    with pytest.raises(UpstreamError, match=r"repodata\.json is damaged"):
        poll(server.url, "linux-64", ["mkl"])


def test_a_frame_that_is_cut_or_damaged_is_told(server: Served) -> None:
    whole = server.files[ZST]
    for data in (whole[: len(whole) // 2], b"no frame at all", whole[:-9] + bytes(9)):
        server.files[ZST] = data
        with pytest.raises(UpstreamError, match="is damaged"):
            poll(server.url, "linux-64", ["mkl"])


def test_more_than_the_bound_is_refused_while_it_is_unpacked(server: Served) -> None:
    server.files[ZST] = zstandard.compress(bytes(50_000_000))
    assert len(server.files[ZST]) < 10_000
    with pytest.raises(UpstreamError, match="has more than 1000000 bytes"):
        poll(server.url, "linux-64", ["mkl"], bounds=Bounds(bytes=1_000_000))


def test_a_channel_that_takes_too_long_is_left(server: Served) -> None:
    with pytest.raises(UpstreamError, match=r"took longer than 0 s|cannot be had"):
        poll(server.url, "linux-64", ["mkl"], bounds=Bounds(seconds=1e-6))


def test_a_record_that_cannot_be_read_costs_its_own_name_alone(server: Served) -> None:
    index = json.loads(server.files[JSON])
    index["packages.conda"][OLD.file_name]["version"] = "!!"
    server.files[ZST] = zstandard.compress(json.dumps(index).encode())
    polled = poll(server.url, "linux-64", ["mkl", "tbb"])
    assert polled is not None
    assert set(polled.records) == {"tbb"}
    assert [fault.split(" ", 1)[0] for fault in polled.faults] == ["mkl"]


def test_a_folder_is_read_again_when_its_file_is_another(folder: Path) -> None:
    stamp = stamp_of(str(folder))
    assert poll(str(folder), "linux-64", ["mkl"], stamp) is None
    assert poll(folder.as_uri(), "linux-64", ["mkl"], stamp) is None
    UpstreamChannel(in_folder(folder)).hold(OLD, NEW)
    later = poll(str(folder), "linux-64", ["mkl"], stamp)
    assert later is not None
    assert [record.version for record in later.records["mkl"]] == ["2025.3", "2026.1"]


def test_a_folder_without_an_index_is_told(tmp_path: Path) -> None:
    with pytest.raises(AbsentError):
        poll(str(tmp_path), "linux-64", ["mkl"])
    (tmp_path / "linux-64" / "repodata.json.zst").mkdir(parents=True)
    with pytest.raises(UpstreamError, match="cannot be read"):
        poll(str(tmp_path), "linux-64", ["mkl"])


def test_exports_come_from_the_channel_where_it_tells_them(server: Served) -> None:
    told = exports(server.url, "linux-64", [OLD.file_name, "nobody-1-0.conda"])
    assert told == {OLD.file_name: RunExports(weak=("mkl >=2025.3,<2026.0a0",))}
    assert exports(server.url, "linux-64", []) == {}
    for name in [name for name in server.files if "run_exports" in name]:
        del server.files[name]
    assert exports(server.url, "linux-64", [OLD.file_name]) == {}


@pytest.mark.parametrize("data", [b"[]", b"{", b'{"packages.conda": {"%s": 3}}', b'{"packages.conda": {"%s": {}}}'])
def test_damaged_exports_are_told(server: Served, data: bytes) -> None:
    name = OLD.file_name.encode()
    server.files["linux-64/run_exports.json.zst"] = zstandard.compress(data.replace(b"%s", name))
    with pytest.raises(UpstreamError, match=r"run_exports\.json is damaged"):
        exports(server.url, "linux-64", [OLD.file_name])
