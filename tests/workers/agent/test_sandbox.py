import io
import os
import stat
import sys
import tarfile
from pathlib import Path

import pytest

from workers.agent import sandbox
from workers.agent.sandbox import BadSourceError, Box, child_environment


def environment(own: dict[str, str], **more: object) -> dict[str, str]:
    return child_environment(own, Box(Path("/box")), Path("/cache"), **({"tools": True} | more))  # type: ignore[arg-type]


def test_what_is_passed_on_is_named_and_all_else_stays() -> None:
    own = {
        "PIP_INDEX_URL": "i", "FARM_SOURCE_CACHE": "c", "https_proxy": "p", "SSL_CERT_FILE": "s", "FARM_BROKER": "r",
        "FARM_WORKER_TOKEN_FILE": "t", "AWS_SECRET_ACCESS_KEY": "k", "PYTHONPATH": "x", "VIRTUAL_ENV": "v",
        "HOME": "/root",
    }  # fmt: skip
    child = environment(own)
    assert {name: child.get(name) for name in own} == {
        "PIP_INDEX_URL": "i", "FARM_SOURCE_CACHE": "c", "https_proxy": "p", "SSL_CERT_FILE": "s", "FARM_BROKER": None,
        "FARM_WORKER_TOKEN_FILE": None, "AWS_SECRET_ACCESS_KEY": None, "PYTHONPATH": None, "VIRTUAL_ENV": None,
        "HOME": str(Path("/box/home")),
    }  # fmt: skip


def test_further_variables_are_passed_by_name() -> None:
    assert environment({"LICENSE_SERVER": "l", "OTHER": "o"}, more=("LICENSE_SERVER",)).get("LICENSE_SERVER") == "l"
    assert "OTHER" not in environment({"LICENSE_SERVER": "l", "OTHER": "o"}, more=("LICENSE_SERVER",))


def test_a_build_finds_the_tools_beside_the_interpreter_first_and_a_test_does_not() -> None:
    programs = str(Path(sys.executable).parent)
    own = {"PATH": os.pathsep.join(["/usr/bin", programs, "/bin"])}
    assert environment(own)["PATH"].split(os.pathsep) == [programs, "/usr/bin", "/bin"]
    if sys.prefix != sys.base_prefix:
        assert environment(own, tools=False)["PATH"].split(os.pathsep) == ["/usr/bin", "/bin"]


def test_a_box_is_fresh_and_gone_afterwards_whatever_a_build_did_to_it(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "old").touch()
    with sandbox.box(tmp_path / "box") as box:
        assert not (box.root / "old").exists()
        locked = box.output / "locked"
        locked.mkdir()
        (locked / "file").touch()
        (locked / "link").symlink_to("/etc")
        locked.chmod(stat.S_IRUSR)
    assert not (tmp_path / "box").exists()
    assert Path("/etc").is_dir()


def archive(path: Path, *names: str, link: str = "") -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 2
            tar.addfile(info, io.BytesIO(b"hi"))
        if link:
            info = tarfile.TarInfo("link")
            info.type, info.linkname = tarfile.SYMTYPE, link
            tar.addfile(info)
    return path


@pytest.mark.parametrize(
    ("names", "link"), [(("../x",), ""), (("/etc/x",), "../../x"), ((), "/etc/passwd"), ((), "../up")]
)
def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path, names: tuple[str, ...], link: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(BadSourceError):
        sandbox.unpack(archive(tmp_path / "a.tar.gz", *names, link=link), tmp_path / "in")
    assert not (tmp_path / "x").exists()


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no")
    with pytest.raises(BadSourceError):
        sandbox.unpack(tmp_path / "a", tmp_path)


def test_an_archive_is_unpacked(tmp_path: Path) -> None:
    sandbox.unpack(archive(tmp_path / "a.tar.gz", "recipe.yaml", "src/x.c"), tmp_path / "in")
    assert (tmp_path / "in" / "src" / "x.c").read_bytes() == b"hi"
