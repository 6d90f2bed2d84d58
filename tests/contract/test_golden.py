"""Every message as it crosses the wire, kept as JSON: fields are only ever added within one protocol number.

A golden file is what a peer of this protocol may send or read. It must be understood, and what we send must hold
all of it. To add a field: add it here with its class; to change or drop one: raise the protocol's number.
"""

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import workers.contract
from workers.contract.messages import Message
from workers.contract.version import PROTOCOL

GOLDEN = Path(__file__).parent / "golden" / f"v{PROTOCOL}"


def messages() -> dict[str, type[Message]]:
    modules = [
        importlib.import_module(f"workers.contract.{module.name}")
        for module in pkgutil.iter_modules(workers.contract.__path__)
    ]
    found = {
        value.__name__: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Message) and value is not Message
    }
    return dict(sorted(found.items()))


def golden(name: str) -> dict[str, Any]:
    return dict(json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8")))


def test_every_message_has_a_golden_file_and_no_file_is_without_its_message() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(messages())


@pytest.mark.parametrize("name", messages())
def test_a_golden_message_is_understood_and_said_again_with_every_field(name: str) -> None:
    said = messages()[name].model_validate(golden(name)).model_dump(mode="json")
    assert said == golden(name)


@pytest.mark.parametrize("name", messages())
def test_a_golden_message_shows_every_field(name: str) -> None:
    assert set(golden(name)) == set(messages()[name].model_fields)


@pytest.mark.parametrize("name", messages())
def test_a_field_that_a_newer_peer_has_added_is_ignored(name: str) -> None:
    newer = golden(name) | {"added_later": {"x": 1}}
    assert messages()[name].model_validate(newer).model_dump(mode="json") == golden(name)


@pytest.mark.parametrize("name", messages())
def test_messages_are_values(name: str) -> None:
    message = messages()[name].model_validate(golden(name))
    with pytest.raises(ValueError, match="frozen"):
        setattr(message, next(iter(type(message).model_fields)), None)
