"""The real application behind real HTTP, on a free port of 127.0.0.1, gone at the end."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from controller.cli.listening import listen
from controller.services.farm import Farm
from controller.web.app import create_app


@contextmanager
def serving(farm: Farm) -> Iterator[str]:
    """The address of a controller on this farm."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(farm), log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
