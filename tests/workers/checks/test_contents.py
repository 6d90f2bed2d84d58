"""What a package must hold; the examples for globs are those of Rust's globset."""

import pytest

from workers.checks.contents import faults, translate
from workers.checks.definitions import read_tests


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("a*b", "a/x/b", "a/x/bc"),
        ("lib/{,lib}x.so", "lib/libx.so", "lib/xx.so"),
        ("lib/{,lib}x.so", "lib/x.so", "lib/libxso"),
        ("**/a", "a", "ba"),
        ("**/a", "b/c/a", "b/c/aa"),
        ("a/**/b", "a/b", "a/xb"),
        ("a?c", "abc", "ac"),
        ("[a-c]x", "bx", "dx"),
        ("[!a]x", "bx", "ax"),
        ("a\\*b", "a*b", "axb"),
        ("{a,b{c,d}}", "bd", "b"),
        ("x.y", "x.y", "xzy"),
        ("{open", "{open", "open"),
        ("[z-a]", "[z-a]", "z"),
    ],
)
def test_a_glob_matches_as_globset_has_it(glob: str, yes: str, no: str) -> None:
    tests = read_tests(f"- package_contents:\n    files: ['{glob}']\n".encode())
    assert faults(tests[0], [yes], "linux-64", noarch_python=False) == [], translate(glob)
    assert faults(tests[0], [no], "linux-64", noarch_python=False), translate(glob)


def faults_of(text: str, paths: list[str], subdir: str = "linux-64", *, noarch_python: bool = False) -> list[str]:
    (test,) = read_tests(f"- package_contents: {text}\n".encode())
    return faults(test, paths, subdir, noarch_python=noarch_python)


@pytest.mark.parametrize(
    ("text", "subdir", "path"),
    [
        ("{lib: [z]}", "linux-64", "lib/libz.so.1"),
        ("{lib: [libz.a]}", "linux-64", "lib/libz.a"),
        ("{lib: [z]}", "osx-arm64", "lib/libz.1.dylib"),
        ("{include: [z.h]}", "win-64", "Library/include/z.h"),
        ("{bin: [z]}", "win-64", "Library/bin/z.exe"),
        ("{bin: [z]}", "win-64", "Scripts/z"),
        ("{bin: [z]}", "linux-64", "bin/z"),
        ("{lib: [z.dll]}", "win-64", "Library/bin/z.dll"),
        ("{site_packages: [a.b]}", "linux-64", "lib/python3.11/site-packages/a/b.py"),
        ("{site_packages: [a]}", "win-64", "Lib/site-packages/a/__init__.py"),
        ("{site_packages: [a/b.txt]}", "linux-64", "lib/python3.11/site-packages/a/b.txt"),
    ],
)
def test_each_section_looks_where_the_system_keeps_such_things(text: str, subdir: str, path: str) -> None:
    assert faults_of(text, [path], subdir) == []
    assert faults_of(text, [f"other/{path}"], subdir)


def test_a_pure_python_package_has_its_modules_elsewhere() -> None:
    assert faults_of("{site_packages: [a]}", ["site-packages/a.py"], noarch_python=True) == []


def test_on_windows_a_library_needs_both_its_parts() -> None:
    assert faults_of("{lib: [z]}", ["Library/bin/z.dll"], "win-64") == ["lib: nothing is like Library/lib/z.lib"]


def test_what_must_not_be_there_is_told() -> None:
    assert faults_of("{lib: {not_exists: [libz.a]}}", ["lib/libz.a"]) == ["lib: lib/libz.a must not be there (libz.a)"]
    assert faults_of("{lib: {not_exists: [libz.a]}}", ["lib/libz.so"]) == []


def test_strict_leaves_nothing_unnamed() -> None:
    paths = ["bin/a", "share/b", "share/c"]
    assert faults_of("{bin: [a], strict: true}", paths) == ["strict: 2 files are named by no test, share/b first"]
    assert faults_of("{bin: [a], files: ['share/*'], strict: true}", paths) == []
