"""Documents about libraries, as workers upload them: read within bounds, since a worker runs what strangers wrote."""

import gzip
import zlib
from pathlib import Path

from pydantic import ValidationError

from workers.contract.interfaces import MOST_BYTES, InterfaceFacts


def read_interface(path: Path) -> InterfaceFacts | None:
    """The document, or None for what is none, or unpacks to too much."""
    try:
        with gzip.open(path) as file:
            data = file.read(MOST_BYTES + 1)
        return InterfaceFacts.model_validate_json(data) if len(data) <= MOST_BYTES else None
    except (OSError, EOFError, zlib.error, ValidationError):
        return None
