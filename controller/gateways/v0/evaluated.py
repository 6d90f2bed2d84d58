"""A v0 recipe after its selectors, its Jinja and its YAML: what translation starts from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A ``meta.yaml`` for one combination of variant values and one platform.

    Every scalar is text but ``true``, ``false`` and ``null``, as conda-build reads them: ``version: 1.10`` is "1.10".
    Functions that the new format has too stand as its expressions: ``${{ compiler('c') }}``,
    ``${{ pin_subpackage('x', upper_bound='x.x') }}``, ``${{ hash }}``; all other text is literal once v1 has read it.
    """

    document: Mapping[str, Any]
    variant: Mapping[str, str]
    """The combination: a value for every key that may matter to the builder, as the pin files write it."""
    used: frozenset[str]
    """Keys of the pin files that selectors and Jinja use outside of the entries of ``outputs``."""
    used_by_output: tuple[frozenset[str], ...] = ()
    """The same for each entry of ``outputs``, without those of ``used``."""
