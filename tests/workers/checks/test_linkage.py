"""What a Linux package was linked with, against an environment that the real installer made: each planted fault."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.kit.linked import cc, files, installed, needs_cc, program, shared
from tests.kit.packages import Package
from workers.checks.linkage import check_linkage
from workers.checks.linkage_faults import Fault, Kind
from workers.checks.linkage_package import read_package
from workers.checks.linkage_rules import judge

pytestmark = needs_cc


def faults(tmp: Path, *packages: Package, also: Sequence[str] = ()) -> list[Fault]:
    folder, prefix = installed(tmp, *packages, also=also)
    return check_linkage(folder, prefix)


def told(found: Sequence[Fault]) -> list[tuple[str, str, str]]:
    return sorted((fault.kind.value, fault.path, fault.about) for fault in found)


def consumer(tmp: Path, links: Sequence[Path], uses: Sequence[str], **fields: Any) -> Package:
    """A package of one program that uses the given functions."""
    made = program(tmp / "consumer", "use", uses=uses, links=links)
    return Package("consumer", files=files("bin", made), **fields)


def lib(name: str, *paths: Path, version: str = "1.0", depends: Sequence[str] = ()) -> Package:
    return Package(name, version, files=files("lib", *paths), depends=depends)


def test_a_package_that_finds_all_it_needs_has_no_fault(tmp_path: Path) -> None:
    foo = shared(tmp_path / "foo", "libfoo.so.1", ["foo_a"])
    own = shared(tmp_path / "own", "libown.so.2", ["own_a"], uses=["foo_a"], links=[foo])
    use = program(tmp_path / "use", "use", uses=["foo_a", "own_a"], links=[foo, own])
    package = Package("consumer", files=files("lib", own) | files("bin", use), depends=["libfoo >=1"])
    assert faults(tmp_path, package, lib("libfoo", foo)) == []


def test_a_symbol_that_is_gone_within_the_allowed_range_is_named(tmp_path: Path) -> None:
    """Libfoo 1.2 has foo_b, 1.3 has not, and the consumer that says >=1.2,<2 was not rebuilt."""
    old = shared(tmp_path / "old", "libfoo.so.1", ["foo_a", "foo_b"])
    new = shared(tmp_path / "new", "libfoo.so.1", ["foo_a"])
    package = consumer(tmp_path, [old], ["foo_a", "foo_b"], depends=["libfoo >=1.2,<2"])
    found = faults(tmp_path, package, lib("libfoo", old, version="1.2"), lib("libfoo", new, version="1.3"))
    assert told(found) == [("undefined", "bin/use", "foo_b")]
    assert found[0].sentence == "bin/use needs the symbol foo_b, which no library that it loads offers."
    assert judge(found, read_package(tmp_path / "unpacked").strictness).outcome == "failed"


def test_a_version_of_a_symbol_that_is_gone_is_named_with_its_library(tmp_path: Path) -> None:
    old = shared(tmp_path / "old", "libfoo.so.1", ["foo_a"], versions="FOO_1 { global: foo_a; };")
    new = shared(tmp_path / "new", "libfoo.so.1", ["foo_a"], versions="FOO_2 { global: foo_a; };")
    package = consumer(tmp_path, [old], ["foo_a"], depends=["libfoo"])
    found = faults(tmp_path, package, lib("libfoo", new))
    assert told(found) == [("undefined", "bin/use", "foo_a@FOO_1")]
    assert "libfoo.so.1 does not offer" in found[0].sentence


def test_a_library_that_gave_up_its_versions_still_offers_them(tmp_path: Path) -> None:
    """As the loader has it: a library without versions satisfies any."""
    old = shared(tmp_path / "old", "libfoo.so.1", ["foo_a"], versions="FOO_1 { global: foo_a; };")
    new = shared(tmp_path / "new", "libfoo.so.1", ["foo_a"])
    package = consumer(tmp_path, [old], ["foo_a"], depends=["libfoo"])
    assert faults(tmp_path, package, lib("libfoo", new)) == []


def test_a_library_that_no_dependency_brings_is_missing(tmp_path: Path) -> None:
    foo = shared(tmp_path / "foo", "libfoo.so.1", ["foo_a"])
    bar = shared(tmp_path / "bar", "libbar.so.3", ["bar_a"])
    package = consumer(tmp_path, [foo, bar], ["foo_a", "bar_a"], depends=["libfoo"])
    found = faults(tmp_path, package, lib("libfoo", foo), lib("libbar", bar))
    assert told(found) == [("missing", "bin/use", "libbar.so.3")]
    assert found[0].name == "missing::libbar.so.3"
    assert found[0].sentence.endswith("needs libbar.so.3, which neither the package nor its run dependencies provide.")


def test_a_library_that_only_a_tests_own_requirement_brings_is_missing_and_that_is_said(tmp_path: Path) -> None:
    bar = shared(tmp_path / "bar", "libbar.so.3", ["bar_a"])
    package = consumer(tmp_path, [bar], ["bar_a"])
    found = faults(tmp_path, package, lib("libbar", bar), also=["libbar"])
    assert told(found) == [("missing", "bin/use", "libbar.so.3")]
    assert "libbar has it, and no run dependency brings that" in found[0].sentence


def test_a_library_of_anothers_dependency_is_undeclared_which_is_a_note(tmp_path: Path) -> None:
    bar = shared(tmp_path / "bar", "libbar.so.3", ["bar_a"])
    foo = shared(tmp_path / "foo", "libfoo.so.1", ["foo_a"], uses=["bar_a"], links=[bar])
    package = consumer(tmp_path, [foo, bar], ["foo_a", "bar_a"], depends=["libfoo"])
    found = faults(tmp_path, package, lib("libfoo", foo, depends=["libbar"]), lib("libbar", bar))
    assert told(found) == [("undeclared", "bin/use", "libbar.so.3")]
    assert "of libbar, which is no run dependency: only libfoo brings it" in found[0].sentence
    assert judge(found, read_package(tmp_path / "unpacked").strictness).outcome == "passed"


def test_a_recipe_that_calls_overlinking_an_error_has_it_stop(tmp_path: Path) -> None:
    bar = shared(tmp_path / "bar", "libbar.so.3", ["bar_a"])
    foo = shared(tmp_path / "foo", "libfoo.so.1", ["foo_a"], uses=["bar_a"], links=[bar])
    package = consumer(
        tmp_path, [foo, bar], ["foo_a", "bar_a"], depends=["libfoo"], info=linking("overlinking_behavior: error")
    )
    found = faults(tmp_path, package, lib("libfoo", foo, depends=["libbar"]), lib("libbar", bar))
    assert judge(found, read_package(tmp_path / "unpacked").strictness).outcome == "failed"


def test_a_package_that_stands_for_another_declares_it(tmp_path: Path) -> None:
    """As libgcc-ng does for libgcc: it has no libraries of its own."""
    bar = shared(tmp_path / "bar", "libbar.so.3", ["bar_a"])
    package = consumer(tmp_path, [bar], ["bar_a"], depends=["libbar-ng"])
    assert faults(tmp_path, package, Package("libbar-ng", depends=["libbar"]), lib("libbar", bar)) == []


def test_a_dependency_whose_libraries_nobody_needs_is_noted_and_one_with_programs_is_not(tmp_path: Path) -> None:
    foo, bar = (shared(tmp_path / name, f"lib{name}.so.1", [f"{name}_a"]) for name in ("foo", "bar"))
    tool = Package("tool", files=files("lib", bar) | {"bin/tool": b"#!/bin/sh\n"})
    package = consumer(tmp_path, [foo], ["foo_a"], depends=["libfoo", "libbar", "tool"])
    found = faults(tmp_path, package, lib("libfoo", foo), lib("libbar", shared(tmp_path / "b", "libb.so.1")), tool)
    assert told(found) == [("unused", "", "libbar")]


def linking(*lines: str) -> Mapping[str, bytes]:
    """The recorded recipe, as rattler-build writes it, with these lines under ``dynamic_linking``."""
    text = "recipe:\n  build:\n    dynamic_linking:\n" + "".join(f"      {line}\n" for line in lines)
    return {"info/recipe/rendered_recipe.yaml": (text + "  requirements:\n    run:\n    - libfoo\n").encode()}


def test_what_the_recipe_allows_to_be_missing_is_no_fault_and_neither_are_its_symbols(tmp_path: Path) -> None:
    bar = shared(tmp_path / "bar", "libbar.so.3", ["bar_a"])
    info = linking("missing_dso_allowlist:", "- '**/libbar.so*'", "rpath_allowlist:", "- /opt/x")
    package = consumer(tmp_path, [bar], ["bar_a"], info=info)
    assert faults(tmp_path, package) == []


@pytest.fixture
def foo(tmp_path: Path) -> Path:
    return shared(tmp_path / "foo", "libfoo.so.1", ["foo_a"])


def test_a_program_that_does_not_look_where_its_library_lies_will_not_start(tmp_path: Path, foo: Path) -> None:
    use = program(tmp_path / "use", "use", uses=["foo_a"], links=[foo], rpath="")
    found = faults(tmp_path, Package("consumer", files=files("bin", use), depends=["libfoo"]), lib("libfoo", foo))
    assert told(found) == [("not_found", "bin/use", "libfoo.so.1")]
    assert found[0].sentence.startswith("bin/use will not start: libfoo.so.1 lies in lib/libfoo.so.1")


def test_a_runpath_is_for_its_own_file_alone_and_an_rpath_for_all_that_it_loads(tmp_path: Path, foo: Path) -> None:
    blind = shared(tmp_path / "blind", "libblind.so.1", ["blind_a"], uses=["foo_a"], links=[foo], rpath="")
    uses: dict[str, Any] = {"uses": ["blind_a"], "links": [blind]}
    old = program(tmp_path / "use", "old", **uses)
    new = program(tmp_path / "use", "new", **uses, more=["-Wl,--enable-new-dtags"])
    package = Package("consumer", files=files("bin", old, new) | files("lib", blind, foo))
    found = faults(tmp_path, package)
    assert told(found) == [("not_found", "bin/new", "libfoo.so.1"), ("rpath", "lib/libblind.so.1", "libfoo.so.1")]
    assert found[0].sentence.endswith("where the loader does not look for lib/libblind.so.1.")


def test_search_paths_that_leave_the_environment_are_noted_unless_the_recipe_allows_them(tmp_path: Path) -> None:
    made = shared(tmp_path / "x", "libx.so.1", rpath="/opt/x:/opt/y:$ORIGIN/../../..:$ORIGIN/../lib64")
    package = Package("consumer", files=files("lib", made), info=linking("rpath_allowlist:", "- /opt/x"))
    assert told(faults(tmp_path, package)) == [
        ("rpath", "lib/libx.so.1", "$ORIGIN/../../.."), ("rpath", "lib/libx.so.1", "/opt/y")
    ]  # fmt: skip


def test_a_search_path_into_the_build_stops_the_package(tmp_path: Path) -> None:
    where = "/home/ci/out/bld/rattler-build_x_1700000000/work/lib"
    made = shared(tmp_path / "x", "libx.so.1", rpath=where)
    found = faults(tmp_path, Package("consumer", files=files("lib", made)))
    assert told(found) == [("build_prefix", "lib/libx.so.1", where), ("build_rpath", "lib/libx.so.1", where)]


def test_a_search_path_into_the_build_that_the_recipe_allows_is_noted(tmp_path: Path) -> None:
    """As in a vendor's ready-made file, which nobody relinks: seen in Intel's own mkl-service."""
    where = "/home/ci/out/bld/rattler-build_x_1700000000/work/lib"
    made = shared(tmp_path / "x", "libx.so.1", rpath=where)
    package = Package("consumer", files=files("lib", made), info=linking("rpath_allowlist:", "- '**'"))
    assert told(faults(tmp_path, package)) == [
        ("build_prefix", "lib/libx.so.1", where), ("rpath", "lib/libx.so.1", where)
    ]  # fmt: skip


def test_a_placeholder_that_installing_replaces_is_no_path_of_the_build(tmp_path: Path) -> None:
    placeholder = "/home/ci/out/bld/rattler-build_x_17/host_env_placehold" + "_placehold" * 20
    text = f"prefix={placeholder}\nlibdir={placeholder}/lib\n"
    left = "cc=/home/ci/out/bld/rattler-build_x_17/build_env/bin/cc\n"
    listed = {
        "paths": [
            {"_path": "lib/x.pc", "path_type": "hardlink", "file_mode": "text", "prefix_placeholder": placeholder},
            {"_path": "lib/y.pc", "path_type": "hardlink"},
            {"_path": "lib/z.pc", "path_type": "hardlink", "file_mode": "text", "prefix_placeholder": placeholder},
            {"_path": "lib/libx.so.1", "path_type": "hardlink"},
        ],
        "paths_version": 1,
    }
    data = {"lib/x.pc": text.encode(), "lib/y.pc": text.encode(), "lib/z.pc": (text + left).encode()}
    made = files("lib", shared(tmp_path / "x", "libx.so.1"))
    package = Package("consumer", files=made | data, info={"info/paths.json": json.dumps(listed).encode()})
    found = faults(tmp_path, package)
    assert [(fault.kind, fault.path) for fault in found] == [
        (Kind.BUILD_PREFIX, "lib/y.pc"), (Kind.BUILD_PREFIX, "lib/z.pc")
    ]  # fmt: skip
    assert found[1].about == "/home/ci/out/bld/rattler-build_x_17/build_env/bin/cc"


def test_a_library_for_another_processor_stops_the_package_where_a_loader_would_meet_it(tmp_path: Path) -> None:
    data = bytearray(shared(tmp_path / "x", "libx.so.1").read_bytes())
    data[18:20] = (183).to_bytes(2, "little")
    package = Package("consumer", files={"lib/libx.so.1": bytes(data), "share/samples/arm.so": bytes(data)})
    found = faults(tmp_path, package)
    assert told(found) == [
        ("architecture", "lib/libx.so.1", "elf AARCH64"), ("foreign", "share/samples/arm.so", "elf AARCH64")
    ]  # fmt: skip


def test_a_library_for_another_processor_is_told_wherever_a_search_path_leads_to_it(tmp_path: Path) -> None:
    own = shared(tmp_path / "own", "libown.so.1", ["own_a"])
    use = program(tmp_path / "use", "use", uses=["own_a"], links=[own], rpath="$ORIGIN/../share/own")
    data = bytearray(own.read_bytes())
    data[18:20] = (183).to_bytes(2, "little")
    package = Package("consumer", files=files("bin", use) | {"share/own/libown.so.1": bytes(data)})
    assert ("architecture", "share/own/libown.so.1", "elf AARCH64") in told(faults(tmp_path, package))


def glibc_user(tmp: Path, version: str, *, depends: Sequence[str] = ()) -> list[Fault]:
    """A library that takes one function of a glibc that never was."""
    libc = shared(tmp / "libc", "libc.so.6", ["malloc"], versions=f"GLIBC_{version} {{ global: malloc; }};")
    made = shared(tmp / "x", "libx.so.1", ["x_a"], uses=["malloc"], links=[libc])
    return faults(tmp, Package("consumer", files=files("lib", made), depends=depends))


def test_a_newer_glibc_than_the_package_asks_for_stops_it(tmp_path: Path) -> None:
    found = glibc_user(tmp_path, "2.34", depends=["__glibc >=2.28,<3.0.a0"])
    assert told(found) == [("system", "lib/libx.so.1", "__glibc 2.34")]
    assert found[0].sentence.endswith("needs __glibc 2.34, and the package asks for no more than __glibc >=2.28.")


def test_a_newer_glibc_than_the_oldest_in_use_is_noted_where_the_package_asks_for_none(tmp_path: Path) -> None:
    assert told(glibc_user(tmp_path / "a", "2.34")) == [("baseline", "lib/libx.so.1", "__glibc 2.34")]
    assert glibc_user(tmp_path / "b", "2.17") == []
    assert glibc_user(tmp_path / "c", "2.34", depends=["__glibc >=2.34"]) == []


def test_of_files_that_need_the_same_system_the_first_is_named_and_the_others_counted(tmp_path: Path) -> None:
    libc = shared(tmp_path / "libc", "libc.so.6", ["malloc"], versions="GLIBC_2.34 { global: malloc; };")
    made = [shared(tmp_path / "x", f"lib{at}.so.1", uses=["malloc"], links=[libc]) for at in range(3)]
    found = faults(tmp_path, Package("consumer", files=files("lib", *made), depends=["__glibc >=2.17"]))
    assert told(found) == [("system", "lib/lib0.so.1", "__glibc 2.34")]
    assert found[0].sentence.endswith("__glibc >=2.17 (as do 2 more files).")


def test_what_a_dependency_asks_of_the_system_counts_too(tmp_path: Path) -> None:
    libc = shared(tmp_path / "libc", "libc.so.6", ["malloc"], versions="GLIBC_2.34 { global: malloc; };")
    made = shared(tmp_path / "x", "libx.so.1", ["x_a"], uses=["malloc"], links=[libc])
    package = Package("consumer", files=files("lib", made), depends=["sysroot"])
    assert faults(tmp_path, package, Package("sysroot", depends=["__glibc >=2.39"])) == []


def test_a_plugin_takes_what_the_program_offers_that_loads_it(tmp_path: Path) -> None:
    """As python's modules do; without such a program it is noted, since nothing offered it at link time either."""
    plugin = shared(tmp_path / "p", "plugin.so", ["plug"], uses=["Py_Init"], rpath="")
    source = tmp_path / "host.c"
    source.write_text("int Py_Init(void) { return 1; } int own_start(void) { return 0; }")
    cc("-nostdlib", "-Wl,-e,own_start", "-Wl,--export-dynamic", "-o", tmp_path / "python3.11", source)
    host = Package("python", files=files("bin", tmp_path / "python3.11"))
    package = Package("consumer", files=files("lib/python3.11/site-packages", plugin), depends=["python"])
    assert faults(tmp_path / "with", package, host) == []
    alone = Package("consumer", files=files("lib/python3.11/site-packages", plugin))
    assert told(faults(tmp_path / "without", alone)) == [
        ("underlinked", "lib/python3.11/site-packages/plugin.so", "Py_Init")
    ]


def test_symbols_of_a_library_that_is_not_asked_for_are_noted_with_it(tmp_path: Path, foo: Path) -> None:
    made = shared(tmp_path / "x", "libx.so.1", ["x_a"], uses=["foo_a"], rpath="")
    package = Package("consumer", files=files("lib", made), depends=["libfoo"])
    found = [fault for fault in faults(tmp_path, package, lib("libfoo", foo)) if fault.kind is not Kind.UNUSED]
    assert told(found) == [("underlinked", "lib/libx.so.1", "libfoo.so.1")]
    assert "needs the symbol foo_a of libfoo.so.1, and does not ask for that library" in found[0].sentence


def test_of_many_undefined_symbols_some_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    names = [f"gone_{at:02}" for at in range(50)]
    old = shared(tmp_path / "old", "libfoo.so.1", names)
    new = shared(tmp_path / "new", "libfoo.so.1", ["foo_a"])
    found = faults(tmp_path, consumer(tmp_path, [old], names, depends=["libfoo"]), lib("libfoo", new))
    assert [fault.about for fault in found] == names[:20]
    assert found[-1].sentence.endswith("offers (and 30 more).")


def test_code_that_must_be_rewritten_as_it_is_loaded_is_noted(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "t.s").write_text(".text\n.globl f\nf: movabs $g, %rax\nret\n.globl g\ng: ret\n")
    cc("-nostdlib", "-shared", "-Wl,-z,notext", "-Wl,-soname,libt.so.1", "-o", folder / "libt.so.1", folder / "t.s")
    found = faults(tmp_path, Package("consumer", files=files("lib", folder / "libt.so.1")))
    assert told(found) == [("text_relocations", "lib/libt.so.1", "DT_TEXTREL")]


def test_noarch_and_a_package_without_binaries_have_nothing_to_look_at(tmp_path: Path) -> None:
    made = files("lib", shared(tmp_path / "x", "libx.so.1", uses=["gone"]))
    assert faults(tmp_path / "a", Package("consumer", subdir="noarch", files=made)) == []
    assert faults(tmp_path / "b", Package("consumer", files={"share/x.txt": b"/bld/rattler-build_x_1/work"})) == []


def test_the_system_root_of_a_cross_compiler_is_not_looked_at(tmp_path: Path) -> None:
    data = bytearray(shared(tmp_path / "x", "libc.so.6", uses=["gone"]).read_bytes())
    data[18:20] = (183).to_bytes(2, "little")
    package = Package("consumer", files={"aarch64-conda-linux-gnu/sysroot/lib64/libc.so.6": bytes(data)})
    assert faults(tmp_path, package) == []


def test_what_glibc_offers_is_not_looked_for_though_it_is_not_asked_for(tmp_path: Path) -> None:
    """A library that was linked without -lm."""
    made = shared(tmp_path / "x", "libx.so.1", ["x_a"], uses=["cosf"])
    assert faults(tmp_path, Package("consumer", files=files("lib", made))) == []


def test_a_library_with_a_runpath_of_its_own_does_not_look_where_its_loader_does(tmp_path: Path, foo: Path) -> None:
    flags = ["-Wl,--enable-new-dtags"]
    own = shared(tmp_path / "own", "libown.so.1", ["own_a"], uses=["foo_a"], links=[foo], rpath="", more=[
        "-Wl,-rpath,$ORIGIN/../share", *flags
    ])  # fmt: skip
    use = program(tmp_path / "use", "use", uses=["own_a"], links=[own])
    found = faults(tmp_path, Package("consumer", files=files("bin", use) | files("lib", own, foo)))
    assert ("not_found", "bin/use", "libfoo.so.1") in told(found)


def test_a_program_has_nobody_to_offer_what_it_was_linked_without(tmp_path: Path) -> None:
    use = program(tmp_path / "use", "use", uses=["gone"], more=["-Wl,--unresolved-symbols=ignore-all", "-shared"])
    data = bytearray(use.read_bytes())
    data[16:18] = (2).to_bytes(2, "little")  # ET_EXEC: no linker at hand leaves a symbol of a program open
    found = faults(tmp_path, Package("consumer", files={"bin/use": bytes(data)}))
    assert told(found) == [("undefined", "bin/use", "gone")]


def test_a_versioned_symbol_may_come_from_another_library_that_is_loaded(tmp_path: Path) -> None:
    script = "FOO_1 { global: foo_a; };"
    old = shared(tmp_path / "old", "libfoo.so.1", ["foo_a"], versions=script)
    new = shared(tmp_path / "new", "libfoo.so.1", ["foo_b"], versions="FOO_1 { global: foo_b; };")
    other = shared(tmp_path / "other", "libother.so.1", ["foo_a", "other"], versions=script)
    use = program(tmp_path / "use", "use", uses=["foo_a"], links=[old, "-Wl,--no-as-needed", other])  # type: ignore[list-item]
    package = Package("consumer", files=files("bin", use), depends=["libfoo", "libother"])
    assert faults(tmp_path, package, lib("libfoo", new), lib("libother", other)) == []


def test_symbols_of_a_library_that_the_recipe_leaves_out_are_not_judged(tmp_path: Path) -> None:
    old = shared(tmp_path / "old", "libfoo.so.1", ["foo_a", "foo_b"])
    new = shared(tmp_path / "new", "libfoo.so.1", ["foo_a"])
    info = linking("missing_dso_allowlist:", "- libfoo.so*")
    package = consumer(tmp_path, [old], ["foo_a", "foo_b"], depends=["libfoo"], info=info)
    assert faults(tmp_path, package, lib("libfoo", new)) == []


def test_code_for_a_graphics_card_is_data(tmp_path: Path) -> None:
    data = bytearray(shared(tmp_path / "x", "libx.so.1").read_bytes())
    data[18:20] = (190).to_bytes(2, "little")
    assert faults(tmp_path, Package("consumer", files={"lib/kernels.so": bytes(data)})) == []


def test_of_several_libraries_of_one_name_the_packages_own_is_meant(tmp_path: Path, foo: Path) -> None:
    """Whatever the order of the packages: no dependency is blamed for what the package carries itself."""
    made = shared(tmp_path / "x", "libx.so.1", ["x_a"], uses=["foo_a"], links=[foo], rpath="")
    package = Package("consumer", files=files("lib", made) | files("share/own", foo), depends=["a"])
    other = Package("a", files=files("share/a", foo))
    found = faults(tmp_path, package, other)
    assert [fault.sentence for fault in found if fault.kind is Kind.RPATH] == [
        "lib/libx.so.1 needs libfoo.so.1, which lies in share/own/libfoo.so.1, and has no search path to it."
    ]
