"""The digest of what a package installs: the same for the same, wherever and whenever it was built."""

import io
import json
import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.gateways import contents
from controller.gateways.contents import PATHS, Payload
from controller.gateways.packages import inspect
from tests.kit.packages import Package


def entry(path: str, digest: str = "00", **more: Any) -> dict[str, Any]:
    return {"_path": path, "path_type": "hardlink", "sha256": digest, **more}


def digest(entries: Any, files: dict[str, bytes] | None = None) -> str:
    payload = Payload()
    document = json.dumps({"paths": entries, "paths_version": 1}).encode()
    for name, data in {PATHS: document, **(files or {})}.items():
        if payload.wants(name, len(data)):
            payload.take(name, io.BytesIO(data))
    return payload.digest()


def test_the_same_files_have_the_same_digest_in_any_order_and_others_another() -> None:
    one, two = entry("a", "11"), entry("b", "22")
    assert digest([one, two]) == digest([two, one])
    assert len({digest([one]), digest([two]), digest([one, two]), digest([entry("a", "12")])}) == 4


@pytest.mark.parametrize("more", [{"path_type": "softlink"}, {"no_link": True}, {"file_mode": "text"}])
def test_how_a_file_is_installed_counts(more: dict[str, Any]) -> None:
    assert digest([entry("a", **more)]) != digest([entry("a")])


def prefixed(prefix: str, content: bytes, digest_of_all: str) -> str:
    data = content.replace(b"PREFIX", prefix.encode())
    return digest([entry("bin/x", digest_of_all, prefix_placeholder=prefix, file_mode="binary")], {"bin/x": data})


@pytest.mark.parametrize("step", [3, 7, 64, 1 << 20])
def test_the_prefix_of_the_build_is_no_content_wherever_it_stands(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr(contents, "_STEP", step)
    monkeypatch.setattr(contents, "_HEAD", step)
    text = b"PREFIX/lib:PREFIXPREFIX and/PREFI and \0PREFIX"
    first = prefixed("/box/J-1.1/host_env_placehold", text, "11")
    assert prefixed("/box/J-9.2/host_env_placehold", text, "22") == first
    assert prefixed("/box/J-9.2/host_env_placehold", text + b".", "22") != first


def elf(build_id: bytes, *, wide: bool = True, order: str = "<", rest: bytes = b"code") -> bytes:
    """An ELF file with two notes, the second of which is the build id."""
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    size, header = (56, 64) if wide else (32, 52)
    other = struct.pack(f"{order}III", 4, 4, 1) + b"GNU\0" + b"abi!"
    note = other + struct.pack(f"{order}III", 4, len(build_id), 3) + b"GNU\0" + build_id
    at = header + size
    fields = (3, 62, 1, 0, header, 0, 0, header, size, 1, 0, 0, 0)
    head += struct.pack(f"{order}HHI{'QQQ' if wide else 'III'}IHHHHHH", *fields)
    if wide:
        program = struct.pack(f"{order}IIQQQQQQ", 4, 4, at, 0, 0, len(note), len(note), 4)
    else:
        program = struct.pack(f"{order}IIIIIIII", 4, at, 0, 0, len(note), len(note), 4, 4)
    return head + program + note + rest


def digest_of_library(data: bytes, name: str = "lib/libx.so.1") -> str:
    return digest([entry(name, sha256(data).hexdigest())], {name: data})


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_build_id_of_a_library_is_no_content(wide: bool, order: str) -> None:
    one, other = (elf(bytes([n]) * 20, wide=wide, order=order) for n in (1, 2))
    assert digest_of_library(one) == digest_of_library(other)
    assert digest_of_library(one) != digest_of_library(elf(b"\1" * 20, wide=wide, order=order, rest=b"other code"))
    assert digest_of_library(one, "bin/tool") == digest_of_library(other, "bin/tool")
    assert digest_of_library(one, "share/data") != digest_of_library(other, "share/data")


@given(st.binary(max_size=200), st.integers(0, 150), st.binary(max_size=8))
def test_whatever_looks_like_a_library_has_a_digest(tail: bytes, at: int, noise: bytes) -> None:
    whole = elf(b"\1" * 20)
    assert digest_of_library(b"\x7fELF" + tail)
    assert digest_of_library(whole[:at] + noise + whole[at + len(noise) :])
    assert digest_of_library(whole[:at])


def test_a_link_is_what_it_leads_to_by_name() -> None:
    def linked(target: str, of_target: str) -> str:
        payload = Payload()
        document = json.dumps({"paths": [entry("lib/a.so", of_target, path_type="softlink")]}).encode()
        payload.take(PATHS, io.BytesIO(document))
        payload.link("lib/a.so", target)
        return payload.digest()

    assert linked("a.so.1", "11") == linked("a.so.1", "22") != linked("a.so.2", "11")


def test_compiled_python_is_left_out_where_its_source_is_there() -> None:
    source = entry("lib/a/b.py", "11")
    compiled = [entry("lib/a/__pycache__/b.cpython-312.pyc", n) for n in ("22", "33")]
    assert digest([source, compiled[0]]) == digest([source, compiled[1]])
    assert digest([compiled[0]]) != digest([compiled[1]])


@pytest.mark.parametrize("entries", [None, 7, ["a"], [{"_path": "a", "path_type": "hardlink"}]])
def test_what_does_not_tell_its_files_has_no_digest(entries: Any) -> None:
    assert digest(entries) == ""


def test_a_package_without_files_has_a_digest_and_one_that_does_not_say_has_none() -> None:
    assert digest([])
    assert Payload().digest() == ""


def test_it_is_read_from_the_package(tmp_path: Path) -> None:
    def content(**more: Any) -> str:
        package = Package(**more)
        path = package.write(tmp_path)
        return inspect(path, package.subdir, package.file_name).content

    one = content(files={"lib/a": b"a"})
    assert one
    assert content(files={"lib/a": b"a"}, build="h0_1", depends=["b"]) == one
    assert content(files={"lib/a": b"b"}) != one


def test_a_file_list_too_large_to_read_refuses_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "LARGEST", 10)
    package = Package(files={"lib/a": b"a"})
    assert inspect(package.write(tmp_path), package.subdir, package.file_name).content == ""
