"""What the command promises, on files made here: no network, no pip."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from importlib.machinery import SourceFileLoader
from pathlib import Path

COMMAND = shutil.which("pip-source") or str(Path(__file__).parent / "pip_source.py")
loader = SourceFileLoader("pip_source", COMMAND)
spec = importlib.util.spec_from_loader("pip_source", loader)
pip_source = sys.modules["pip_source"] = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
loader.exec_module(pip_source)


class Sources(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def listing(self, **fields):
        lines = "\n".join(f'{key} = "{value}"' for key, value in fields.items())
        (self.folder / "sources.toml").write_text(f"[[source]]\n{lines}\n", encoding="utf-8")
        return self.folder / "sources.toml"

    def wheel(self):
        path = self.folder / "thing-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("thing/__init__.py", "")
            archive.writestr("thing-1.data/data/lib/libthing.so.1", "library")
            archive.writestr("thing-1.data/data/lib/libother.so.1", "library")
            archive.writestr("thing-1.dist-info/licenses/LICENSE", "free")
        return path

    def place(self, **options):
        target, work = self.folder / "prefix", self.folder / "work"
        site = options.pop("site", target / "site")
        count = pip_source.place_wheel(self.wheel(), target, site, work, options.get("only", []), options.get("skip", []))
        return count, sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())

    def test_a_wheel_goes_to_its_places(self):
        expected = ["lib/libother.so.1", "lib/libthing.so.1", "site/thing-1.dist-info/licenses/LICENSE", "site/thing/__init__.py"]
        self.assertEqual(self.place(), (4, expected))
        self.assertEqual((self.folder / "work" / "LICENSE").read_text(), "free")

    def test_without_python_only_data_is_placed(self):
        self.assertEqual(self.place(site=None), (2, ["lib/libother.so.1", "lib/libthing.so.1"]))

    def test_patterns_choose(self):
        self.assertEqual(self.place(site=None, only=["lib/libthing*"]), (1, ["lib/libthing.so.1"]))

    def test_patterns_leave_out(self):
        self.assertEqual(self.place(site=None, skip=["lib/libthing*"]), (1, ["lib/libother.so.1"]))

    def test_a_changed_file_counts_as_missing(self):
        wheel = self.wheel()
        good = pip_source.Source("thing==1", wheel.name, pip_source.digest(wheel))
        self.assertEqual(pip_source.missing([good], self.folder), ())
        wheel.write_bytes(b"something else")
        self.assertEqual(pip_source.missing([good], self.folder), (good,))

    def test_a_file_with_another_digest_is_refused(self):
        wrong = pip_source.Source("thing==1", self.wheel().name, "0" * 64)
        with self.assertRaisesRegex(pip_source.SourceError, "not the file that sources.toml names"):
            pip_source.accept(wrong, self.folder, self.folder / "cache")

    def test_a_python_without_files_is_refused_with_what_there_is(self):
        path = self.listing(requirement="thing==1", file="f", sha256="0", subdir="linux-64", python="3.11")
        with self.assertRaisesRegex(pip_source.SourceError, "nothing for linux-64 and Python 3.9; it has linux-64 and Python 3.11"):
            pip_source.fitting(path, "linux-64", "3.9")

    def test_an_sdist_loses_its_top_folder(self):
        (self.folder / "thing-1").mkdir()
        (self.folder / "thing-1" / "setup.py").write_text("")
        with tarfile.open(self.folder / "thing-1.tar.gz", "w:gz") as tar:
            tar.add(self.folder / "thing-1", "thing-1")
        pip_source.unpack_sdist(self.folder / "thing-1.tar.gz", self.folder / "out")
        self.assertEqual([p.name for p in (self.folder / "out").iterdir()], ["setup.py"])

    def test_metadata_comes_from_the_distribution_without_running_it(self):
        (self.folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: Thing\nVersion: 1.0\n\nWords.\n")
        code = "import sys; sys.path.insert(0, 'b'); import mesonpy; print(mesonpy.prepare_metadata_for_build_wheel('.'))"
        environment = os.environ | pip_source.stand_in_backends(self.folder / "b")
        done = subprocess.run([sys.executable, "-c", code], cwd=self.folder, env=environment, capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), "Thing-1.0.dist-info", done.stderr)
        self.assertTrue((self.folder / "Thing-1.0.dist-info" / "METADATA").is_file())

    def test_pip_is_asked_without_what_keeps_builds_offline(self):
        os.environ["PIP_NO_INDEX"] = "True"
        self.addCleanup(os.environ.pop, "PIP_NO_INDEX")
        environment = pip_source.pip_environment()
        self.assertNotIn("PIP_NO_INDEX", environment)
        self.assertEqual(environment["HOME"], str(pip_source.home()))

    def test_each_name_stands_once_in_a_call_of_pip(self):
        def source(requirement, file):
            return pip_source.Source(requirement, file, "0" * 64)

        wanted = [source("a==1", "a-1.whl"), source("b==1", "b-1.whl"), source("a==2", "a-2.whl"), source("c==1", "c-1.tar.gz")]
        calls = [[s.requirement for s in group] for group in pip_source.groups(wanted)]
        self.assertEqual(calls, [["a==1", "b==1"], ["a==2"], ["c==1"]])


if __name__ == "__main__":
    unittest.main()
