"""The names that channels have, asked of their indexes."""

import asyncio
from collections.abc import Sequence

from controller.domain.errors import UpstreamError


def provided_names(channels: Sequence[str], subdirs: Sequence[str]) -> frozenset[str]:
    """Every package name in these channels for these subdirs and noarch. Raises UpstreamError where one is away."""
    from rattler import Gateway
    from rattler.exceptions import GatewayError

    platforms = list(dict.fromkeys((*subdirs, "noarch")))
    try:
        names = asyncio.run(Gateway().names(list(channels), platforms))  # type: ignore[arg-type]
    except (GatewayError, ValueError) as error:
        raise UpstreamError(
            f"The index of {', '.join(channels)} cannot be read: {error}.",
            remedy="Give a channel's URL, a name of anaconda.org, or a folder with an index.",
        ) from error
    return frozenset(name.normalized for name in names)
