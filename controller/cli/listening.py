"""The port to listen on: taken at once, before anything else is started."""

import socket
import sys

from controller.domain.errors import PortTakenError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortTakenError, naming the flag."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named asyncio sends each answer at once; without, its last part waits 40 ms for the client.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform == "win32":  # there, the other option lets two processes have one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"Cannot listen on {host}:{port}: {error.strerror}.", remedy="Choose another port with --port, or --port 0."
        ) from error
    return listener


def address(host: str, port: int) -> str:
    """Where this machine's own workers and commands reach the controller."""
    near = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not bound
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"
