"""The unit test of tallybook, run against the installed package."""
import importlib.metadata
import subprocess
import unittest

from tallybook import Entry, parse, summary


class Book(unittest.TestCase):
    def test_an_entry_is_read(self) -> None:
        self.assertEqual(parse("rent=700"), Entry("rent", 700))

    def test_a_slip_of_the_pen_is_named(self) -> None:
        with self.assertRaisesRegex(ValueError, "rent:700"):
            parse("rent:700")

    def test_the_summary_ends_with_total_and_mean(self) -> None:
        lines = summary([Entry("rent", 700), Entry("food", 300)]).splitlines()
        self.assertEqual([line.split() for line in lines[-2:]], [["total", "1000"], ["mean", "500"]])


class Installed(unittest.TestCase):
    def test_the_version_is_known(self) -> None:
        self.assertRegex(importlib.metadata.version("tallybook"), r"^\d+\.\d+")

    def test_the_command_says_what_is_wrong(self) -> None:
        run = subprocess.run(["tallybook", "oops"], text=True, capture_output=True)
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("name=amount", run.stderr)
