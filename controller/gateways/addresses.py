"""Whether addresses answer: asked for their head, never fetched."""

from collections.abc import Iterable, Iterator

import httpx2

_PATIENCE = 10.0


def silent(addresses: Iterable[str]) -> Iterator[str]:
    """A sentence for each address that does not answer, or not with what is there; others than HTTP are not asked."""
    with httpx2.Client(timeout=_PATIENCE, follow_redirects=True) as client:
        for address in addresses:
            if address.startswith(("https://", "http://")):
                said = _asked(client, address)
                if said:
                    yield said


def _asked(client: httpx2.Client, address: str) -> str:
    try:
        status = client.head(address).status_code
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return f"The source's address {address} could not be asked: {error}."
    return f"The source's address {address} answers {status}." if status >= httpx2.codes.BAD_REQUEST else ""
