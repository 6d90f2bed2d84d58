"""Run by the packaged interpreter in a fresh prefix: it stands on its own feet there."""
import ctypes
import json
import os
import sqlite3
import ssl
import subprocess
import sys
import sysconfig
import unittest
from pathlib import Path

PREFIX = Path(os.environ["PREFIX"]).resolve()


class FreshPrefix(unittest.TestCase):
    def test_it_runs_from_the_new_prefix(self) -> None:
        self.assertEqual(Path(sys.prefix).resolve(), PREFIX)
        self.assertEqual(Path(json.__file__).resolve().parents[3], PREFIX)

    def test_its_version_is_the_one_of_the_package(self) -> None:
        self.assertEqual(sys.version.split()[0], os.environ["PKG_VERSION"])

    def test_it_loads_no_libpython_from_elsewhere(self) -> None:
        maps = Path("/proc/self/maps")
        if not maps.exists():
            self.skipTest("this system does not list what is loaded")
        loaded = {line.split()[-1] for line in maps.read_text().splitlines() if "libpython" in line}
        self.assertEqual([], [path for path in loaded if not Path(path).is_relative_to(PREFIX)])

    def test_site_packages_is_searched_and_is_where_packages_go(self) -> None:
        site = PREFIX / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
        self.assertIn(site, [Path(path).resolve() for path in sys.path])
        self.assertEqual(Path(sysconfig.get_path("purelib")).resolve(), site)

    def test_headers_are_where_it_says(self) -> None:
        if not (PREFIX / "include").exists():
            self.skipTest("this Python was packaged on a machine without its headers (Debian: python3-dev)")
        self.assertTrue((Path(sysconfig.get_path("include")) / "Python.h").is_file())

    def test_compiled_modules_work(self) -> None:
        self.assertEqual(sqlite3.connect(":memory:").execute("select 6 * 7").fetchone(), (42,))
        self.assertTrue(ssl.create_default_context().check_hostname)
        self.assertEqual(ctypes.sizeof(ctypes.c_int64), 8)

    def test_a_child_finds_itself_too(self) -> None:
        child = subprocess.run([sys.executable, "-c", "import sys; print(sys.prefix)"], check=True,
                               text=True, stdout=subprocess.PIPE)
        self.assertEqual(Path(child.stdout.strip()).resolve(), PREFIX)


unittest.main()
