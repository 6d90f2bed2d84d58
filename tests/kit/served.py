"""A channel served over HTTP from memory, as real clients see one."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """``files`` by path below the root, as ``linux-64/repodata.json``; what was asked for is in ``asked``."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

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
            self.send_response(HTTPStatus.OK if data is not None else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            if data and with_body:
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
            pass

    return Handler
