"""What a conda channel holds, read out of the index that this project writes, from a folder and over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from controller.domain.artifacts import Dependency
from controller.domain.errors import UpstreamError
from controller.gateways.channel_records import channel_records
from controller.gateways.index import index_files
from tests.kit.drawing import build_drawn, make_output

LIB = make_output("lib", "1.4", weak=["lib >=1.4,<2.0a0"])
APP = make_output("app", host=["lib"], constrains=["other <3"])
PURE = make_output("pure", noarch="python", run=["python >=3.9"])
HELD = build_drawn([LIB, APP, PURE])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for subdir in ("linux-64", "noarch"):
        (tmp_path / subdir).mkdir()
        held = [replace(artifact, md5="0" * 32) for artifact in HELD if artifact.subdir == subdir]
        for name, data in index_files(subdir, held).items():
            (tmp_path / subdir / Path(name).name).write_bytes(data)
    return tmp_path


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_records_of_a_folder_are_the_files_without_what_an_index_cannot_tell(folder: Path) -> None:
    found = {artifact.name: artifact for artifact in channel_records(str(folder), ["linux-64"], ["app", "pure"])}
    assert set(found) == {"app", "pure"}
    app = found["app"]
    assert (app.subdir, app.version, app.build, app.hash) == ("linux-64", "1.0", APP.build, APP.hash)
    assert app.depends == (Dependency("lib >=1.4,<2.0a0"),)
    assert app.constrains == (Dependency("other <3"),)
    assert found["pure"].noarch == "python"
    assert app.sha256 == next(artifact.sha256 for artifact in HELD if artifact.name == "app")


def test_records_come_over_http_too(served: str) -> None:
    assert [artifact.name for artifact in channel_records(served, ["linux-64"], ["lib", "nobody"])] == ["lib"]


def test_a_channel_that_is_away_is_said() -> None:
    with pytest.raises(UpstreamError, match=r"The index of .* cannot be read"):
        channel_records("http://127.0.0.1:9/channel", ["linux-64"], ["lib"])
