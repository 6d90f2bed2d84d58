"""A channel served over HTTP from memory, as real clients see one."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """``files`` by path below the root, as ``linux-64/repodata.json``; what was asked for is in ``asked``."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    """Path and status of every answer."""
    tagged: bool = False
    """Whether files have an ETag, by which they are asked for again."""
    failing: dict[str, int] = field(default_factory=dict)
    """Paths to the status that they are answered with in place of what they are."""
    cut: set[str] = field(default_factory=set)
    """Paths of which half is sent, and then nothing more."""

    def put(self, subdir: str, files: Mapping[str, bytes]) -> None:
        self.files.update({f"{subdir}/{name}": data for name, data in files.items()})


@contextmanager
def served() -> Iterator[Served]:
    """A server on a free port of 127.0.0.1, gone at the end."""
    channel = Served()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(channel))
    channel.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield channel
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(channel: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            path = self.path.lstrip("/").split("?")[0]
            channel.asked.append(path)
            data = channel.files.get(path)
            tag = f'"{sha256(data).hexdigest()}"' if data is not None and channel.tagged else ""
            status = HTTPStatus.OK if data is not None else HTTPStatus.NOT_FOUND
            if tag and self.headers.get("If-None-Match") == tag:
                status, data = HTTPStatus.NOT_MODIFIED, b""
            self._send(path, channel.failing.get(path, status), tag, data or b"", with_body=with_body)

        def _send(self, path: str, status: int, tag: str, data: bytes, *, with_body: bool) -> None:
            channel.answers.append((path, int(status)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if tag:
                self.send_header("ETag", tag)
            self.end_headers()
            if with_body:
                self.wfile.write(data[: len(data) // 2] if path in channel.cut else data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
            pass

    return Handler
