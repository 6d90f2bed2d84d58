"""The only place that asks what time it is, and the only place that draws randomness."""

import secrets
from datetime import UTC, datetime


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def new_token() -> str:
    """A fresh secret of 32 random bytes, printable."""
    return secrets.token_urlsafe(32)
