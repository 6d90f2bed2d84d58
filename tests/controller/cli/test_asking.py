"""Which controller is asked, and with which token: explicit beats environment beats the note beside the data."""

import json
from pathlib import Path

import pytest

from .conftest import Type
from .fake_controller import FakeController, batch


@pytest.fixture
def data(tmp_path: Path, fake: FakeController) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "server.json").write_text(json.dumps({"url": fake.url, "pid": 1}), encoding="utf-8")
    (folder / "admin-token").write_text(f"{fake.token}\n", encoding="utf-8")
    fake.batches["B-7"] = batch()
    return folder


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_note_and_the_token_beside_the_data_are_found(typed: Type, data: Path, place: str) -> None:
    words = ("batch", "cancel", "B-7", "-y")
    said = typed("--data", data, *words) if place == "before" else typed(*words, "--data", data)
    assert (said.code, said.out) == (0, "B-7 is cancelled\n")


def test_the_default_folder_is_looked_at_when_nothing_is_said(typed: Type, data: Path) -> None:
    data.rename(data.with_name("farm-data"))
    assert typed("batch", "list", "-o", "name").out == "B-7\n"


def test_what_is_said_beats_the_environment(
    typed: Type, data: Path, fake: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_SERVER", "http://127.0.0.1:9")
    assert typed("batch", "list", "--data", data).code == 1
    assert typed("batch", "list", "--server", fake.url).code == 0
    assert typed("--server", fake.url, "batch", "list").code == 0


def test_a_token_file_beats_the_environment_and_that_the_data_folder(
    typed: Type, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "token"
    other.write_text("let-me-in", encoding="utf-8")
    monkeypatch.setenv("FARM_TOKEN", "wrong")
    assert typed("batch", "cancel", "B-7", "-y", "--data", data).code == 4
    assert typed("batch", "cancel", "B-7", "-y", "--data", data, "--token-file", other).code == 0


def test_a_token_file_that_is_not_there_is_misuse(typed: Type, data: Path) -> None:
    said = typed("batch", "list", "--data", data, "--token-file", "nowhere")
    assert said.code == 2
    assert "nowhere" in said.err


def test_without_any_controller_it_says_how_to_name_one(typed: Type) -> None:
    said = typed("batch", "list")
    assert said.code == 1
    assert "farm up" in said.err
    assert "--server" in said.err


@pytest.mark.parametrize("address", ["farm:8440", "ftp://farm", "http://", "http://[::1"])
def test_an_address_that_is_none_is_an_error_in_words(typed: Type, address: str) -> None:
    said = typed("batch", "list", "--server", address)
    assert said.code == 2
    assert f"'{address.rstrip('/')}' is no address" in said.err
