"""Index files: the same bytes for the same set, read by the real clients as they read anybody's."""

import asyncio
import json
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rattler import Gateway, RepoData, Subdir, install, solve
from rattler.exceptions import SolverError
from rattler.index import index_fs

from controller.domain.artifacts import Artifact, Dependency
from controller.domain.recipes import Origin, RunExports
from controller.gateways import index as module
from controller.gateways.index import Records, compress, index_files, render_repodata, render_run_exports
from controller.gateways.packages import inspect
from tests.kit.builds import LIBRARY, PINNED, PROGRAM, RUNTIME, TOOL, build
from tests.kit.packages import Package
from tests.kit.served import Served, served


def artifact(name: str = "toy", **values: Any) -> Artifact:
    known: dict[str, Any] = {
        "file_name": f"{name}-1.0-h0_0.conda", "subdir": "linux-64", "name": name, "version": "1.0", "build": "h0_0",
        "build_number": 0, "sha256": f"{hash(name) % (1 << 256):064x}", "md5": "0" * 32, "size": 10,
        "timestamp_ms": 1_700_000_000_000,
    }  # fmt: skip
    return Artifact(**(known | values))


def inspected(channel: Path) -> list[Artifact]:
    return [inspect(p, p.parent.name, p.name) for p in sorted(channel.glob("*/*")) if p.suffix in (".conda", ".bz2")]


def test_an_empty_subdir_still_has_every_file() -> None:
    files = index_files("noarch", [])
    assert json.loads(files["repodata.json"]) == {
        "info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {}, "removed": [], "repodata_version": 1,
    }  # fmt: skip
    assert zstandard.decompress(files["repodata.json.zst"]) == files["repodata.json"]
    assert json.loads(files["run_exports.json"]) == {
        "info": {"subdir": "noarch", "version": 1}, "packages": {}, "packages.conda": {},
    }  # fmt: skip


def test_a_record_holds_what_the_file_says_and_nothing_empty() -> None:
    full = artifact(
        depends=(Dependency("a >=1", Origin.RUN_EXPORT, "a"),), constrains=(Dependency("b <2"),), license="MIT",
        license_family="MIT", arch="x86_64", platform="linux", noarch="python", track_features="x", features="y",
        python_site_packages_path="lib/p",
    )  # fmt: skip
    bare = artifact("bare", file_name="bare-1.0-h0_0.tar.bz2", timestamp_ms=0)
    data = json.loads(render_repodata("linux-64", [full, bare], ["old-1-0.conda", "old-1-0.conda", "a-1-0.conda"]))
    assert data["packages.conda"] == {
        "toy-1.0-h0_0.conda": {
            "arch": "x86_64", "build": "h0_0", "build_number": 0, "constrains": ["b <2"], "depends": ["a >=1"],
            "features": "y", "license": "MIT", "license_family": "MIT", "md5": "0" * 32, "name": "toy",
            "noarch": "python", "platform": "linux", "python_site_packages_path": "lib/p", "sha256": full.sha256,
            "size": 10, "subdir": "linux-64", "timestamp": 1_700_000_000_000, "track_features": "x", "version": "1.0",
        }
    }  # fmt: skip
    assert data["packages"] == {
        "bare-1.0-h0_0.tar.bz2": {
            "build": "h0_0", "build_number": 0, "depends": [], "md5": "0" * 32, "name": "bare", "sha256": bare.sha256,
            "size": 10, "subdir": "linux-64", "version": "1.0",
        }
    }  # fmt: skip
    assert data["removed"] == ["a-1-0.conda", "old-1-0.conda"]


def test_exports_are_listed_for_every_package_and_empty_kinds_left_out() -> None:
    exporting = artifact(run_exports=RunExports(weak=("toy >=1",), noarch=("x",)), has_run_exports=True)
    data = json.loads(render_run_exports("linux-64", [artifact("bare"), exporting]))
    assert data["packages.conda"] == {
        "bare-1.0-h0_0.conda": {"run_exports": {}},
        "toy-1.0-h0_0.conda": {"run_exports": {"noarch": ["x"], "weak": ["toy >=1"]}},
    }


def test_the_same_set_in_any_order_gives_the_same_bytes() -> None:
    artifacts = [artifact(f"p{number}", license="é\u2028") for number in range(50)]
    shuffled = random.Random(3).sample(artifacts, len(artifacts))
    assert index_files("linux-64", artifacts, ["b", "a"]) == index_files("linux-64", shuffled, ["a", "b"], Records())


def test_one_more_package_renders_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    records, rendered = Records(), []
    real = module.record_of
    monkeypatch.setattr(module, "record_of", lambda one: rendered.append(one.name) or real(one))
    artifacts = [artifact(f"p{number}") for number in range(20)]
    index_files("linux-64", artifacts, records=records)
    rendered.clear()
    warm = index_files("linux-64", [*artifacts, artifact("new")], records=records)
    assert rendered == ["new"]
    assert warm == index_files("linux-64", [*artifacts, artifact("new")])


def test_records_are_forgotten_past_a_limit_and_come_out_the_same() -> None:
    artifacts = [artifact(f"p{number}") for number in range(20)]
    assert index_files("linux-64", artifacts, records=Records(limit=7)) == index_files("linux-64", artifacts)


def test_a_level_is_honoured_and_the_frame_says_its_size() -> None:
    data = b"abc" * 10_000
    assert zstandard.frame_content_size(compress(data)) == len(data)
    assert zstandard.decompress(compress(data, level=19)) == data


# What rattler's own indexer makes of the same files.


def _rattler_index(channel: Path) -> dict[str, dict[str, Any]]:
    asyncio.run(index_fs(channel, write_zst=False, write_shards=False))
    found = {}
    for path in channel.glob("*/repodata.json"):
        data = json.loads(path.read_text())
        for record in [*data["packages"].values(), *data["packages.conda"].values()]:
            record.pop("run_exports", None)  # rattler puts exports into the records, we into run_exports.json
            record.pop("indexed_timestamp", None)  # rattler's note of its own doing
        found[path.parent.name] = {key: data[key] for key in ("packages", "packages.conda")}
    return found


def _our_index(channel: Path, subdirs: Sequence[str]) -> dict[str, dict[str, Any]]:
    artifacts = inspected(channel)
    found = {}
    for subdir in subdirs:
        data = json.loads(index_files(subdir, [a for a in artifacts if a.subdir == subdir])["repodata.json"])
        found[subdir] = {key: data[key] for key in ("packages", "packages.conda")}
    return found


@pytest.fixture(scope="module")
def real_channel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the real builder made."""
    channel = tmp_path_factory.mktemp("channel")
    variants = "zoo: ['1.9']\nlibtoy: ['0.3']\n"
    build(channel, tmp_path_factory.mktemp("work"), RUNTIME, TOOL, PINNED, LIBRARY, PROGRAM, variants=variants)
    return channel


def test_of_really_built_packages_rattler_makes_the_same_records(real_channel: Path) -> None:
    theirs = _rattler_index(real_channel)
    assert sorted(theirs) == ["linux-64", "noarch"]
    assert len(theirs["linux-64"]["packages.conda"]) == 5
    assert _our_index(real_channel, list(theirs)) == theirs


SPECS = st.lists(st.sampled_from(["a", "b >=1", "c ==1 h0_0", "d >=1,<2", "__glibc >=2.17"]), max_size=3)
PACKAGES = st.builds(
    Package,
    name=st.sampled_from(["a", "b", "c-d", "_e", "f.g"]),
    version=st.sampled_from(["1.0", "2!1.0", "1.0rc1", "1.10+local", "2024.2.1"]),
    build=st.sampled_from(["h0_0", "py312h1_3", "0"]),
    subdir=st.sampled_from(["linux-64", "noarch", "win-64"]),
    depends=SPECS,
    index=st.fixed_dictionaries(
        {},
        optional={
            "constrains": SPECS,
            "license": st.sampled_from(["MIT", "Apache-2.0 WITH é", None]),
            "license_family": st.sampled_from(["BSD", None]),
            "arch": st.sampled_from(["x86_64", None]),
            "platform": st.sampled_from(["linux", None]),
            "track_features": st.sampled_from(["x", "x y", "x,y", ["x"], ["x", "y"], []]),
            "features": st.sampled_from(["x", None]),
            "timestamp": st.just(1_700_000_000_123),
            "python_site_packages_path": st.sampled_from(["lib/python3.13t/site-packages", None]),
            "preferred_env": st.just("x"),
        },
    ),
    run_exports=st.sampled_from([None, {}, {"weak": ["a >=1"]}]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(packages=st.lists(PACKAGES, max_size=5))
def test_of_any_packages_rattler_makes_the_same_records(packages: list[Package]) -> None:
    with TemporaryDirectory() as folder:
        for number, package in enumerate(packages):
            path = package.write(Path(folder))
            if number % 3 == 2:
                path.with_name(package.stem + ".tar.bz2").write_bytes(package.tar_bz2())
        (Path(folder) / "noarch").mkdir(exist_ok=True)
        theirs = _rattler_index(Path(folder))
        assert _our_index(Path(folder), list(theirs)) == theirs


# Over HTTP, as users come.


def _publish(channel: Served, packages: Sequence[Package], folder: Path) -> None:
    for package in packages:
        path = package.write(folder)
        channel.files[f"{package.subdir}/{package.file_name}"] = path.read_bytes()
    artifacts = inspected(folder)
    for subdir in ("linux-64", "noarch"):
        channel.put(subdir, index_files(subdir, [a for a in artifacts if a.subdir == subdir]))


async def _install(channel: Served, spec: str, gateway: Gateway, folder: Path) -> dict[str, str]:
    records = await solve([channel.url], [spec], gateway=gateway, platforms=[Subdir("linux-64"), Subdir("noarch")])
    await install(records, target_prefix=folder / "prefix", cache_dir=folder / "cache", show_progress=False)
    return {record.name.normalized: str(record.version) for record in records}


def test_packages_solve_and_install_over_http_also_after_one_more_is_published(tmp_path: Path) -> None:
    lib = Package("lib", "1.0", files={"lib/lib.txt": b"1.0"})
    app = Package("app", "1.0", depends=["lib >=1", "data"], files={"bin/app.txt": b"app"})
    data = Package("data", "3", subdir="noarch", files={"share/data.txt": b"data"})
    with served() as channel:
        _publish(channel, [lib, app, data], tmp_path / "channel")
        gateway = Gateway(cache_dir=tmp_path / "repodata")
        found = asyncio.run(_install(channel, "app", gateway, tmp_path / "one"))
        assert found == {"app": "1.0", "lib": "1.0", "data": "3"}
        assert (tmp_path / "one" / "prefix" / "bin" / "app.txt").read_bytes() == b"app"
        assert "linux-64/repodata.json.zst" in channel.asked

        _publish(channel, [Package("lib", "1.1", files={"lib/lib.txt": b"1.1"})], tmp_path / "channel")
        fresh = Gateway(cache_dir=tmp_path / "repodata2")
        found = asyncio.run(_install(channel, "app", fresh, tmp_path / "two"))
        assert found["lib"] == "1.1"
        assert (tmp_path / "two" / "prefix" / "lib" / "lib.txt").read_bytes() == b"1.1"


def test_a_client_that_knows_no_zst_reads_the_plain_file(tmp_path: Path) -> None:
    with served() as channel:
        _publish(channel, [Package("lib", "1.0")], tmp_path / "channel")
        for path in [path for path in channel.files if path.endswith(".zst")]:
            del channel.files[path]
        found = asyncio.run(_install(channel, "lib", Gateway(cache_dir=tmp_path / "repodata"), tmp_path / "one"))
        assert found == {"lib": "1.0"}


def test_a_removed_package_is_no_longer_found(tmp_path: Path) -> None:
    with served() as channel:
        _publish(channel, [Package("lib", "1.0")], tmp_path / "channel")
        channel.put("linux-64", index_files("linux-64", [], ["lib-1.0-h0_0.conda"]))
        with pytest.raises(SolverError):
            asyncio.run(_install(channel, "lib", Gateway(cache_dir=tmp_path / "repodata"), tmp_path / "one"))


def test_the_builder_takes_exports_from_a_served_channel(real_channel: Path, tmp_path: Path) -> None:
    """The records hold no exports, so the builder must find them in run_exports.json or in the package."""
    recipe = """
package: {name: user, version: "1"}
build: {script: ["mkdir -p $PREFIX/x && echo hi > $PREFIX/x/y"]}
requirements: {host: [libtoy]}
"""
    artifacts = inspected(real_channel)
    with served() as channel:
        for subdir in ("linux-64", "noarch"):
            channel.put(subdir, index_files(subdir, [a for a in artifacts if a.subdir == subdir]))
            channel.put(subdir, {p.name: p.read_bytes() for p in (real_channel / subdir).glob("*.conda")})
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # the builder holds the lock our server needs
            apart.submit(build, tmp_path / "out", tmp_path / "work", recipe, channels=[channel.url]).result()
    (user,) = inspected(tmp_path / "out")
    assert user.depends == (Dependency("libtoy >=0.3.1,<0.4.0a0", Origin.RUN_EXPORT, "libtoy"),)


def test_rattler_reads_the_file_as_repodata(tmp_path: Path) -> None:
    path = tmp_path / "repodata.json"
    path.write_bytes(render_repodata("linux-64", [artifact(license="é\n\"'")], ["x-1-0.conda"]))
    assert isinstance(RepoData.from_path(path), RepoData)
