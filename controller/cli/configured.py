"""Settings as a command reads them: what does not hold is said in words."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from controller.domain.errors import InvalidInputError
from controller.settings import Settings

_BROKERS = ("redis://", "rediss://", "unix://")


def settings_of(said: Mapping[str, Any]) -> Settings:
    """Settings from what was said, the environment and farm.toml. Raises InvalidInputError, naming each fault."""
    try:
        settings = Settings(**{key: value for key, value in said.items() if value is not None})
    except ValueError as error:  # of pydantic, of the TOML reader, or of a variable that is no JSON
        faults = _faults(error) if isinstance(error, ValidationError) else str(error)
        raise InvalidInputError(
            f"The settings do not hold: {faults}", remedy="See `farm up --help`, farm.toml and the variables FARM_*."
        ) from error
    if settings.broker_url and not settings.broker_url.startswith(_BROKERS):
        raise InvalidInputError("The broker's address is none.", remedy="Give it as redis://host:port/0.")
    return settings


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
