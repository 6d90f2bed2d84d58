"""Skip lists of bioconda: recipes that its own builds leave out, by the rules of bioconda-utils."""

import re
from hashlib import sha256

_SKIPS = re.compile(rb"^skiplist:[ \t]*['\"]?(?:true|yes|on)\b", re.MULTILINE | re.IGNORECASE)
_DIGEST = re.compile(rb"^recipe_sha:[ \t]*['\"]?([0-9a-f]{64})\b", re.MULTILINE)


def folders_in(skip_list: bytes) -> frozenset[str]:
    """The recipe folders that a list names, one a line, from the tree's root; they are left out everywhere."""
    lines = (line.strip() for line in skip_list.decode("utf-8", "replace").splitlines() if not line.startswith("#"))
    return frozenset(line.rstrip("/") for line in lines if line)


def holds(record: bytes, recipe: bytes) -> bool:
    """Whether a ``build_failure.<subdir>.yaml`` leaves the recipe out for its subdir.

    It does as long as the recipe's file has not changed since: the record holds its digest. The log that it
    quotes is indented, so that lines are enough to read it by.
    """
    digest = _DIGEST.search(record)
    return bool(_SKIPS.search(record)) and digest is not None and digest[1].decode() == sha256(recipe).hexdigest()
