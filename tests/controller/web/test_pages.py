"""Pages: each answers, each is whole without scripts, and nothing a stranger wrote becomes markup."""

import re
from html.parser import HTMLParser

import pytest
from markupsafe import escape
from starlette.testclient import TestClient

from controller.domain.batches import BatchState
from controller.domain.errors import FarmError
from controller.domain.jobs import AttemptState, JobState
from controller.services import idling, leading, leases, transfers
from controller.services.answers.help import TOPICS
from controller.services.farm import Farm
from controller.storage.batches import BatchRow, find_batch
from controller.storage.jobs import find_job
from controller.web.guards import NotSignedInError
from controller.web.headers import POLICY
from tests.kit.filled_farm import Filled
from tests.kit.rows import asking, draw_batch

PAGES = [
    "/", "/batches", "/batches?state=running,held", "/batches/B-1", "/batches/B-2", "/batches/B-3",
    "/batches/B-3?recipes=exceptions", "/batches/B-3?recipes=all", "/workers", "/channels", "/channels/stable",
    "/channels/testing@1", "/channels/staging/B-3", "/channels/testing?name=zl", "/help", "/help/failed", "/api",
    "/batches/B-3/plan", "/batches/B-3/plan?rule=R7", "/batches/B-3/why/scipy", "/batches/B-3/why/cblas-notes",
    "/affected", "/differences", "/differences?before=B-2&after=B-3",
]  # fmt: skip
VOID = {"meta", "link", "br", "img", "input", "hr"}
HTML = {"Accept": "text/html"}


class Reader(HTMLParser):
    """Collects what the checks ask for, and holds that every element that opens is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def job_pages(filled: Filled) -> list[str]:
    return [f"/jobs/{filled.jobs[key]}{tail}" for key, tail in (
        ("build pytorch linux-64", ""), ("build pytorch linux-64", "/log"), ("test scipy win-64", ""),
        ("test mkl linux-64", ""), ("test pytorch linux-64", ""), ("build mkl linux-64", "/log?attempt=1&first=5"),
        ("build torchvision win-64", ""), ("build torchvision win-64", "/log"), ("build xgboost win-64", ""),
    )]  # fmt: skip


def test_every_page_answers_and_carries_nothing_inline(looking: TestClient, filled: Filled) -> None:
    for path in PAGES + job_pages(filled):
        answer = looking.get(path, headers=HTML)
        assert answer.status_code == 200, path
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        for tag, attrs in Reader(answer.text).tags:
            assert "style" not in attrs, (path, tag)
            assert not [name for name in attrs if name.startswith("on")], (path, tag)
            assert tag != "style"
            assert tag != "script" or attrs.get("src"), path


def test_every_page_asks_nothing_of_another_machine(looking: TestClient, filled: Filled) -> None:
    for path in PAGES + job_pages(filled):
        for _tag, attrs in Reader(looking.get(path, headers=HTML).text).tags:
            for name in ("src", "href", "action"):
                assert not re.match(r"(https?:)?//", attrs.get(name) or ""), (path, attrs)


def test_every_page_has_one_heading_a_title_landmarks_and_unique_ids(looking: TestClient, filled: Filled) -> None:
    for path in PAGES + job_pages(filled):
        page = Reader(looking.get(path, headers=HTML).text)
        names = [name for name, _ in page.tags]
        assert (names.count("h1"), names.count("main"), names.count("title")) == (1, 1, 1), path
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)), path
        assert page.named("html")[0]["lang"] == "en"


def test_tables_have_captions_and_their_heads_say_what_they_head(looking: TestClient, filled: Filled) -> None:
    for path in PAGES + job_pages(filled):
        page = Reader(looking.get(path, headers=HTML).text)
        names = [name for name, _ in page.tags]
        assert names.count("table") == names.count("caption"), path
        assert all(attrs.get("scope") in ("row", "col") for attrs in page.named("th")), path
        assert all(attrs.get("aria-label") for attrs in page.named("svg") if attrs.get("role") == "img")


def test_every_link_within_the_farm_leads_somewhere(looking: TestClient, filled: Filled) -> None:
    seen: set[str] = set()
    for path in PAGES + job_pages(filled):
        for attrs in Reader(looking.get(path, headers=HTML).text).named("a"):
            link = (attrs.get("href") or "").split("#")[0]
            if link.startswith("/") and link not in seen:
                seen.add(link)
                assert looking.get(link, headers=HTML).status_code == 200, (path, link)
    assert len(seen) > 60


def test_the_batch_says_first_what_is_broken_with_the_line_that_tells_why(looking: TestClient) -> None:
    text = looking.get("/batches/B-3").text
    assert "3 broken, " in text
    assert text.index("Broken") < text.index("In progress") < text.index("Left out")
    assert "cblas_zgemm3m" in text
    assert "mapping values are not allowed here" in text


def test_page_and_api_say_the_same(looking: TestClient, filled: Filled) -> None:
    for batch in (filled.batch, filled.settled, filled.promoted):
        verdict = looking.get(f"/api/v1/batches/{batch}").json()["verdict"]
        assert verdict in looking.get(f"/batches/{batch}").text
    for job in filled.jobs.values():
        sentence = looking.get(f"/api/v1/jobs/{job}").json()["sentence"]
        assert str(escape(sentence)) in looking.get(f"/jobs/{job}").text


def test_a_job_tells_its_path_its_failing_lines_and_how_to_see_it_again(looking: TestClient, filled: Filled) -> None:
    job = filled.jobs["build pytorch linux-64"]
    text = looking.get(f"/jobs/{job}").text
    assert "MKL version must be &lt; 2026, found 2026.1" in text
    assert re.search(rf'href="/jobs/{job}/log#L\d+"', text)
    assert f"farm job retry {job}" in text
    assert "rattler-build build --recipe libs/pytorch" in text


def test_a_log_has_numbered_lines_sections_and_colours_as_classes(looking: TestClient, filled: Filled) -> None:
    text = looking.get(f"/jobs/{filled.jobs['build pytorch linux-64']}/log").text
    assert 'id="L64"' in text
    assert "<summary>build" in text
    assert '<span class="c1">error:</span> MKL version must be &lt; 2026' in text
    assert 'class="row failing" id="L' in text


def test_a_log_under_way_follows_from_its_last_line(looking: TestClient, filled: Filled) -> None:
    assert filled.held is not None
    job, _, lease = filled.held.attempt.partition(".")
    text = looking.get(f"/jobs/{job}/log?attempt={lease}").text
    assert f"topic=log:{filled.held.attempt}&amp;after=" in text


def test_a_person_gets_errors_as_a_page_and_a_program_as_a_problem(looking: TestClient) -> None:
    page = looking.get("/batches/B-99", headers=HTML)
    assert page.status_code == 404
    assert "There is no batch B-99." in page.text
    assert looking.get("/batches/B-99").json()["code"] == "not_found"
    assert looking.get("/api/v1/batches/B-99", headers=HTML).json()["code"] == "not_found"


def test_every_error_and_every_state_has_its_help(looking: TestClient) -> None:
    codes = {kind.code for kind in _descendants(FarmError)}
    states = {state.value for table in (JobState, BatchState, AttemptState) for state in table}
    missing = (codes | states) - set(TOPICS)
    assert not missing
    for code in TOPICS:
        assert looking.get(f"/help/{code}").status_code == 200
    assert looking.get("/help/<b>", headers=HTML).status_code == 404


def _descendants(kind: type[FarmError]) -> set[type[FarmError]]:
    return {kind}.union(*(_descendants(child) for child in kind.__subclasses__())) - {NotSignedInError}


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def hostile(farm: Farm) -> str:
    """A batch whose every text was written by somebody who means ill; answers its job."""
    numbers = draw_batch(farm, {"a": [], "b": ["a"]})
    with farm.transaction() as session:
        batch: BatchRow = find_batch(session, "B-1")
        batch.title = batch.author = EVIL
        batch.plan = {
            "refusals": [{"recipe": EVIL, "file": EVIL, "cause": EVIL, "line": 1}],
            "notices": [
                {"kind": "pin left behind", "about": EVIL, "file": EVIL, "values": [EVIL], "now": EVIL, "users": [EVIL]}
            ],
        }
        batch.stays = [{"file": f"linux-64/{EVIL}", "name": EVIL, "reason": EVIL, "blocked_by": [EVIL]}]
        batch.published = [f"linux-64/{EVIL}"]
        session.add(batch)
        job = find_job(session, f"J-{numbers['a']}")
        job.name = job.recipe = EVIL
        session.add(job)
    claim = leases.claim(farm, asking(EVIL[:60]))
    assert claim is not None
    log = f"{EVIL}\n\x1b]8;;javascript:alert(3)\x07link\x1b]8;;\x07\n\x1b[31m{EVIL}\n\xff".encode("latin-1")
    transfers.append_log(farm, claim.attempt, claim.token, 0, log)
    with farm.transaction() as session:
        job = find_job(session, claim.spec.job)
        job.state, job.message, job.phase = "failed", EVIL, EVIL
        job.failing = [{"line": 1, "text": EVIL, "kind": EVIL, "signature": ""}]
        session.add(job)
    return claim.spec.job


def test_names_messages_and_logs_that_mean_ill_stay_text(client: TestClient, hostile: str) -> None:
    paths = ["/", "/batches", "/batches/B-1", "/workers", f"/jobs/{hostile}", f"/jobs/{hostile}/log"]
    for path in paths:
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 200, path
        page = Reader(answer.text)
        assert "alert(" in answer.text
        assert not [attrs for attrs in page.named("script") if not attrs.get("src")], path
        assert not page.named("img")
        assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
        assert "javascript:" not in str(page.named("a"))


def test_raw_logs_and_files_are_never_taken_for_pages(client: TestClient, hostile: str) -> None:
    answer = client.get(f"/api/v1/jobs/{hostile}/log.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_empty_farm_says_how_to_begin(client: TestClient) -> None:
    text = client.get("/", headers=HTML).text
    assert "farm push" in text
    for path in ("/batches", "/workers", "/channels", "/channels/stable"):
        assert client.get(path, headers=HTML).status_code == 200


def test_static_files_are_served_and_templates_are_not(looking: TestClient) -> None:
    for name in ("tokens.css", "parts.css", "print.css", "live.js", "log.js", "theme.js", "icon.svg"):
        assert looking.get(f"/static/{name}").status_code == 200
    assert looking.get("/static/../templates/layout.html").status_code == 404


def test_a_farm_that_does_nothing_says_so_on_every_page_with_the_next_step(farm: Farm, client: TestClient) -> None:
    draw_batch(farm, {"one": ()})
    farm.now.forward(900)  # type: ignore[attr-defined]
    idling.watch_idleness(farm)
    for address in ("/", "/workers", "/batches", "/channels"):
        text = client.get(address, headers=HTML).text
        assert "Nothing starts in linux-64: 1 job is ready, and no worker serves the pool." in text
        assert "farm worker run --pool linux-64" in text
    assert 'farm_idle{cause="no worker",pool="linux-64"} 1.0' in client.get("/metrics").text


def test_the_pages_say_who_leads_the_loop(farm: Farm, client: TestClient) -> None:
    assert "No loop has led this farm yet." in client.get("/workers", headers=HTML).text
    farm.process = "host:42"
    epoch = leading.seek(farm)
    for address in ("/", "/workers"):
        assert "Loop led by host:42 since" in client.get(address, headers=HTML).text
    assert "farm_leader 1.0" in client.get("/metrics").text
    leading.give_up(farm, epoch or 0)
    assert "No loop leads: that of host:42 ended" in client.get("/workers", headers=HTML).text
