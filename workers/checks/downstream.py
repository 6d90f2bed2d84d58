"""The test that a dependent still works: its own tests, in environments that have it and this very package.

rattler-build's ``downstream``: https://rattler-build.prefix.dev/latest/testing/#downstream-tests. There a
dependent that cannot be installed beside the package passes; here it is unsolvable.
"""

from dataclasses import replace

from workers.checks.archives import Archive, BadPackageError, read_folder
from workers.checks.catalogue import tests_of
from workers.checks.definitions import Run, UnreadableTestsError
from workers.checks.environments import Environment
from workers.checks.runs import Ended, Runs, wanted_of
from workers.checks.solutions import NoEnvironmentError, Wanted, name_of


def run(spec: str, runs: Runs, lowest: tuple[str, ...]) -> Ended:
    """Run the tests of the dependent that ``spec`` finds; ``runs`` are the package's own."""
    package = runs.archive
    try:
        environment = runs.environments.make(Wanted((spec, package.spec), lowest))
        dependent = _dependent(environment, name_of(spec))
        tests = tests_of(dependent)
    except NoEnvironmentError as error:
        return Ended(error.outcome, str(error))
    except (BadPackageError, UnreadableTestsError) as error:
        return Ended("failed", f"{spec} cannot be tested: {error}")
    runs.tell(f"the tests of {dependent.file_name} beside {package.file_name}")
    todo = [each for test in tests for each in _alone(test.runs)]
    if not todo:
        return Ended("no_tests", f"{dependent.file_name} carries no test that can be run.")
    inner = replace(runs, archive=dependent)
    return inner.all([(each, wanted_of(dependent, each, lowest, package.spec)) for each in todo])


def _dependent(environment: Environment, name: str) -> Archive:
    record, folder = environment.record_of(name), environment.package_folder(name)
    if record is None or folder is None:
        raise BadPackageError("its environment does not have it")
    return read_folder(folder, (record.sha256 or b"").hex())


def _alone(runs: tuple[Run, ...]) -> list[Run]:
    """Without the versions of Python that the dependent names for itself: the package decides which there is."""
    free = [replace(run, specs=tuple(spec for spec in run.specs if not spec.startswith("python="))) for run in runs]
    return list({run.specs: run for run in free}.values())
