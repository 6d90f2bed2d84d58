"""What the commands print, for people and for programs."""

import json

import pytest
from inline_snapshot import snapshot

from .conftest import Type
from .fake_controller import AT, FakeController, batch, job

WHY = {"rule": "R1", "sentence": "The new zlib falls outside of 'zlib <1.3'."}


@pytest.fixture
def fake_day(fake: FakeController) -> FakeController:
    broken = job(3, "test", "curl", "failed", category="broken", failing_text="2 != 3", reason=WHY)
    jobs = (job(1, "build", "zlib", "passed", reason=WHY), job(2, "test", "zlib", "passed"), broken)
    fake.batches["B-7"] = batch(
        state="partial", jobs=jobs, published=["linux-64/zlib-1.3.2-h1_0.conda", "win-64/zlib-1.3.2-h1_0.conda"],
        stays=[{"file": "linux-64/curl-8-h1_0.conda", "name": "curl", "reason": "Its tests failed."}],
        refusals=["bad/recipe.yaml:4: mapping values are not allowed here"],
        gates=[{"gate": "tested", "verdict": "pass", "passes": True}],
    )  # fmt: skip
    fake.batches["B-8"] = batch("B-8", "held", title="everything")
    fake.jobs["J-3"] = broken | {
        "sentence": "Its tests failed.", "reasons": [WHY], "why_not": ["Nobody waits."],
        "failing": [{"line": 12, "text": "\x1b[31mAssertionError: 2 != 3\x1b[0m", "kind": "python"}],
        "tries": [{"id": "J-3.1", "lease": 1, "worker": "lin-01", "state": "failed", "leased_at": AT}],
    }  # fmt: skip
    fake.logs["J-3"] = ["[farm] phase test", "AssertionError: 2 != 3"]
    return fake


def test_the_list_of_batches(asked: Type, fake_day: FakeController) -> None:
    assert asked("batch", "list").out == snapshot("""\
BATCH  STATE    JOBS              TITLE       AUTHOR  OPENED
B-7    partial  1 broken, 2 done  zlib 1.3.2  ana     2026-11-23 12:00:00
B-8    held     1 broken, 2 done  everything  ana     2026-11-23 12:00:00
""")
    assert asked("batch", "list", "-o", "name").out == "B-7\nB-8\n"
    assert asked("batch", "list", "--state", "held", "-o", "name").out == "B-8\n"


def test_a_batch_for_people(asked: Type, fake_day: FakeController) -> None:
    assert asked("batch", "view", "B-7").out == snapshot("""\
B-7 partial: zlib 1.3.2  (ana, c0ffee000000)
  It is partial.
JOB  KIND   NAME  SUBDIR    WAVE  STATE   WHY
J-1  build  zlib  linux-64  1     passed  The new zlib falls outside of 'zlib <1.3'.
J-2  test   zlib  linux-64  1     passed
J-3  test   curl  linux-64  1     failed  2 != 3
  stays behind: linux-64/curl-8-h1_0.conda: Its tests failed.
  not read: bad/recipe.yaml:4: mapping values are not allowed here
GATE    VERDICT  REASONS  WHO MUST ACT
tested  pass
""")


def test_a_batch_for_programs_is_the_apis_own_shape(asked: Type, fake_day: FakeController) -> None:
    said = json.loads(asked("batch", "view", "B-7", "-o", "json").out)
    assert said["jobs"][2]["failing_text"] == "2 != 3"
    assert said["created_at"] == AT
    assert asked("batch", "view", "B-7", "-o", "name").out == "J-1\nJ-2\nJ-3\n"
    assert "failing_text: 2 != 3" in asked("batch", "view", "B-7", "-o", "yaml").out


def test_a_job_for_people_cannot_steer_the_terminal(asked: Type, fake_day: FakeController) -> None:
    assert asked("job", "view", "J-3").out == snapshot("""\
J-3 test of curl (linux-64): failed. Its tests failed.
  because The new zlib falls outside of 'zlib <1.3'.
  line 12 (python): AssertionError: 2 != 3
ATTEMPT  WORKER  STATE   OUTCOME  CLASS  THEN  PHASE  MESSAGE
J-3.1    lin-01  failed
""")


def test_why_a_job_is_there_and_does_not_run(asked: Type, fake_day: FakeController) -> None:
    assert asked("job", "why", "J-3").out == "The new zlib falls outside of 'zlib <1.3'.\nNobody waits.\n"


def test_a_log_is_plain_text_on_stdout(asked: Type, fake_day: FakeController) -> None:
    text = "[farm] phase test\nAssertionError: 2 != 3\n"
    assert asked("job", "logs", "J-3").out == text
    assert asked("job", "logs", "J-3", "-f").out == text


def test_a_job_can_be_tried_again(asked: Type, fake_day: FakeController) -> None:
    assert asked("job", "retry", "J-3").out == "J-3 is ready\n"


def test_a_promotion_is_shown_asked_for_done_and_taken_back(asked: Type, fake_day: FakeController) -> None:
    dry = asked("batch", "promote", "B-7", "-n")
    assert dry.code == 0
    assert dry.out == snapshot("""\
promote: stable would move on from @0; 2 files (2 added, 0 removed) on 2 platforms
  + linux-64/zlib-1.3.2-h1_0.conda
  + win-64/zlib-1.3.2-h1_0.conda
""")
    assert fake_day.stable == []

    unsure = asked("batch", "promote", "B-7")
    assert unsure.code == 2
    assert "Promote 2 files (2 added, 0 removed) on 2 platforms of B-7 to stable?" in unsure.err
    assert fake_day.stable == []

    assert asked("batch", "promote", "B-7", "-y", "--why", "reviewed", "-o", "name").out == "stable@1\n"
    assert len(fake_day.stable) == 2
    assert asked("promotion", "list").out == snapshot("""\
MOVE      ACT      BATCH  ADDED  REMOVED  WHO  WHY       AT
stable@1  promote         2      0        eva  reviewed  2026-11-23 12:00:00
""")

    assert asked("promotion", "restore", "stable@1", "-n").code == 0
    assert len(fake_day.stable) == 2
    assert asked("promotion", "restore", "stable@1", "-y", "--why", "it crashes").code == 0
    assert fake_day.stable == []
    assert [(move["who"], move["why"]) for move in fake_day.promotions] == [("eva", "reviewed"), ("eva", "it crashes")]


@pytest.mark.parametrize("words", [["-y"], ["-n"], []])
def test_what_a_gate_refuses_ends_with_6_and_nobody_is_asked(
    asked: Type, fake_day: FakeController, words: list[str]
) -> None:
    fake_day.gates = [
        {"gate": "tested", "verdict": "refused", "passes": False, "reasons": ["curl failed"], "actor": "maintainer"}
    ]
    said = asked("batch", "promote", "B-7", *words)
    assert said.code == 6
    assert "curl failed" in said.out
    assert "tested" in said.err
    assert fake_day.stable == []


def test_a_held_batch_is_released_or_given_up(asked: Type, fake_day: FakeController) -> None:
    assert asked("batch", "release", "B-8", "--why", "looked at").out == "B-8 is running\n"
    assert asked("batch", "cancel", "B-8").code == 2
    assert asked("batch", "cancel", "B-8", "-y").out == "B-8 is cancelled\n"


def test_a_batch_is_given_another_priority_for_a_reason(asked: Type, fake_day: FakeController) -> None:
    said = asked("batch", "bump", "B-8", "--priority", "emergency", "--reason", "openssl")
    assert said.out == "B-8 has priority emergency\n"
    assert fake_day.asked[-1][2] == {"priority": "emergency", "who": "eva", "why": "openssl"}
    assert asked("batch", "bump", "B-8", "--priority", "emergency").code == 2
    assert asked("batch", "bump", "B-8", "--priority", "at-once", "--reason", "x").code == 2
    assert "Priority emergency." in asked("batch", "view", "B-8").out


def test_why_of_a_job_says_its_place_in_the_queue(asked: Type, fake_day: FakeController) -> None:
    parts = {
        "priority": "high",
        "lane": "ordinary",
        "below_seconds": 60.0,
        "share": 1.0,
        "sentences": ["It is urgent."],
    }
    fake_day.jobs["J-3"]["order"] = parts
    assert asked("why", "J-3").out == asked("job", "why", "J-3").out
    assert asked("why", "J-3").out.endswith("Nobody waits.\nIt is urgent.\n")


def test_a_push_names_its_batch_on_stdout_and_its_page_on_stderr(asked: Type, fake: FakeController) -> None:
    said = asked("push", "/srv/recipes", "-m", "zlib 1.3.2")
    assert said.out == "B-7: 3 jobs, running\n"
    assert said.err == f"{fake.url}/batches/B-7\n"
    assert "pushed before" in asked("push", "/srv/recipes").out
    assert fake.asked[0][2] == {
            "tree": "/srv/recipes", "rev": None, "summary": "zlib 1.3.2", "who": "eva", "priority": "normal",
            "at_once": False,
        }  # fmt: skip


def test_a_push_that_waits_says_for_how_long_and_what_would_open_its_batch_at_once(
    asked: Type, fake: FakeController
) -> None:
    fake.waiting = ["waits 40 s for more pushes"]
    said = asked("push", "/srv/recipes")
    assert said.out == "P-1: waits 40 s for more pushes; `farm push --now` opens its batch at once\n"
    assert asked("batch", "list").out.splitlines()[-1] == "P-1 zlib (ana, c0ffee000000): waits 40 s for more pushes"
    assert asked("push", "/srv/recipes", "--now").out == "B-7: 3 jobs, running\n"
    assert fake.asked[-1][2]["at_once"]


def test_a_push_that_waits_is_watched_until_its_batch_is_opened_and_then_that(
    asked: Type, fake: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.waiting = ["waits 40 s for more pushes", "waits 1 s for more pushes"]
    slept = list[float]()
    monkeypatch.setattr("controller.cli.push.time.sleep", slept.append)
    fake.batches["B-7"] = batch(state="passed")
    said = asked("push", "/srv/recipes", "--watch")
    assert slept[:2] == [30.0, 30.0]
    assert "waits 40 s for more pushes" in said.err
    assert said.out.startswith("B-7: 3 jobs, running")


def test_an_older_controller_that_knows_of_no_waiting_pushes_lists_its_batches(
    asked: Type, fake: FakeController
) -> None:
    fake.knows_pushes = False
    assert asked("batch", "list").code == 0


def test_a_folder_is_pushed_by_its_full_path(asked: Type, fake: FakeController, tmp_path: object) -> None:
    asked("push", ".", "-o", "name")
    assert fake.asked[0][2]["tree"] == str(tmp_path)


def test_what_is_not_there_ends_with_5(asked: Type, fake: FakeController) -> None:
    for words in (("batch", "view", "B-9"), ("job", "view", "J-9"), ("promotion", "restore", "stable@9", "-y")):
        assert asked(*words).code == 5
