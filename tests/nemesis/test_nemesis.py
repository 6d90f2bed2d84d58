"""The short form: ``make nemesis`` plays longer ones, ``pytest -m slow tests/nemesis`` these."""

import subprocess
import sys

import pytest

from tests.nemesis import grounds

pytestmark = [pytest.mark.slow, pytest.mark.farm]
SECONDS = 40


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_farm_that_is_broken_again_and_again_keeps_its_promises(database: str) -> None:
    if database == "postgres" and grounds.look(database, plain=False).postgres is None:
        pytest.skip("no initdb and postgres here")
    command = [sys.executable, "-m", "tests.nemesis", "--seed", "7", "--minutes", str(SECONDS / 60)]
    done = subprocess.run([*command, "--database", database], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
