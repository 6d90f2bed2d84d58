"""Package files: what a sound one says is read exactly, and nothing hostile gets past."""

import bz2
import hashlib
import io
import json
import random
import tarfile
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.domain.artifacts import Artifact, Dependency, UsedPackage
from controller.domain.errors import ArtifactRefusedError, NotFoundError
from controller.domain.recipes import Origin, RunExports
from controller.gateways.members import Limits
from controller.gateways.packages import inspect
from tests.kit.builds import LIBRARY, PINNED, PROGRAM, RUNTIME, TOOL, build
from tests.kit.packages import BORN, Member, Package, conda, outer, tar, zst

SMALL = Limits(members=50, unpacked=1 << 24, ratio=100, free=1 << 20, document=1 << 16)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Artifact]:
    """Six packages of the real builder, inspected."""
    channel = tmp_path_factory.mktemp("channel")
    work = tmp_path_factory.mktemp("work")
    build(channel, work, RUNTIME, TOOL, PINNED, LIBRARY, PROGRAM, variants="zoo: ['1.9']\nlibtoy: ['0.3']\n")
    found = [inspect(path, path.parent.name, path.name) for path in channel.glob("*/*.conda")]
    return {artifact.name: artifact for artifact in found}


def test_exports_of_a_real_library_are_read(built: dict[str, Artifact]) -> None:
    library = built["libtoy"]
    assert library.run_exports == RunExports(weak=("libtoy >=0.3.1,<0.4.0a0",), strong_constrains=("foo <3",))
    assert library.has_run_exports
    assert not built["toyapp"].has_run_exports
    assert built["toytool"].run_exports == RunExports(strong=("toyrt >=1",), noarch=("toyrt",))
    assert (library.license, library.license_family, library.arch, library.platform) == (
        "MIT", "MIT", "x86_64", "linux",
    )  # fmt: skip
    assert (library.build_number, library.noarch, library.subdir) == (2, "", "linux-64")
    assert (built["toyrt"].noarch, built["toyrt"].subdir, built["toyrt"].arch) == ("generic", "noarch", None)


def test_where_each_bound_of_a_real_program_came_from_is_read(built: dict[str, Artifact]) -> None:
    libtoy = built["libtoy"]
    assert built["toyapp"].depends == (
        Dependency("toyrt"),
        Dependency("zoo >=1.9.3,<2.0a0", Origin.PIN_COMPATIBLE),
        Dependency(f"libtoy ==0.3.1 {libtoy.build}", Origin.EXACT_PIN),
        Dependency("__glibc >=2.17"),
        Dependency("toyrt >=1", Origin.RUN_EXPORT, "toytool"),
        Dependency("libtoy >=0.3.1,<0.4.0a0", Origin.RUN_EXPORT, "libtoy"),
    )
    assert built["toyapp"].constrains == (
        Dependency("cons >=1"),
        Dependency("foo <3", Origin.RUN_EXPORT, "libtoy"),
    )
    assert built["libtoy-devel"].depends[0] == Dependency(f"libtoy ==0.3.1 {libtoy.build}", Origin.EXACT_PIN)


def test_what_a_real_program_was_built_against_is_read(built: dict[str, Artifact]) -> None:
    def used(section: str, name: str, direct: bool = True) -> UsedPackage:
        package = built[name]
        return UsedPackage(section, name, package.version, package.build, package.subdir, direct)

    assert set(built["toyapp"].used) == {
        used("build", "toytool"),
        used("host", "libtoy"),
        used("host", "libtoy-devel"),
        used("host", "zoo"),
        used("host", "toyrt", direct=False),
    }
    assert built["toyapp"].tests == 2
    assert built["zoo"].used == ()


def look(
    data: bytes, file_name: str = "toy-1.0-h0_0.conda", subdir: str = "linux-64", limits: Limits = SMALL
) -> Artifact:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "blob"  # the store's names have no ending
        path.write_bytes(data)
        return inspect(path, subdir, file_name, limits)


def test_a_file_that_was_never_uploaded_is_missing_and_not_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        inspect(tmp_path / "none", "linux-64", "toy-1.0-h0_0.conda")


@pytest.mark.parametrize("ending", [".conda", ".tar.bz2"])
def test_both_formats_say_the_same(ending: str) -> None:
    package = Package(
        depends=["a >=1", "b"],
        index={"constrains": ["c <2"], "track_features": ["x", "y"], "arch": None, "license_family": "MIT"},
        info={
            "info/tests/tests.yaml": b"- python: {imports: [toy]}\n- script: ['true']\n",
            "info/test/run_test.py": b"",
            "info/test/run_test.sh": b"",
            "info/test/helper.py": b"",
        },
        files={"bin/toy": b"hi", "lib/x": b"y" * 5000},
        run_exports={"weak": ["toy >=1"], "noarch": []},
    )
    data = package.conda() if ending == ".conda" else package.tar_bz2()
    assert look(data, package.stem + ending) == Artifact(
        file_name=package.stem + ending, subdir="linux-64", name="toy", version="1.0", build="h0_0", build_number=0,
        sha256=hashlib.sha256(data).hexdigest(), size=len(data),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        content=look(package.conda()).content,
        timestamp_ms=BORN, depends=(Dependency("a >=1"), Dependency("b")), constrains=(Dependency("c <2"),),
        run_exports=RunExports(weak=("toy >=1",)), has_run_exports=True, license="MIT", license_family="MIT",
        track_features="x y", tests=4,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("index", "field", "value"),
    [
        ({"timestamp": 1_700_000_000}, "timestamp_ms", BORN),
        ({"timestamp": BORN}, "timestamp_ms", BORN),
        ({"noarch": True}, "noarch", "generic"),
        ({"license": None}, "license", ""),
        ({"depends": []}, "depends", ()),
        ({"python_site_packages_path": "lib/site"}, "python_site_packages_path", "lib/site"),
    ],
)
def test_the_freedoms_of_older_builders_are_read(index: dict[str, object], field: str, value: object) -> None:
    assert getattr(look(Package(index=index).conda()), field) == value


def test_the_oldest_form_of_exports_is_weak() -> None:
    package = Package(info={"info/run_exports.json": b'["toy >=1"]'})
    assert look(package.conda()).run_exports == RunExports(weak=("toy >=1",))


def test_versions_in_yaml_stay_text() -> None:
    rendered = """
finalized_dependencies:
  build: null
  host:
    specs: [{source: dep}]
    resolved: [{name: dep, version: 1.10, build: 0_1, subdir: noarch, build_number: 1}]
  run: {depends: [], constraints: []}
"""
    package = Package(info={"info/recipe/rendered_recipe.yaml": rendered.encode()})
    assert look(package.conda()).used == (UsedPackage("host", "dep", "1.10", "0_1", "noarch", direct=True),)


@pytest.mark.parametrize(
    ("claim", "subdir", "why"),
    [
        ("toy-1.0-h0_1.conda", "linux-64", "is refused"),
        ("toy-1.0-h0_0.conda", "osx-64", "not osx-64"),
        ("toy-1.0-h0_0.zip", "linux-64", "no place"),
        ("toy-1.0-h0_0.conda", "../linux-64", "no place"),
        ("toy-1.0-h0_0.tar.bz2", "linux-64", "cannot be read"),
    ],
)
def test_a_package_that_is_not_what_it_claims_is_refused(claim: str, subdir: str, why: str) -> None:
    with pytest.raises(ArtifactRefusedError, match=why):
        look(Package().conda(), claim, subdir)


@pytest.mark.parametrize(
    "index",
    [
        {"name": "other"}, {"version": "1.1"}, {"build": "h0_1"}, {"name": 7}, {"version": None},
        {"subdir": "win-64"}, {"subdir": None}, {"build_number": -1}, {"build_number": "0"}, {"build_number": True},
        {"depends": ["a >>>= 1"]}, {"depends": [1]}, {"depends": {"a": 1}}, {"depends": 5}, {"noarch": "perl"},
        {"timestamp": "now"}, {"license": ["MIT"]}, {"license": "\ud800"},
    ],
)  # fmt: skip
def test_an_index_json_that_contradicts_or_makes_no_sense_is_refused(index: dict[str, object]) -> None:
    stem = Package().stem
    members = [Member("info/index.json", json.dumps(Package(index=index).index_json()).encode())]
    with pytest.raises(ArtifactRefusedError):
        look(conda(stem, members, []))


@pytest.mark.parametrize("name", ["../../etc/passwd", "__virtual", "-dash", "Upper", "a b", "", "a/b", ".hidden"])
def test_a_name_that_is_no_package_name_is_refused(name: str) -> None:
    package = Package(name=name)
    with pytest.raises(ArtifactRefusedError):
        look(package.conda() if "/" not in name else conda("x", package.info_members(), []), package.file_name)


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"name": "toy"}', b"[" * 100_000, b"null", b"NaN"],
)
def test_metadata_that_is_no_json_is_refused(document: bytes) -> None:
    with pytest.raises(ArtifactRefusedError):
        look(conda("toy-1.0-h0_0", [Member("info/index.json", document)], []), limits=Limits())


@pytest.mark.parametrize(
    "document",
    [b"{", b"a: b: c", b"- [", b"[" * 5000, b"{a: " * 5000, b"finalized_dependencies: 7", b"\x00", b"- x",
     b"finalized_dependencies: {host: {resolved: [{name: 1}]}}", b"a: &a [*a]"],
)  # fmt: skip
def test_a_strange_rendered_recipe_never_does_more_than_a_refusal(document: bytes) -> None:
    package = Package(info={"info/recipe/rendered_recipe.yaml": document})
    with suppress(ArtifactRefusedError):
        assert look(package.conda()).used == ()


DEVICE = tarfile.CHRTYPE
HOSTILE = {
    "climbs out": [Member("../../etc/cron.d/x", b"x")],
    "climbs out inside": [Member("lib/../../x", b"x")],
    "absolute": [Member("/etc/passwd", b"x")],
    "hard link to the system": [Member("lib/x", kind=tarfile.LNKTYPE, link="/etc/passwd")],
    "hard link upwards": [Member("lib/x", kind=tarfile.LNKTYPE, link="../../etc/passwd")],
    "hard link to nothing": [Member("lib/x", kind=tarfile.LNKTYPE, link="lib/y")],
    "hard link to a link": [
        Member("lib/y", kind=tarfile.SYMTYPE, link="z"), Member("lib/x", kind=tarfile.LNKTYPE, link="lib/y"),
    ],
    "absolute link": [Member("lib/x", kind=tarfile.SYMTYPE, link="/etc/passwd")],
    "link out": [Member("lib/x", kind=tarfile.SYMTYPE, link="../../etc/passwd")],
    "link out by a link": [
        Member("a/b/c/d", kind=tarfile.SYMTYPE, link="../../.."), Member("e", kind=tarfile.SYMTYPE, link="a/b/c/d/.."),
    ],
    "links in a circle": [Member("a", kind=tarfile.SYMTYPE, link="b"), Member("b", kind=tarfile.SYMTYPE, link="a")],
    "file through a link": [Member("a", kind=tarfile.SYMTYPE, link="lib"), Member("a/x", b"x")],
    "file through a later link": [Member("a/x", b"x"), Member("a", kind=tarfile.SYMTYPE, link="lib")],
    "file below a file": [Member("a", b"x"), Member("a/x", b"x")],
    "character device": [Member("dev/null", kind=tarfile.CHRTYPE)],
    "block device": [Member("dev/sda", kind=tarfile.BLKTYPE)],
    "pipe": [Member("pipe", kind=tarfile.FIFOTYPE)],
    "setuid": [Member("bin/x", b"x", mode=0o4755)],
    "setgid": [Member("bin/x", b"x", mode=0o2755)],
    "twice": [Member("bin/x", b"x"), Member("bin/x", b"y")],
    "twice by another spelling": [Member("bin/x", b"x"), Member("bin/./x", b"y")],
    "file and folder": [Member("bin/x", kind=tarfile.DIRTYPE), Member("bin/x", b"y")],
    "backslash": [Member("..\\..\\x", b"x")],
    "drive": [Member("C:/x", b"x")],
    "control character": [Member("bin/x\x1b[2J", b"x")],
    "nul by pax": [Member("bin/x", b"x", pax={"path": "bin/x\x00y"})],
    "info in the payload": [Member("info/index.json", b"{}")],
    "too many": [Member(f"x{number}", b"") for number in range(60)],
    "bomb": [Member("zeros", b"\0" * (3 << 20))],
    "sparse": [Member("sparse", b"x", kind=tarfile.GNUTYPE_SPARSE)],
    "sparse by pax": [Member("s", b"x", pax={"GNU.sparse.size": "9999999", "GNU.sparse.numblocks": "0"})],
    "long name": [Member("x" * 70_000, b"x")],
    "long comment": [Member("x", b"x", pax={"comment": "y" * 70_000})],
    "unknown kind": [Member("x", b"x", kind=b"Z")],
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("ending", [".conda", ".tar.bz2"])
def test_a_hostile_member_is_refused(case: str, ending: str) -> None:
    package = Package()
    if ending == ".conda":
        data = conda(package.stem, package.info_members(), HOSTILE[case])
    else:
        data = bz2.compress(tar(package.info_members() + HOSTILE[case]))
    with pytest.raises(ArtifactRefusedError, match=r"toy-1\.0-h0_0"):
        look(data, package.stem + ending)


@pytest.mark.parametrize(
    ("subdir", "refused"), [("noarch", True), ("win-64", True), ("osx-arm64", True), ("linux-64", False)]
)
def test_names_that_differ_only_in_case_are_refused_where_they_clash(subdir: str, refused: bool) -> None:
    package = Package(subdir=subdir)
    data = conda(package.stem, package.info_members(), [Member("a/ÉX", b"1"), Member("a/e\u0301x", b"2")])
    if refused:
        with pytest.raises(ArtifactRefusedError, match="twice"):
            look(data, subdir=subdir)
    else:
        assert look(data, subdir=subdir).name == "toy"


def test_what_real_packages_do_is_allowed() -> None:
    package = Package()
    members = [
        Member(".", kind=tarfile.DIRTYPE), Member("lib", kind=tarfile.DIRTYPE, mode=0o2755),
        Member("lib", kind=tarfile.DIRTYPE), Member("./lib/libx.so.1", b"x", mode=0o755),
        Member("lib/libx.so", kind=tarfile.SYMTYPE, link="libx.so.1"),
        Member("lib64", kind=tarfile.SYMTYPE, link="lib"),
        Member("share/x", kind=tarfile.SYMTYPE, link="../lib64/libx.so"), Member("libexec/g", b"x"),
        Member("libexec/h", kind=tarfile.LNKTYPE, link="libexec/g"),
        Member("dangling", kind=tarfile.SYMTYPE, link="no"),
        Member("share/" + "long/" * 60 + "é", b"x"),
    ]  # fmt: skip
    assert look(conda(package.stem, package.info_members(), members)).name == "toy"


def test_a_name_that_is_no_utf8_is_refused() -> None:
    package = Package()
    raw = bytearray(tar([Member("bin/xy", b"x")]))
    raw[4:6] = b"\xff\xfe"
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    entries = {
        "metadata.json": b'{"conda_pkg_format_version": 2}',
        f"info-{package.stem}.tar.zst": zst(tar(package.info_members())),
        f"pkg-{package.stem}.tar.zst": zst(bytes(raw)),
    }
    with pytest.raises(ArtifactRefusedError, match="Unicode"):
        look(outer(entries))


def entries() -> dict[str, bytes]:
    package = Package()
    return {
        "metadata.json": b'{"conda_pkg_format_version": 2}',
        f"info-{package.stem}.tar.zst": zst(tar(package.info_members())),
        f"pkg-{package.stem}.tar.zst": zst(tar([Member("bin/x", b"x")])),
    }


def test_the_wrapping_may_hold_nothing_else() -> None:
    assert look(outer(entries())).name == "toy"
    info = "info-toy-1.0-h0_0.tar.zst"
    for change in (
        {"evil.py": b"x"},
        {"../x": b"x"},
        {"info-other-1.0-h0_0.tar.zst": b""},
        {"metadata.json": b'{"conda_pkg_format_version": 3}'},
        {"metadata.json": b"x" * (1 << 20)},
        {"metadata.json": b"[" * 100_000},
        {"metadata.json": b"2"},
        {info: b"no zstd"},
        {info: zst(b"no tar")},
        {info: entries()[info][:-9]},
        {info: entries()[info] + b"tail"},
        {info: zst(tar(Package().info_members()) + b"hidden" * 100)},
        {info: zst(b"\0" * 10240)},
    ):
        with pytest.raises(ArtifactRefusedError):
            look(outer(entries() | change))
    for name in entries():
        with pytest.raises(ArtifactRefusedError):
            look(outer({key: data for key, data in entries().items() if key != name}))


def test_a_zip_that_two_readers_could_read_differently_is_refused() -> None:
    with pytest.raises(ArtifactRefusedError, match="simply stored"):
        look(outer(entries(), zipfile.ZIP_DEFLATED))
    whole = outer(entries())
    for data in (b"junk" + whole, outer({"metadata.json": b"2"}) + whole, whole[:-30], b"", b"PK", b"no zip at all"):
        with pytest.raises(ArtifactRefusedError):
            look(data)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in entries().items():
            file.writestr(zipfile.ZipInfo(name), data)
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr(zipfile.ZipInfo("metadata.json"), b"2")
    with pytest.raises(ArtifactRefusedError):
        look(out.getvalue())


def test_a_header_bomb_is_refused_before_it_is_in_memory() -> None:
    """A pax header of 200 MB packs into a few KB; a reader that trusts its size holds all of it."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 200 << 20
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    pkg = packer.compress(header.tobuf(tarfile.USTAR_FORMAT))
    for _ in range(200):
        pkg += packer.compress(b"1" * (1 << 20))
    pkg += packer.flush()
    data = outer(entries() | {"pkg-toy-1.0-h0_0.tar.zst": pkg})
    tracemalloc.start()
    try:
        with pytest.raises(ArtifactRefusedError):
            look(data, limits=Limits())
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_a_negative_size_does_not_make_the_reader_walk_backwards() -> None:
    raw = bytearray(tar([Member("bin/x", b"x")]))
    raw[124:136] = b"\xff" * 12
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    with pytest.raises(ArtifactRefusedError):
        look(outer(entries() | {"pkg-toy-1.0-h0_0.tar.zst": zst(bytes(raw))}))


def test_a_large_payload_is_streamed() -> None:
    noise = random.Random(7).randbytes(30 << 20)
    data = conda("toy-1.0-h0_0", Package().info_members(), [Member("lib/big", noise)])
    tracemalloc.start()
    try:
        look(data, limits=Limits())
        assert tracemalloc.get_traced_memory()[1] - len(data) < 20 << 20
    finally:
        tracemalloc.stop()


NAMES = st.sampled_from(
    ["a", "b", "a/b", "a/b/c", "../a", "/a", "a/../b", "info/x", "A", "a/b/../../..", ".", "..", "b/a"]
)
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
MEMBERS = st.lists(
    st.builds(Member, name=NAMES, kind=KINDS, link=NAMES, mode=st.sampled_from([0o644, 0o755, 0o4755])), max_size=6
)


TRUSTING = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
"""Python 3.11.2, of Debian 12, has no filters, and trusts."""


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(members=MEMBERS)
def test_whatever_is_let_in_unpacks_inside_the_prefix(members: list[Member]) -> None:
    """The oracle is the system: unpack as a trusting installer would, and see that nothing left its folder."""
    data = conda("toy-1.0-h0_0", Package().info_members(), members)
    try:
        look(data)
    except ArtifactRefusedError:
        return
    with TemporaryDirectory() as folder:
        prefix = Path(folder) / "one" / "two" / "prefix"
        prefix.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(tar(members))) as file:
            file.extractall(prefix, **TRUSTING)  # noqa: S202
        assert [p.name for p in Path(folder).rglob("*") if prefix not in [p, *p.parents]] == ["one", "two"]
        for path in prefix.rglob("*"):
            assert path.is_symlink() or path.is_dir() or path.is_file()
            assert path.resolve().is_relative_to(prefix.resolve())
            assert path.is_dir() or not path.lstat().st_mode & 0o6000


@settings(deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.integers(0, 99),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(outer(entries()))
    for at, value in flips:
        data[at % len(data)] = value
    with suppress(ArtifactRefusedError):
        assert look(bytes(data[: len(data) - cut if cut < 50 else len(data)])).name == "toy"
