"""Package indexes on loopback: a real proxy and real TLS under the names of the real hosts, with a CA of its own.

What asks for ``https://pypi.org/...`` over HTTPS_PROXY, trusting SSL_CERT_FILE, is answered from here. The server is
a process of its own, since whoever asks may hold the interpreter's lock all the while.
"""

import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

HOSTS = ("pypi.org", "files.pythonhosted.org", "cran.r-universe.dev", "cran.r-project.org", "fastapi.metacpan.org")


@dataclass(frozen=True)
class Indexes:
    """Answers by address, kept in a folder; what is not there is 404."""

    folder: Path
    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What leads a process here."""
        proxy = f"http://127.0.0.1:{self.port}"
        return {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(self.folder / "ca.pem"), "NO_PROXY": ""}

    def put(self, address: str, body: bytes | str) -> None:
        self.place(address).write_bytes(body.encode() if isinstance(body, str) else body)

    def place(self, address: str) -> Path:
        return self.folder / "answers" / sha256(address.encode()).hexdigest()

    @property
    def asked(self) -> list[str]:
        """The addresses that were asked for."""
        log = self.folder / "asked"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def clear(self) -> None:
        shutil.rmtree(self.folder / "answers", ignore_errors=True)
        (self.folder / "answers").mkdir()
        (self.folder / "asked").unlink(missing_ok=True)

    def answer(self, address: str) -> tuple[int, bytes]:
        with (self.folder / "asked").open("a", encoding="utf-8") as log:
            log.write(f"{address}\n")
        place = self.place(address)
        return (200, place.read_bytes()) if place.exists() else (404, b"not here")


def can_be_served() -> bool:
    """Whether certificates can be made here."""
    return shutil.which("openssl") is not None


@contextmanager
def serving(folder: Path) -> Iterator[Indexes]:
    """Serve until the end of the block."""
    _certify(folder)
    with subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        indexes = Indexes(folder, int(server.stdout.readline()))
        indexes.clear()
        yield indexes
        server.terminate()


def _serve(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    indexes = Indexes(folder)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                _tunnel(self.connection, context, indexes)

    ThreadingTCPServer.daemon_threads = True
    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def _tunnel(plain: socket.socket, context: ssl.SSLContext, indexes: Indexes) -> None:
    """One CONNECT, and within it one request after another."""
    host = _head(plain).split()[1].partition(":")[0]
    plain.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with context.wrap_socket(plain, server_side=True) as secure:
        while head := _head(secure):
            method, path = head.split()[:2]
            status, body = indexes.answer(f"https://{host}{path}")
            secure.sendall(f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            secure.sendall(b"" if method == "HEAD" else body)


def _head(connection: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            return ""
        data += more
    return data.decode()


def _certify(folder: Path) -> None:
    """A certificate for every host, signed by ``ca.pem``."""
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    (folder / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=tests", "-days", "2")
    _openssl(folder, "req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=pypi.org")
    _openssl(
        folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "2", "-extfile", "extensions", "-out", "server.pem",
    )  # fmt: skip


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
