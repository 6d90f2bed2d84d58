"""A controller in memory behind real HTTP: it keeps batches, moves channels, and can be told to misbehave."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

AT = "2026-11-23T12:00:00Z"


def job(number: int, kind: str, name: str, state: str = "waiting", **more: Any) -> dict[str, Any]:
    """A job as the API tells it."""
    return {
        "id": f"J-{number}", "batch": "B-7", "kind": kind, "state": state, "category": "waiting", "name": name,
        "recipe": name, "subdir": "linux-64", "pool": "linux-64", "wave": 1,
    } | more  # fmt: skip


def batch(
    name: str = "B-7", state: str = "running", jobs: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    """A batch as the API tells it."""
    return {
        "id": name, "state": state, "title": "zlib 1.3.2", "tree": "/srv/recipes", "commit": "c0ffee" + "0" * 34,
        "author": "ana", "created_at": AT, "verdict": f"It is {state}.", "jobs": list(jobs),
        "counts": {"done": 2, "broken": 1},
    } | more  # fmt: skip


@dataclass
class RefusalError(Exception):
    """An answer that is a problem document."""

    status: int
    code: str
    detail: str
    remedy: str = ""


@dataclass
class FakeController:
    """``batches`` are answered as they stand; ``before`` may change them before each look at one."""

    url: str = ""
    token: str = "let-me-in"
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    stable: list[str] = field(default_factory=list)
    promotions: list[dict[str, Any]] = field(default_factory=list)
    gates: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _path: None
    waiting: list[str] = field(default_factory=list)
    """What is said of a push, each time that it is asked, before it has its batch."""
    told: list[str] = field(default_factory=list)
    knows_pushes: bool = True
    raw: tuple[int, str, bytes] | None = None
    """When set, every answer is this: status, content type, body."""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        """The answer's document. Raises RefusalError."""
        self.asked.append((method, path, body))
        self.before(path)
        for pattern, serve in _ROUTES:
            found = re.fullmatch(f"{method} {pattern}", f"{method} {path}")
            if found:
                return serve(self, *found.groups(), query, body)
        raise RefusalError(404, "not_found", f"There is nothing at {path}.")

    def pushes(self, _query: dict[str, str], _body: Any) -> Any:
        if not self.knows_pushes:
            raise RefusalError(404, "not_found", "There is nothing at /api/v1/pushes.")
        said = {"id": "P-1", "tree": "t", "commit": "c0ffee" + 34 * "0", "summary": "zlib", "author": "ana"}
        return {"items": [said | {"at": AT, "due_at": AT, "sentence": each} for each in self.told]}

    def changes(self, _query: dict[str, str], body: Any) -> Any:
        if self.waiting and not body["at_once"]:
            self.told = [self.waiting.pop(0)]
            return {"batch": "", "change": "P-1", "commit": "c0ffee", "waits_seconds": 40, "sentence": self.told[0]}
        self.told = []
        again = "B-7" in self.batches
        self.batches.setdefault("B-7", batch(title=body["summary"] or "a push"))
        return {"batch": "B-7", "change": "C-7", "commit": "c0ffee", "again": again, "state": "running", "jobs": 3}

    def view_list(self, query: dict[str, str], _body: Any) -> Any:
        wanted = query.get("state", "")
        return {"items": [b for b in self.batches.values() if wanted in ("", b["state"])], "next": None}

    def view(self, name: str, _query: dict[str, str], _body: Any) -> Any:
        return _known(self.batches, name, "batch")

    def promote(self, name: str, query: dict[str, str], body: Any) -> Any:
        found = _known(self.batches, name, "batch")
        allowed = all(gate["passes"] for gate in self.gates)
        added = [file for file in found.get("published", []) if file not in self.stable]
        move = {"channel": body["to"], "act": "promote", "base": len(self.promotions), "added": added,
                "gates": self.gates, "allowed": allowed}  # fmt: skip
        if query["dry_run"] == "true":
            return move
        if not allowed:
            raise RefusalError(409, "gate_refused", "A gate said no.", "Mend that.")
        return self._move(move, body, lambda: self.stable.extend(added))

    def restore(self, name: str, query: dict[str, str], body: Any) -> Any:
        undone = next((p for p in self.promotions if p["id"] == name), None)
        if undone is None:
            raise RefusalError(404, "not_found", f"There is no move {name}.", "See `farm promotion list`.")
        move = {"channel": "stable", "act": "restore", "base": len(self.promotions), "removed": undone["files"]}
        if query["dry_run"] == "true":
            return move
        return self._move(move, body, lambda: [self.stable.remove(file) for file in undone["files"]])

    def _move(self, move: dict[str, Any], body: Any, do: Callable[[], object]) -> Any:
        do()
        number = len(self.promotions) + 1
        self.promotions.append(
            {"id": f"stable@{number}", "channel": "stable", "act": move["act"], "base": number - 1, "snapshot": number,
             "added": len(move.get("added", [])), "removed": len(move.get("removed", [])), "who": body["who"],
             "why": body["why"], "at": AT, "files": move.get("added", [])}
        )  # fmt: skip
        return move | {"snapshot": number, "promotion": f"stable@{number}"}

    def act(self, name: str, act: str, _query: dict[str, str], _body: Any) -> Any:
        found = _known(self.batches, name, "batch")
        found["state"] = {"release": "running", "cancel": "cancelled"}[act]
        return found

    def bump(self, name: str, _query: dict[str, str], body: Any) -> Any:
        found = _known(self.batches, name, "batch")
        found["priority"] = body["priority"]
        return found

    def job_view(self, name: str, _query: dict[str, str], _body: Any) -> Any:
        return _known(self.jobs, name, "job")

    def retry(self, name: str, _query: dict[str, str], _body: Any) -> Any:
        found = _known(self.jobs, name, "job")
        found["state"] = "ready"
        return found

    def log(self, name: str, query: dict[str, str], _body: Any) -> Any:
        found = _known(self.logs, name, "log")
        first, count = int(query["first"]), int(query["count"])
        return {"attempt": f"{name}.1", "first": first, "lines": found[first - 1 : first - 1 + count],
                "total": len(found), "ended": name not in self.running}  # fmt: skip

    def moves(self, _query: dict[str, str], _body: Any) -> Any:
        return {"items": list(reversed(self.promotions))}


def _known(things: dict[str, Any], name: str, what: str) -> Any:
    if name not in things:
        raise RefusalError(404, "not_found", f"There is no {what} {name}.", f"See `farm {what} list`.")
    return things[name]


_ROUTES: list[tuple[str, Callable[..., Any]]] = [
    ("/api/v1/changes", FakeController.changes),
    ("/api/v1/batches", FakeController.view_list),
    ("/api/v1/pushes", FakeController.pushes),
    (r"/api/v1/batches/([^/]+)", FakeController.view),
    (r"/api/v1/batches/([^/]+)/promotions", FakeController.promote),
    (r"/api/v1/batches/([^/]+)/(release|cancel)", FakeController.act),
    (r"/api/v1/batches/([^/]+)/bump", FakeController.bump),
    ("/api/v1/promotions", FakeController.moves),
    (r"/api/v1/promotions/([^/]+)/restore", FakeController.restore),
    (r"/api/v1/jobs/([^/]+)", FakeController.job_view),
    (r"/api/v1/jobs/([^/]+)/retry", FakeController.retry),
    (r"/api/v1/jobs/([^/]+)/log", FakeController.log),
]


@contextmanager
def answering() -> Iterator[FakeController]:
    """The controller on a free port of 127.0.0.1, gone at the end."""
    controller = FakeController()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(controller))
    controller.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield controller
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(controller: FakeController) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve("GET", None)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._serve("POST", body)

        def _serve(self, method: str, body: Any) -> None:
            if controller.raw is not None:
                self._send(*controller.raw)
                return
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            try:
                if method == "POST" and self.headers.get("Authorization") != f"Bearer {controller.token}":
                    raise RefusalError(401, "not_permitted", "This needs the administrator's token.", "Set FARM_TOKEN.")
                self._send(200, "application/json", _json(controller.answer(method, url.path, query, body)))
            except RefusalError as no:
                document = {"status": no.status, "code": no.code, "detail": no.detail, "remedy": no.remedy}
                self._send(no.status, "application/problem+json", _json(document))

        def _send(self, status: int, kind: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
            pass

    return Handler


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
