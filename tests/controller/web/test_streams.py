"""Open streams on a real server: what happened is sent once, in order, and goes on where a reader left."""

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import uvicorn

from controller.services import leases, requests, transfers
from controller.services.answers import events as outbox
from controller.services.farm import Farm
from controller.web.app import create_app
from controller.web.topics import topic_of
from tests.kit.farms import make_farm
from tests.kit.filled_farm import Filled, fill
from tests.kit.rows import asking, draw_batch
from workers.contract.leases import Heartbeat


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    farm = make_farm(tmp_path)
    yield farm
    farm.close()


@pytest.fixture
def server(farm: Farm) -> Iterator[str]:
    """The address of a real server on a free port."""
    app = create_app(farm)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    app.state.tail.close()
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@contextlib.contextmanager
def listening(address: str, **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    """Events of a stream as dictionaries of their fields."""
    with httpx2.stream("GET", address, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if not line and event:
            yield event
            event = {}
        elif name and line[0] != ":":
            event[name] = event[name] + "\n" + value if name in event else value


def take(events: Iterator[dict[str, str]], kind: str) -> dict[str, str]:
    return next(event for event in events if event["event"] == kind)


def test_events_come_in_order_and_go_on_after_the_last_one_seen(farm: Farm, server: str) -> None:
    draw_batch(farm, {"one": ["two"], "two": []})
    with listening(f"{server}/api/v1/events?after=0") as events:
        assert leases.claim(farm, asking()) is not None
        first = take(events, "job.state")
    said = json.loads(first["data"])
    assert (said["job"], said["data"]["state"], str(said["id"])) == ("J-2", "running", first["id"])
    requests.cancel(farm, "B-1", who="eva")
    with listening(f"{server}/api/v1/events", **{"Last-Event-ID": first["id"]}) as events:
        kinds = [next(events)["event"] for _ in range(3)]
    assert kinds[:2] == ["batch.state", "batch.cancelled"]


def test_events_of_one_batch_alone(farm: Farm, server: str) -> None:
    draw_batch(farm, {"one": []})
    draw_batch(farm, {"other": [], "more": []})
    requests.cancel(farm, "B-1", who="eva")
    requests.cancel(farm, "B-2", who="eva")
    with listening(f"{server}/api/v1/events?after=0&batch=B-2") as events:
        assert json.loads(next(events)["data"])["batch"] == "B-2"


def test_a_page_of_a_batch_is_sent_its_head_and_the_job_that_changed(farm: Farm, server: str) -> None:
    draw_batch(farm, {"one": [], "two": []})
    with listening(f"{server}/stream?topic=batch:B-1&after=0") as events:
        claim = leases.claim(farm, asking())
        assert claim is not None
        html = take(events, "swap")["data"]
        assert 'id="head"' in html
        assert f'id="cell-{claim.spec.job}"' in html
        assert f'id="run-{claim.spec.job}" data-into="running"' in html
        assert len(html) < 2_000


def test_a_log_is_followed_to_its_end(farm: Farm, server: str) -> None:
    draw_batch(farm, {"one": []})
    claim = leases.claim(farm, asking())
    assert claim is not None
    transfers.append_log(farm, claim.attempt, claim.token, 0, b"one\ntwo\nthr")
    with listening(f"{server}/stream?topic=log:{claim.attempt}&after=1") as events:
        first = next(events)["data"]
        assert 'id="L2"' in first
        assert "thr" not in first
        transfers.append_log(farm, claim.attempt, claim.token, 11, b"ee\n<b>four\n")
        requests.cancel(farm, "B-1", who="eva")
        rest = ""
        while "The log ends here" not in rest:
            rest += next(events)["data"]
        assert "<code>three</code>" in rest
        assert "&lt;b&gt;four" in rest
        assert next(events)["event"] == "end"


@pytest.mark.parametrize("name", ["nothing", "batch:x", "batch:J-1", "job:B-1", ""])
def test_a_stream_that_is_none_is_refused_before_it_begins(server: str, name: str) -> None:
    answer = httpx2.get(f"{server}/stream", params={"topic": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


class TestFragments:
    """What a change sends, by itself."""

    @pytest.fixture
    def filled(self, farm: Farm) -> Filled:
        return fill(farm, farm.now.forward)  # type: ignore[attr-defined]

    def test_a_change_of_one_job_sends_less_than_two_thousand_bytes(self, farm: Farm, filled: Filled) -> None:
        since = outbox.newest(farm)
        assert filled.held is not None
        beat = Heartbeat(lease=filled.held.lease, phase="upload")
        leases.heartbeat(farm, filled.held.attempt, filled.held.token, beat)
        html = topic_of(f"batch:{filled.batch}").render(farm, outbox.after(farm, since))
        assert f'id="cell-{filled.held.spec.job}"' in html
        assert 'id="head"' not in html
        assert len(html.encode()) < 2_000
        leases.lose(farm, filled.held.attempt, "gone")
        html = topic_of(f"batch:{filled.batch}").render(farm, outbox.after(farm, since))
        assert all(f'id="{part}"' in html for part in ("head", "wave-3", f"run-{filled.held.spec.job}"))
        assert len(html.encode()) < 2_000

    def test_a_batch_that_moves_tells_its_page_to_load_anew(self, farm: Farm, filled: Filled) -> None:
        since = outbox.newest(farm)
        requests.cancel(farm, filled.batch, who="eva")
        html = topic_of(f"batch:{filled.batch}").render(farm, outbox.after(farm, since))
        assert 'id="stale"' in html

    def test_the_first_page_the_workers_and_a_job_are_sent_whole_parts(self, farm: Farm, filled: Filled) -> None:
        changes = outbox.after(farm, 0)
        assert 'id="figures"' in topic_of("farm").render(farm, changes)
        assert 'id="machines"' in topic_of("workers").render(farm, changes)
        job = filled.jobs["build mkl linux-64"]
        assert '<div id="job">' in topic_of(f"job:{job}").render(farm, changes)
        assert topic_of(f"job:{job}").render(farm, []) == ""
