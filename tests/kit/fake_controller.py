"""A controller made of memory and one thread: the workers' side of the contract, with faults on demand.

It keeps what a worker sends as the real one does (offsets, digests, leases), and knows nothing of plans.
"""

import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from workers.contract import paths
from workers.contract.jobs import JobSpec
from workers.contract.leases import Claim
from workers.contract.reports import Report

TOKEN = "the-workers-token"

Fault = Callable[["Request"], "tuple[int, dict[str, str]] | None"]
"""Called before a request is served; answers (status, problem) to refuse it, None to let it through."""


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Attempt:
    id: str
    lease: int
    token: str
    spec: JobSpec
    worker: str
    state: str = "leased"
    log: bytearray = field(default_factory=bytearray)
    beats: list[str] = field(default_factory=list)
    beat_times: list[float] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    stop: str = ""

    @property
    def text(self) -> str:
        return self.log.decode("utf-8", "replace")

    @property
    def report(self) -> Report:
        assert self.reports, f"{self.id} was not reported; its log:\n{self.text}"
        return self.reports[0]


class FakeController:
    """``queue`` holds the jobs to give away; ``attempts`` what became of them, by id."""

    def __init__(self, root: Path) -> None:
        self.channels, self.store = root / "channels", root / "store"
        self.queue: list[JobSpec] = []
        self.attempts: dict[str, Attempt] = {}
        self.blobs: dict[str, bytes] = {}
        self.partial: dict[str, bytearray] = {}
        self.states: list[tuple[str, str]] = []
        self.claims = 0
        self.requests: list[tuple[str, str]] = []
        self.fault: Fault = lambda _request: None
        self.lease_seconds = 30.0
        self.away = False
        self.lock = threading.RLock()
        self.url = ""

    def add_source(self, folder: Path) -> str:
        """Keep a recipe folder as the real one does; answers the digest of its archive."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for path in sorted(folder.rglob("*")):
                tar.add(path, path.relative_to(folder).as_posix(), recursive=False)
        return self.add_blob(out.getvalue())

    def add_blob(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return digest

    def revoke(self, attempt: str) -> None:
        """As if the lease had lapsed and the job were given away."""
        with self.lock:
            self.attempts[attempt].state = "lost"

    def only(self) -> Attempt:
        (attempt,) = self.attempts.values()
        return attempt

    def serve(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        with self.lock:
            if self.away:
                raise AwayError
            self.requests.append((request.method, request.path))
            refusal = self.fault(request)
            if refusal is not None:
                return problem(*refusal)
            return self._route(request)

    def _route(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        path = request.path
        if path == paths.CLAIMS:
            return self._claim(request)
        if path == paths.WORKERS:
            return self._worker(request)
        if path.startswith("/channels/"):
            return served(self.channels / path.removeprefix("/channels/"))
        if path.startswith("/store/"):
            return served(self.store / path.removeprefix("/store/"))
        return self._of_attempt(request)

    def _signed_in(self, request: Request, token: str) -> bool:
        return request.headers.get("authorization") == f"Bearer {token}"

    def _claim(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        if not self._signed_in(request, TOKEN):
            return problem(401, {"code": "not_permitted", "detail": "This needs the workers' token."})
        asked = json.loads(request.body)
        if asked["protocol"] != 1:
            return problem(422, {"code": "invalid_input", "detail": "This controller serves protocol 1."})
        self.claims += 1
        if not self.queue:
            return 204, {}, b""
        spec, lease = self.queue.pop(0), len(self.attempts) + 1
        attempt = Attempt(f"{spec.job}.{lease}", lease, f"token-{lease}", spec, asked["worker"])
        self.attempts[attempt.id] = attempt
        claim = Claim(attempt=attempt.id, lease=lease, token=attempt.token, lease_seconds=self.lease_seconds, spec=spec)
        return 200, {}, claim.model_dump_json().encode()

    def _worker(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        said = json.loads(request.body)
        self.states.append((said["worker"], said["state"]))
        return 204, {}, b""

    def _of_attempt(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        _, _, _, _, name, kind, *more = request.path.split("/")
        attempt = self.attempts.get(name)
        if attempt is None:
            return problem(404, {"code": "not_found", "detail": f"There is no attempt {name}."})
        if not self._signed_in(request, attempt.token) or request.headers.get("farm-lease") != str(attempt.lease):
            return problem(403, {"code": "not_permitted", "detail": "This is not the token of that attempt."})
        if kind == "heartbeat":
            return self._beat(attempt, request)
        if kind == "report" and attempt.reports:
            return 200, {}, b'{"accepted": true}'
        if attempt.state != "leased" and kind != "blobs":
            return problem(409, {"code": "stale_lease", "detail": "The lease is over.", "remedy": "Drop this work."})
        return getattr(self, f"_{kind}")(attempt, request, *more)

    def _beat(self, attempt: Attempt, request: Request) -> tuple[int, dict[str, str], bytes]:
        attempt.beats.append(json.loads(request.body)["phase"])
        attempt.beat_times.append(time.monotonic())
        stop = attempt.stop or ("the lease is over" if attempt.state == "lost" else "")
        return 200, {}, json.dumps({"stop": bool(stop), "reason": stop}).encode()

    def _log(self, attempt: Attempt, request: Request) -> tuple[int, dict[str, str], bytes]:
        offset, kept = int(request.headers["upload-offset"]), len(attempt.log)
        if offset <= kept:
            attempt.log += request.body[kept - offset :]
        return 204, {paths.OFFSET_HEADER: str(len(attempt.log))}, b""

    def _blobs(self, _attempt: Attempt, _request: Request, digest: str) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, self.blobs[digest]

    def _uploads(self, _attempt: Attempt, request: Request, digest: str) -> tuple[int, dict[str, str], bytes]:
        if digest in self.blobs:
            return 204, {paths.OFFSET_HEADER: str(len(self.blobs[digest]))}, b""
        kept = self.partial.setdefault(digest, bytearray())
        if request.method == "HEAD":
            return 200, {paths.OFFSET_HEADER: str(len(kept))}, b""
        if int(request.headers["upload-offset"]) != len(kept):
            return problem(409, {"code": "upload_refused", "detail": f"Go on from {len(kept)} bytes."})
        kept += request.body
        if len(kept) == int(request.headers["upload-length"]):
            del self.partial[digest]
            if hashlib.sha256(kept).hexdigest() != digest:
                return problem(409, {"code": "upload_refused", "detail": "These bytes have another digest."})
            self.blobs[digest] = bytes(kept)
        return 204, {paths.OFFSET_HEADER: str(len(kept))}, b""

    def _report(self, attempt: Attempt, request: Request) -> tuple[int, dict[str, str], bytes]:
        attempt.reports.append(Report.model_validate_json(request.body))
        attempt.state = "reported"
        return 200, {}, b'{"accepted": true}'


def problem(status: int, body: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/problem+json"}, json.dumps(body).encode()


def served(path: Path) -> tuple[int, dict[str, str], bytes]:
    if not path.is_file():
        return problem(404, {"code": "not_found", "detail": f"There is no {path.name}."})
    return 200, {"Content-Type": "application/octet-stream"}, path.read_bytes()


class AwayError(Exception):
    """Raised by a fault to close the connection without an answer."""


def _handler(controller: FakeController) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, answer, data = controller.serve(Request(self.command, self.path, headers, body))
            except AwayError:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in answer.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_HEAD = do_POST = do_PATCH = _do  # noqa: N815 -- the base class names them so

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class names it so
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in the middle is no news."""


class RunningController(FakeController):
    """A fake controller behind a real socket, which can go away and come back on the same port."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._server: _Server | None = None
        self._port = 0
        self.start()

    def start(self) -> None:
        self.away = False
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_port
        self.url = f"http://127.0.0.1:{self._port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.away = True  # connections that are open already get no answer either
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@contextmanager
def fake_controller(root: Path) -> Iterator[RunningController]:
    """A controller with an empty channel at ``/channels/main``, gone at the end."""
    noarch = root / "channels" / "main" / "noarch"
    noarch.mkdir(parents=True)
    (noarch / "repodata.json").write_text('{"info":{"subdir":"noarch"},"packages":{},"packages.conda":{}}')
    (root / "store").mkdir()
    controller = RunningController(root)
    try:
        yield controller
    finally:
        controller.stop()
