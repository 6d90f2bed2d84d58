"""Shards: the news of one package is one small file, and the clients that exist find it."""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgpack
import zstandard
from rattler import Gateway, Subdir, install, solve
from rattler.index import index_fs

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.recipes import Origin
from controller.gateways.index import exports_of, record_of
from controller.gateways.packages import inspect
from controller.gateways.shards import ENDING, INDEX_FILE, Shards
from tests.kit.builds import LIBRARY, build
from tests.kit.packages import Package
from tests.kit.served import Served, served


def inspected(channel: Path, subdir: str) -> list[Artifact]:
    return [inspect(path, subdir, path.name) for path in sorted((channel / subdir).glob("*.conda"))]


def unpacked(data: bytes) -> Any:
    return msgpack.unpackb(zstandard.ZstdDecompressor().decompressobj().decompress(data))


def serve(channel: Served, folder: Path, shards: Shards) -> list[str]:
    """Serve shards alone, no repodata.json; returns the digests of what was made anew."""
    fresh = []
    for subdir in ("linux-64", "noarch"):
        made = shards.shard_files(subdir, inspected(folder, subdir))
        channel.put(subdir, {INDEX_FILE: made.index})
        channel.put(subdir, {f"shards/{digest}{ENDING}": data for digest, data in made.shards.items()})
        channel.put(subdir, {path.name: path.read_bytes() for path in (folder / subdir).glob("*.conda")})
        fresh += list(made.shards)
    return fresh


def write(folder: Path, *packages: Package) -> None:
    for package in packages:
        package.write(folder)


async def _install(channel: Served, spec: str, folder: Path) -> dict[str, str]:
    gateway = Gateway(cache_dir=folder / "repodata")
    records = await solve([channel.url], [spec], gateway=gateway, platforms=[Subdir("linux-64"), Subdir("noarch")])
    await install(records, target_prefix=folder / "prefix", cache_dir=folder / "cache", show_progress=False)
    return {record.name.normalized: str(record.version) for record in records}


def test_a_client_solves_and_installs_from_shards_alone_also_after_one_more(tmp_path: Path) -> None:
    folder, shards = tmp_path / "channel", Shards()
    write(folder, Package("lib"), Package("app", depends=["lib", "data"]), Package("data", subdir="noarch"))
    with served() as channel:
        assert len(serve(channel, folder, shards)) == 3
        assert asyncio.run(_install(channel, "app", tmp_path / "1")) == {"app": "1.0", "lib": "1.0", "data": "1.0"}
        write(folder, Package("lib", "1.1"))
        assert len(serve(channel, folder, shards)) == 1
        assert asyncio.run(_install(channel, "app", tmp_path / "2")) == {"app": "1.0", "lib": "1.1", "data": "1.0"}


def test_the_builder_takes_exports_from_shards_and_asks_for_no_second_file(tmp_path: Path) -> None:
    recipe = """
package: {name: user, version: "1"}
build: {script: ["mkdir -p $PREFIX/x && echo hi > $PREFIX/x/y"]}
requirements: {host: [libtoy, libtoy-devel]}
"""
    build(tmp_path / "channel", tmp_path / "work", LIBRARY)
    with served() as channel:
        serve(channel, tmp_path / "channel", Shards())
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # the builder holds the lock our server needs
            apart.submit(build, tmp_path / "out", tmp_path / "work2", recipe, channels=[channel.url]).result()
        assert not [path for path in channel.asked if "run_exports" in path]
    (user,) = inspected(tmp_path / "out", "linux-64")
    assert user.depends == (Dependency("libtoy >=0.3.1,<0.4.0a0", Origin.RUN_EXPORT, "libtoy"),)


def test_of_really_built_packages_the_reference_indexer_makes_the_same_shards(tmp_path: Path) -> None:
    build(tmp_path, tmp_path / "work", LIBRARY)
    asyncio.run(index_fs(tmp_path, write_zst=False, write_shards=True))
    theirs = unpacked((tmp_path / "linux-64" / INDEX_FILE).read_bytes())
    made = Shards().shard_files("linux-64", inspected(tmp_path, "linux-64"))
    ours = unpacked(made.index)
    theirs["info"].pop("created_at")
    assert ours["info"] == theirs["info"]
    assert ours["shards"].keys() == theirs["shards"].keys()
    for name, digest in theirs["shards"].items():
        shard = unpacked((tmp_path / "linux-64" / "shards" / f"{digest.hex()}{ENDING}").read_bytes())
        for record in shard["packages.conda"].values():
            record.pop("indexed_timestamp", None)
            record.setdefault("run_exports", {})
        assert unpacked(made.shards[ours["shards"][name].hex()]) == shard


def test_a_shard_says_what_repodata_says() -> None:
    package = Package(depends=["a"], run_exports={"weak": ["toy"]})
    (artifact,) = _artifacts([package])
    made = Shards().shard_files("linux-64", [artifact])
    (shard,) = [unpacked(data) for data in made.shards.values()]
    record = shard["packages.conda"][package.file_name]
    assert record.pop("run_exports") == exports_of(artifact) == {"weak": ["toy"]}
    record["md5"], record["sha256"] = record["md5"].hex(), record["sha256"].hex()
    assert json.dumps(record) == json.dumps(dict(sorted(record_of(artifact).items())))


def test_the_same_set_gives_the_same_bytes_in_any_order_and_with_any_past() -> None:
    artifacts = _artifacts([Package(f"p{number}", f"{number}") for number in range(9)])
    shards = Shards()
    one = shards.shard_files("linux-64", artifacts, ["z-1-0.conda"])
    shards.shard_files("linux-64", artifacts[:4])
    shards.shard_files("noarch", artifacts)
    again = shards.shard_files("linux-64", artifacts[::-1], ["z-1-0.conda"])
    assert again.index == one.index == Shards().shard_files("linux-64", artifacts, ["z-1-0.conda"]).index
    assert all(one.shards[digest] == data for digest, data in again.shards.items())


def test_a_name_of_which_all_was_removed_says_so() -> None:
    made = Shards().shard_files("noarch", [], ["a-b-1.0-h0_0.conda"])
    (digest,) = unpacked(made.index)["shards"].values()
    assert list(unpacked(made.index)["shards"]) == ["a-b"]
    assert unpacked(made.shards[digest.hex()])["removed"] == ["a-b-1.0-h0_0.conda"]


def test_a_shard_collected_meanwhile_is_made_again_when_its_set_comes_back() -> None:
    artifacts = _artifacts([Package("a"), Package("b")])
    shards = Shards()
    one = shards.shard_files("linux-64", artifacts)
    assert one.digests == set(one.shards)
    lost = min(one.digests)
    again = shards.shard_files("linux-64", artifacts, kept=lambda digest: digest != lost)
    assert again.shards == {lost: one.shards[lost]}
    assert (again.index, again.digests) == (one.index, one.digests)


def test_an_empty_subdir_has_an_index() -> None:
    made = Shards().shard_files("noarch", [])
    assert unpacked(made.index)["shards"] == {}
    assert made.shards == {}


def _artifacts(packages: Sequence[Package]) -> list[Artifact]:
    with TemporaryDirectory() as folder:
        return [inspect(package.write(Path(folder)), package.subdir, package.file_name) for package in packages]
