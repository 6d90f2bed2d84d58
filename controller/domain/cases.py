"""Names of the cases of tests, as the farm keeps them."""

import hashlib

_LONGEST = 300
_DIGITS = 12


def case_name(said: str) -> str:
    """A name as it was said; of one that is longer than an index takes well the beginning, and a digest of it all."""
    clean = said.replace("\0", "")
    if len(clean) <= _LONGEST:
        return clean
    digest = hashlib.sha256(clean.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{clean[: _LONGEST - _DIGITS - 1]}…{digest}"
