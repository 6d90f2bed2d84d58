"""Channels as conda clients fetch them."""

import hashlib
import json

import pytest
import zstandard
from starlette.testclient import TestClient

from tests.kit.filled_farm import Filled, output, package_of


def test_an_index_holds_what_the_channel_holds(looking: TestClient) -> None:
    plain = looking.get("/channels/testing/linux-64/repodata.json")
    assert plain.headers["content-type"] == "application/json"
    names = {record["name"] for record in plain.json()["packages.conda"].values()}
    assert names == {"zlib", "libpng", "openssl", "curl"}
    packed = looking.get("/channels/testing/linux-64/repodata.json.zst")
    assert packed.headers["content-type"] == "application/zstd"
    assert zstandard.ZstdDecompressor().decompress(packed.content) == plain.content


@pytest.mark.parametrize("channel", ["stable", "testing", "staging/B-2"])
def test_where_nothing_is_yet_the_index_is_empty_and_valid(looking: TestClient, channel: str) -> None:
    for name in ("repodata.json", "run_exports.json"):
        answer = looking.get(f"/channels/{channel}/osx-arm64/{name}")
        assert answer.status_code == 200
        assert answer.json()["packages.conda"] == {}
    assert looking.get(f"/channels/{channel}/osx-arm64/repodata.json.zst").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/channels/nobody/linux-64/repodata.json",
        "/channels/staging/B-999/linux-64/repodata.json",
        "/channels/stable@99/linux-64/repodata.json",
        "/channels/stable@x/linux-64/repodata.json",
        "/channels/stable/linux-64/nothing.json",
        "/channels/stable/LINUX/repodata.json",
        "/channels/stable/linux-64/absent-1.0-0.conda",
        "/store/linux-64/absent-1.0-0.conda",
    ],
)
def test_what_is_not_there_is_not_found(looking: TestClient, path: str) -> None:
    answer = looking.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/store/linux-64/..", "/store/%2e%2e/passwd", "/channels/stable/linux-64/..%2f..%2fx"]
)
def test_no_path_leaves_the_store(looking: TestClient, path: str) -> None:
    assert looking.get(path).status_code in (404, 422)


def test_an_old_snapshot_stays_as_it_was_and_says_that_it_does(looking: TestClient) -> None:
    old = looking.get("/channels/testing@1/linux-64/repodata.json")
    assert {record["name"] for record in old.json()["packages.conda"].values()} == {"zlib", "libpng"}
    assert "immutable" in old.headers["cache-control"]
    assert looking.get("/channels/testing/linux-64/repodata.json").headers["cache-control"] == "no-cache"


def test_what_a_client_has_already_is_not_sent_again(looking: TestClient) -> None:
    address = "/channels/testing/linux-64/repodata.json"
    first = looking.get(address)
    assert first.headers["etag"] == f'"{hashlib.sha256(first.content).hexdigest()}"'
    again = looking.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert looking.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_package_is_served_whole_in_ranges_and_by_its_head(looking: TestClient) -> None:
    made = output("zlib", "linux-64")
    data, address = package_of(made).conda(), f"/channels/stable/linux-64/{made.file_name}"
    whole = looking.get(address)
    assert (whole.content, whole.headers["etag"]) == (data, f'"{hashlib.sha256(data).hexdigest()}"')
    part = looking.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    head = looking.head(address)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))
    assert looking.head("/channels/stable/linux-64/repodata.json").status_code == 200


def test_a_file_is_in_its_channel_only(looking: TestClient, filled: Filled) -> None:
    name = output("numpy", "linux-64").file_name
    assert looking.get(f"/channels/staging/{filled.batch}/linux-64/{name}").status_code == 200
    assert looking.get(f"/channels/stable/linux-64/{name}").status_code == 404
    assert looking.get(f"/store/linux-64/{name}").status_code == 200


def test_run_exports_name_every_package(looking: TestClient) -> None:
    found = json.loads(looking.get("/channels/testing/linux-64/run_exports.json").content)
    assert len(found["packages.conda"]) == 4
