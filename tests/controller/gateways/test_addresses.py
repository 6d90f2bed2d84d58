"""Addresses asked of a real server."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from controller.gateways.addresses import silent


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response({"/there": 200, "/moved": 302}.get(self.path, 404))
        self.send_header("Location", "/there")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()


def test_only_what_does_not_answer_is_told(server: str) -> None:
    asked = [f"{server}/there", f"{server}/moved", f"{server}/gone", "../relative", "ftp://example.org/a"]
    assert list(silent(asked)) == [f"The source's address {server}/gone answers 404."]


def test_a_server_that_is_away_and_an_address_that_is_none_are_told() -> None:
    (away, none) = silent(["http://127.0.0.1:9/file", "https://[bad"])
    assert away.startswith("The source's address http://127.0.0.1:9/file could not be asked: ")
    assert none.startswith("The source's address https://[bad could not be asked: ")
