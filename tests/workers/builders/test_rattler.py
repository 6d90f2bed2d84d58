"""Builds by the real builder, ordered and watched as in a farm."""

import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rattler_build import BuildError

from tests.kit.fake_controller import Attempt, Request, RunningController
from tests.kit.orders import build_order, index, planned, publish, recipe
from workers.agent.guard import descendants
from workers.agent.runner import Runner
from workers.builders.events import Speaker
from workers.builders.orders import File
from workers.builders.rattler import Log, _failure
from workers.contract.jobs import JobSpec, PlannedParent
from workers.contract.reports import Outcome

Run = Callable[[JobSpec], Attempt]

LIBRARY = """
package: {name: liba, version: "1.0"}
build: {number: 0, noarch: generic, script: ["mkdir -p $PREFIX/share && echo a > $PREFIX/share/a.txt"]}
requirements: {run_exports: ["liba >=1.0"]}
"""
USER = """
package: {name: usera, version: "2.0"}
build: {number: 0, noarch: generic, script: ["mkdir -p $PREFIX/share && cp $PREFIX/share/a.txt $PREFIX/share/b.txt"]}
requirements: {host: [liba]}
"""


class NotWrittenError(BuildError):
    """The builder's error can only be made by the builder."""

    def __init__(self, message: str) -> None:
        self.message = message


def script(line: str) -> str:
    return f'package: {{name: toy, version: "1.0"}}\nbuild:\n  noarch: generic\n  script:\n    - {line!r}\n'


def parent(file_name: str, **more: object) -> PlannedParent:
    return PlannedParent.model_validate({"name": "liba", "file_name": file_name, "section": "host", **more})


def test_a_build_delivers_exactly_the_planned_file(controller: RunningController, tmp_path: Path, run: Run) -> None:
    folder = recipe(tmp_path / "liba", LIBRARY)
    attempt = run(build_order(controller, folder, number=7))
    assert attempt.report.outcome is Outcome.PASSED, attempt.text
    (file,) = attempt.report.files
    assert file.file_name == planned(folder)[0].file_name
    assert file.file_name.endswith("_7.conda")
    assert (file.subdir, file.size) == ("noarch", len(controller.blobs[file.sha256]))


def test_the_log_tells_the_phases_and_the_report_times_them(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    attempt = run(build_order(controller, recipe(tmp_path / "liba", LIBRARY)))
    marks = [line for line in attempt.text.splitlines() if line.startswith("[farm] phase ")]
    assert marks == [f"[farm] phase {name}" for name in ("fetch", "solve", "build", "upload")]
    assert [phase.name for phase in attempt.report.phases] == ["fetch", "solve", "build", "upload"]
    assert attempt.text.endswith("[farm] passed\n")


def test_several_outputs_are_built_in_the_planned_order_and_see_each_other(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    text = """
recipe: {name: pair, version: "1.0"}
build: {number: 0, noarch: generic}
outputs:
  - package: {name: pair-lib}
    build: {noarch: generic, script: ["mkdir -p $PREFIX/share && echo a > $PREFIX/share/a.txt"]}
  - package: {name: pair-user}
    build: {noarch: generic, script: ["mkdir -p $PREFIX/share && cp $PREFIX/share/a.txt $PREFIX/share/b.txt"]}
    requirements:
      host: ["${{ pin_subpackage('pair-lib', exact=True) }}"]
"""
    attempt = run(build_order(controller, recipe(tmp_path / "pair", text)))
    assert attempt.report.outcome is Outcome.PASSED, attempt.text
    assert [file.file_name.rsplit("-", 2)[0] for file in attempt.report.files] == ["pair-lib", "pair-user"]


def test_two_variants_of_one_name_built_in_the_same_second_do_not_meet(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    text = """
package: {name: twice, version: "1.0"}
build: {number: 0, script: ["mkdir -p $PREFIX/share && echo ${{ flavour }} > $PREFIX/share/f.txt"]}
requirements: {build: []}
"""
    folder = recipe(tmp_path / "twice", text)
    attempt = run(build_order(controller, folder, variants="flavour: [sweet, sour]\n"))
    assert attempt.report.outcome is Outcome.PASSED, attempt.text
    assert len({file.sha256 for file in attempt.report.files}) == 2


def test_a_build_number_the_plan_did_not_assign_is_refused_before_anything_is_built(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    folder = recipe(tmp_path / "liba", LIBRARY)
    attempt = run(build_order(controller, folder, number=7, files=planned(folder, 8)))
    assert attempt.report.outcome is Outcome.REFUSED
    assert "was ordered; it makes noarch/liba-1.0-" in attempt.report.message
    assert "Running build script" not in attempt.text


def test_a_planned_parent_that_was_in_the_host_environment_is_found_there(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    publish(controller, run(build_order(controller, recipe(tmp_path / "liba", LIBRARY))).id)
    name = planned(tmp_path / "liba")[0].file_name
    attempt = run(build_order(controller, recipe(tmp_path / "usera", USER), parents=[parent(name)], job="J-2"))
    assert attempt.report.outcome is Outcome.PASSED, attempt.text


def test_a_planned_parent_that_was_not_used_refuses_the_build(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    publish(controller, run(build_order(controller, recipe(tmp_path / "liba", LIBRARY))).id)
    attempt = run(build_order(controller, recipe(tmp_path / "usera", USER), parents=[parent("liba-1.1-h0_8.conda")]))
    assert attempt.report.outcome is Outcome.REFUSED
    assert "was not built against liba-1.1-h0_8.conda in its host environment" in attempt.report.message
    assert "it had liba-1.0-" in attempt.report.message
    assert not attempt.report.files


def test_what_cannot_be_solved_is_said_in_the_solvers_words(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    text = LIBRARY.replace("requirements: {", "requirements: {host: ['no-such-library >=3'], ")
    attempt = run(build_order(controller, recipe(tmp_path / "dreamer", text)))
    assert attempt.report.outcome is Outcome.UNSOLVABLE
    assert "No candidates were found for no-such-library" in attempt.report.message
    assert attempt.report.phase == "solve"


def test_a_channel_that_goes_away_in_the_solve_is_nobodys_recipes_fault(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    attempt = run(build_order(controller, recipe(tmp_path / "usera", USER), channels=("http://127.0.0.1:1/gone",)))
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "channels could not be read" in attempt.report.message


def test_a_package_that_cannot_be_fetched_is_nobodys_recipes_fault(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    publish(controller, run(build_order(controller, recipe(tmp_path / "liba", LIBRARY))).id)
    for package in (controller.channels / "main" / "noarch").glob("*.conda"):
        package.unlink()
    attempt = run(build_order(controller, recipe(tmp_path / "usera", USER), job="J-2"))
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "could not be made" in attempt.report.message


def test_a_failing_script_is_told_by_its_most_telling_line(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    line = 'echo "foo.c:3:1: error: unknown type name"; echo "make: stopping"; exit 3'
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script(line))))
    assert attempt.report.outcome is Outcome.FAILED
    assert attempt.report.phase == "build"
    assert "foo.c:3:1: error: unknown type name" in attempt.report.message
    assert "Script failed with status 3" in attempt.report.message


def test_what_the_builder_itself_finds_wrong_is_told_in_its_words(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    text = LIBRARY + "about: {license_file: nowhere.txt}\n"
    attempt = run(build_order(controller, recipe(tmp_path / "liba", text)))
    assert attempt.report.outcome is Outcome.FAILED
    assert "No license files were copied" in attempt.report.message


def test_a_recipe_that_does_not_parse_is_the_recipes_fault(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    good = recipe(tmp_path / "liba", LIBRARY)
    files = planned(good)
    recipe(good, "package: {name: liba\n")
    attempt = run(build_order(controller, good, files=files))
    assert attempt.report.outcome is Outcome.FAILED
    assert "cannot be rendered" in attempt.report.message


def test_a_package_larger_than_the_limit_is_not_uploaded(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    attempt = run(build_order(controller, recipe(tmp_path / "liba", LIBRARY), output_bytes=100))
    assert attempt.report.outcome is Outcome.OVER_LIMIT
    assert not controller.partial
    assert not attempt.report.files


def test_a_log_past_its_limit_ends_the_build(controller: RunningController, tmp_path: Path, run: Run) -> None:
    line = "set +x; while true; do echo 0123456789012345678901234567890123456789; done"
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script(line)), log_bytes=50_000))
    assert attempt.report.outcome is Outcome.OVER_LIMIT
    assert len(attempt.log) < 50_000 + 65_536
    assert attempt.text.rstrip().splitlines()[-1].startswith("[farm] over_limit")


def test_a_build_past_its_limit_is_ended_with_all_that_it_started(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    line = "sleep 54321 & setsid sleep 54322 & (setsid sh -c 'sleep 54323 &' &) ; sleep 54324"
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script(line)), total_seconds=1.5))
    assert attempt.report.outcome is Outcome.TIMEOUT
    assert "1.5 s" in attempt.report.message
    assert attempt.report.phase == "build"
    assert not processes_naming("sleep 5432")


def test_a_silent_build_is_ended(controller: RunningController, tmp_path: Path, run: Run) -> None:
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script("sleep 54331")), silence_seconds=1.0))
    assert attempt.report.outcome is Outcome.SILENT
    assert not processes_naming("sleep 54331")


def test_a_child_killed_from_outside_is_the_workers_own_fault(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    ending = threading.Thread(target=_kill_child_of, args=("sleep 54341", "workers.builders.rattler"))
    ending.start()
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script("sleep 54341"))))
    ending.join()
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "signal 9" in attempt.report.message
    assert not processes_naming("sleep 54341")


def test_a_lease_that_is_lost_ends_the_build_and_nothing_is_reported(
    controller: RunningController, tmp_path: Path, run: Run, place: object
) -> None:
    controller.lease_seconds = 0.3
    threading.Timer(1.0, lambda: controller.revoke("J-1.1")).start()
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script("sleep 54351"))))
    assert not attempt.reports
    assert not processes_naming("sleep 54351")
    assert not (tmp_path / "work" / "attempts" / "J-1.1").exists()


def test_a_controller_that_is_away_for_a_while_costs_neither_build_nor_log(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    line = "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.2; done"
    controller.lease_seconds = 0.3
    threading.Timer(0.8, controller.stop).start()
    threading.Timer(4.0, controller.start).start()
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script(line))))
    assert attempt.report.outcome is Outcome.PASSED
    lines = [line for line in attempt.text.splitlines() if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(1, 10)]


def test_answers_that_get_lost_change_nothing(controller: RunningController, tmp_path: Path, run: Run) -> None:
    """Every second write is done and its answer lost: the worst a network can do."""
    from tests.kit.fake_controller import AwayError

    serve, seen = controller._route, [0]

    def lossy(request: Request) -> tuple[int, dict[str, str], bytes]:
        answer = serve(request)
        seen[0] += request.method in {"POST", "PATCH"}
        if request.method in {"POST", "PATCH"} and seen[0] % 2 == 0 and not request.path.endswith("claims"):
            raise AwayError
        return answer

    controller._route = lossy  # type: ignore[method-assign]
    line = "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; sleep 0.2; done"
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script(line))))
    assert attempt.report.outcome is Outcome.PASSED
    assert len(attempt.reports) == 1
    lines = [line for line in attempt.text.splitlines() if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(1, 10)]


def test_halting_a_worker_ends_the_build_and_gives_the_job_back(
    controller: RunningController, tmp_path: Path, run: Run, runner: Runner
) -> None:
    threading.Timer(1.0, runner.halt).start()
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script("sleep 54361"))))
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "told to stop" in attempt.report.message
    assert not processes_naming("sleep 54361")


def test_a_build_sees_no_secret_of_the_worker(
    controller: RunningController, tmp_path: Path, run: Run, place: object, runner: Runner
) -> None:
    runner._place.environment.update(  # type: ignore[attr-defined]
        FARM_WORKER_TOKEN_FILE="/secret/token", FARM_SOURCE_CACHE="/cache/sources", PIP_TIMEOUT="7", AWS_SECRET="s"
    )
    text = """
package: {name: toy, version: "1.0"}
build:
  noarch: generic
  script:
    env:
      SEEN_CACHE: ${{ env.get("FARM_SOURCE_CACHE", default="") }}
      SEEN_TOKEN: ${{ env.get("FARM_WORKER_TOKEN_FILE", default="none") }}
      SEEN_AWS: ${{ env.get("AWS_SECRET", default="none") }}
      SEEN_PIP: ${{ env.get("PIP_TIMEOUT", default="none") }}
    content: ["env | grep SEEN_ | sort", "tr '\\\\0' '\\\\n' < /proc/$PPID/environ | grep -c token || true"]
"""
    attempt = run(build_order(controller, recipe(tmp_path / "toy", text)))
    assert attempt.report.outcome is Outcome.PASSED, attempt.text
    lines = attempt.text.splitlines()
    assert {"SEEN_CACHE=/cache/sources", "SEEN_TOKEN=none", "SEEN_AWS=none", "SEEN_PIP=7"} <= set(lines)
    assert "0" in lines


def test_a_package_for_another_platform_is_built_here_when_its_order_says_so(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    text = LIBRARY.replace("noarch: generic, ", "")
    attempt = run(build_order(controller, recipe(tmp_path / "liba", text), platform="osx-arm64"))
    assert attempt.report.outcome is Outcome.PASSED, attempt.text
    assert attempt.report.files[0].subdir == "osx-arm64"


def test_a_recipe_archive_that_reaches_outside_is_refused(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    folder = recipe(tmp_path / "liba", LIBRARY)
    files = planned(folder)
    (folder / "out").symlink_to("/etc")
    attempt = run(build_order(controller, folder, files=files))
    assert attempt.report.outcome is Outcome.REFUSED
    assert "archive" in attempt.report.message


def test_a_source_that_is_not_what_its_digest_says_is_not_built(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    spec = build_order(controller, recipe(tmp_path / "liba", LIBRARY))
    controller.blobs[spec.order.source_sha256] += b"x"  # type: ignore[union-attr]
    attempt = run(spec)
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "should have digest" in attempt.report.message


def test_packages_are_readable_by_all(controller: RunningController, tmp_path: Path) -> None:
    from workers.builders import orders
    from workers.builders.events import Speaker
    from workers.builders.rattler import build

    folder = recipe(tmp_path / "liba", LIBRARY)
    (file,) = planned(folder)
    index(controller.channels / "main")
    task = orders.BuildTask(
        forms=(orders.Form(folder / "recipe.yaml", tmp_path / "liba-variants.yaml"),),
        output_folder=tmp_path / "out",
        target_platform="linux-64", build_platform="linux-64", build_number=7, package_format="conda:1",
        files=(orders.File(file.name, file.version, file.build, file.subdir, file.file_name),), parents=(),
        sources=orders.Sources((), "disabled"),
    )  # fmt: skip
    with (tmp_path / "said").open("wb") as said:
        result = build(task, Speaker(said.fileno()))
    assert stat.S_IMODE(Path(result.files[0].path).stat().st_mode) == 0o644


def processes_naming(text: str, patience: float = 5.0) -> list[str]:
    """Processes whose command line holds ``text``; they get a moment to be gone."""
    end = time.monotonic() + patience
    while True:
        listing = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        found = [row for row in listing.splitlines() if text in row]
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def _kill_child_of(once: str, text: str) -> None:
    end = time.monotonic() + 20
    while not processes_naming(once, 0) and time.monotonic() < end:
        time.sleep(0.05)
    mine = set(descendants(os.getpid()))  # other tests may build at the same time
    pids = [int(row.split()[0]) for row in processes_naming(text, 0) if "guard.py" not in row]
    os.kill(next(pid for pid in pids if pid in mine), signal.SIGKILL)


if not hasattr(os, "killpg"):  # pragma: no cover
    pytest.skip("the scripts of these recipes are for a POSIX shell", allow_module_level=True)


def test_what_fails_on_a_full_disk_is_nobodys_recipes_fault(
    controller: RunningController, tmp_path: Path, run: Run, runner: Runner
) -> None:
    object.__setattr__(runner._place, "full_bytes", 1 << 62)
    attempt = run(build_order(controller, recipe(tmp_path / "toy", script("exit 3"))))
    assert attempt.report.outcome is Outcome.INFRASTRUCTURE
    assert "disk is full" in attempt.report.message


def test_a_package_that_could_not_be_written_is_nobodys_recipes_fault() -> None:
    """As said by the builder on a disk that is full: the system's own words are not in it."""
    error = NotWrittenError("PyRattlerBuildError: Could not open or create, or write to file")
    log = Log(Speaker(-1))
    result = _failure(File("a", "1.0", "0", "noarch", "a-1.0-0.conda"), error, log)
    assert result.outcome == "infrastructure"
    assert "a-1.0-0.conda" in result.message
