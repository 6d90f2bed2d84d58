"""Packages for macOS and Windows, looked at from any system: real files, some with bytes changed."""

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import lief

from tests.kit.linked import installed
from tests.kit.packages import Package
from workers.checks.binaries import read_binary
from workers.checks.linkage import check_linkage
from workers.checks.linkage_faults import Fault

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return gzip.decompress((SAMPLES / f"{name}.gz").read_bytes())


def faults(tmp: Path, *packages: Package) -> list[Fault]:
    return check_linkage(*installed(tmp, *packages))


def told(found: Sequence[Fault]) -> list[tuple[str, str, str]]:
    return sorted((fault.kind.value, fault.path, fault.about) for fault in found)


def with_rpath(data: bytes, rpath: str, tmp: Path) -> bytes:
    (tmp / "macho").write_bytes(data)
    whole = lief.MachO.parse(str(tmp / "macho"))
    assert whole is not None
    binary = whole.at(0)
    assert binary is not None
    binary.add(lief.MachO.RPathCommand.create(rpath))
    binary.write(str(tmp / "macho"))
    return (tmp / "macho").read_bytes()


def mac(name: str, depends: Sequence[str] = (), **files: bytes) -> Package:
    return Package(name, subdir="osx-arm64", depends=depends, files={p.replace("__", "/"): d for p, d in files.items()})


DYLIB = "lib/libtoy.1.dylib"


def toy_for_mac(data: bytes | None = None) -> Package:
    return Package("libtoy", subdir="osx-arm64", files={DYLIB: data or sample("libtoy.1.dylib")})


def test_on_macos_a_library_is_found_along_the_rpaths(tmp_path: Path) -> None:
    user = with_rpath(sample("usetoy.macho"), "@loader_path/../lib", tmp_path)
    package = mac("consumer", ["libtoy", "__osx >=15.0"], bin__usetoy=user)
    assert faults(tmp_path, package, toy_for_mac()) == []


def test_on_macos_a_symbol_is_looked_for_in_the_very_library_it_is_bound_to(tmp_path: Path) -> None:
    user = with_rpath(sample("usetoy.macho"), "@executable_path/../lib", tmp_path)
    newer = toy_for_mac(sample("libtoy.1.dylib").replace(b"two\0", b"too\0"))
    found = faults(tmp_path, mac("consumer", ["libtoy", "__osx >=15.0"], bin__usetoy=user), newer)
    assert told(found) == [("undefined", "bin/usetoy", "_toy_two")]
    assert found[0].sentence == "bin/usetoy needs the symbol _toy_two, which libtoy.1.dylib does not offer."


def test_on_macos_a_program_without_a_way_to_its_library_will_not_start(tmp_path: Path) -> None:
    package = mac("consumer", ["libtoy", "__osx >=15.0"], bin__usetoy=sample("usetoy.macho"))
    assert told(faults(tmp_path, package, toy_for_mac())) == [("not_found", "bin/usetoy", "@rpath/libtoy.1.dylib")]


def test_on_macos_a_library_that_nothing_brings_is_missing_and_the_systems_are_not(tmp_path: Path) -> None:
    package = mac("consumer", ["__osx >=15.0"], bin__usetoy=sample("usetoy.macho"))
    assert told(faults(tmp_path, package)) == [("missing", "bin/usetoy", "@rpath/libtoy.1.dylib")]


def test_on_macos_a_search_path_into_another_place_is_noted(tmp_path: Path) -> None:
    library = with_rpath(sample("libtoy.1.dylib"), "/opt/homebrew/lib", tmp_path)
    library = with_rpath(library, "/usr/lib/swift", tmp_path)
    found = faults(tmp_path, mac("consumer", ["__osx >=15.0"], **{"lib__libtoy.1.dylib": library}))
    assert told(found) == [("rpath", DYLIB, "/opt/homebrew/lib")]


def test_a_newer_macos_than_the_package_asks_for_stops_it(tmp_path: Path) -> None:
    library = {"lib__libtoy.1.dylib": sample("libtoy.1.dylib")}
    assert told(faults(tmp_path / "a", mac("consumer", ["__osx >=11.0"], **library))) == [
        ("system", DYLIB, "__osx 15.0.0")
    ]
    assert told(faults(tmp_path / "b", mac("consumer", **library))) == [("baseline", DYLIB, "__osx 15.0.0")]


def test_a_library_for_the_other_macs_stops_the_package(tmp_path: Path) -> None:
    package = Package("consumer", subdir="osx-64", files={DYLIB: sample("libtoy.1.dylib")})
    assert told(faults(tmp_path, package)) == [("architecture", DYLIB, "macho ARM64")]


def test_of_a_fat_file_the_part_for_the_packages_processor_is_read(tmp_path: Path) -> None:
    arm = sample("libtoy.1.dylib")
    intel = arm[:4] + struct.pack("<ii", 0x01000007, 3) + arm[12:].replace(b"two\0", b"six\0")
    page, parts = 0x4000, (intel, arm)
    at = [page, page * (2 + len(intel) // page)]
    head = struct.pack(">II", 0xCAFEBABE, 2)
    for cpu, place, part in zip((0x01000007, 0x0100000C), at, parts, strict=True):
        head += struct.pack(">iiIII", cpu, 0, place, len(part), 14)
    path = tmp_path / "fat.dylib"
    path.write_bytes(head.ljust(at[0], b"\0") + intel.ljust(at[1] - at[0], b"\0") + arm)
    assert "_toy_two" in read_binary(path, "x", "macho", "ARM64").exported
    assert "_toy_six" in read_binary(path, "x", "macho", "X86_64").exported


def win(name: str, files: dict[str, bytes], depends: Sequence[str] = ()) -> Package:
    return Package(name, subdir="win-64", files=files, depends=depends)


def test_on_windows_names_have_no_case_and_libraries_lie_in_the_folders_of_an_activated_environment(
    tmp_path: Path,
) -> None:
    user = win("consumer", {"Scripts/usetoy.exe": sample("usetoy.exe")}, ["libtoy"])
    assert faults(tmp_path, user, win("libtoy", {"Library/bin/Toy.DLL": sample("toy.dll")})) == []


def test_on_windows_a_function_that_its_dll_no_longer_offers_is_named(tmp_path: Path) -> None:
    newer = win("libtoy", {"Library/bin/toy.dll": sample("toy.dll").replace(b"toy_two\0", b"toy_too\0")})
    found = faults(tmp_path, win("consumer", {"Library/bin/usetoy.exe": sample("usetoy.exe")}, ["libtoy"]), newer)
    assert told(found) == [("undefined", "Library/bin/usetoy.exe", "toy_two")]
    assert found[0].sentence.endswith("which toy.dll does not offer.")


def test_on_windows_a_dll_that_nothing_brings_is_missing_and_the_systems_are_not(tmp_path: Path) -> None:
    found = faults(tmp_path, win("consumer", {"Library/bin/usetoy.exe": sample("usetoy.exe")}))
    assert told(found) == [("missing", "Library/bin/usetoy.exe", "toy.dll")]


def test_on_windows_a_dll_in_a_folder_of_its_own_is_not_found_by_a_program(tmp_path: Path) -> None:
    files = {"Library/bin/usetoy.exe": sample("usetoy.exe"), "Library/lib/toy/toy.dll": sample("toy.dll")}
    assert told(faults(tmp_path, win("consumer", files))) == [("not_found", "Library/bin/usetoy.exe", "toy.dll")]


def test_on_windows_a_program_for_another_processor_stops_the_package_only_where_it_is_run(tmp_path: Path) -> None:
    data = bytearray(sample("toy.dll"))
    at = struct.unpack_from("<I", data, 0x3C)[0]
    struct.pack_into("<H", data, at + 4, 0xAA64)
    files = {"Library/bin/toy.dll": bytes(data), "Lib/site-packages/distlib/t64-arm.exe": bytes(data)}
    assert told(faults(tmp_path, win("consumer", files))) == [
        ("architecture", "Library/bin/toy.dll", "pe ARM64"),
        ("foreign", "Lib/site-packages/distlib/t64-arm.exe", "pe ARM64"),
    ]


def test_on_windows_a_newer_linker_than_the_runtime_that_is_asked_for_is_noted(tmp_path: Path) -> None:
    data = bytearray(sample("toy.dll").replace(b"KERNEL32.dll", b"MSVCP140.dll"))
    at = struct.unpack_from("<I", data, 0x3C)[0]
    data[at + 26 : at + 28] = bytes((14, 44))
    runtime = win("vc14_runtime", {"msvcp140.dll": b"MZ"})
    runtime.version = "14.29.30139"
    package = win("consumer", {"Library/bin/toy.dll": bytes(data)}, ["vc14_runtime >=14.29.30139"])
    found = faults(tmp_path, package, runtime)
    assert told(found) == [("runtime", "Library/bin/toy.dll", "Visual C++ 14.44")]
    assert found[0].sentence.endswith("asks for no more than vc14_runtime >=14.29.30139.")


def test_on_windows_functions_that_are_imported_by_number_are_not_judged(tmp_path: Path) -> None:
    user = bytearray(sample("usetoy.exe"))
    binary = read_binary(_written(tmp_path, "a.exe", bytes(user)), "x", "pe")
    assert binary.imported["toy.dll"] == ("toy_one", "toy_two")
    parsed = lief.PE.parse(str(tmp_path / "a.exe"))
    assert parsed is not None
    (table,) = [library for library in parsed.imports if library.name == "toy.dll"]
    at = parsed.rva_to_offset(table.import_lookup_table_rva)
    struct.pack_into("<Q", user, at, 1 << 63 | 7)
    assert "#7" in read_binary(_written(tmp_path, "b.exe", bytes(user)), "x", "pe").imported["toy.dll"]
    package = win("consumer", {"Library/bin/usetoy.exe": bytes(user)}, ["libtoy"])
    assert faults(tmp_path, package, win("libtoy", {"Library/bin/toy.dll": sample("toy.dll")})) == []


def _written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def as_command(data: bytes, command: int) -> bytes:
    """The load command of libtoy as another kind of it."""
    at = data.index(b"@rpath/libtoy.1.dylib") - 24
    return data[:at] + struct.pack("<I", command) + data[at + 4 :]


def test_on_macos_a_library_that_may_be_absent_is_not_missing(tmp_path: Path) -> None:
    user = as_command(sample("usetoy.macho"), 0x80000018)
    assert faults(tmp_path, mac("consumer", ["__osx >=15.0"], bin__usetoy=user)) == []


def test_on_macos_a_library_offers_what_it_hands_on(tmp_path: Path) -> None:
    """libtoy.1 has nothing of its own any more: all is in libtwo.1, which it exports again."""
    inner = sample("libtoy.1.dylib").replace(b"libtoy.1", b"libtwo.1")
    outer = as_command(sample("usetoy.macho"), 0x8000001F)
    outer = with_rpath(outer, "@loader_path", tmp_path).replace(b"@rpath/libtoy.1", b"@rpath/libtwo.1")
    # a library now, no program
    outer = outer[:12] + struct.pack("<I", 6) + outer[16:]
    user = with_rpath(sample("usetoy.macho"), "@loader_path/../lib", tmp_path)
    files = {DYLIB: outer, "lib/libtwo.1.dylib": inner}
    library = Package("libtoy", subdir="osx-arm64", files=files)
    found = faults(tmp_path, mac("consumer", ["libtoy", "__osx >=15.0"], bin__usetoy=user), library)
    assert found == []
    bare = Package(
        "libtoy", subdir="osx-arm64", files={**files, "lib/libtwo.1.dylib": inner.replace(b"two\0", b"too\0")}
    )
    found = faults(tmp_path / "b", mac("consumer", ["libtoy", "__osx >=15.0"], bin__usetoy=user), bare)
    assert told(found) == [("undefined", "bin/usetoy", "_toy_two")]
