"""What a rule says: the table of codes, and one finding."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Level(StrEnum):
    """How much a finding weighs; only errors make ``farm recipe lint`` fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its weight, what it says of a recipe, and the next step."""

    level: Level
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is held against one recipe, where it stands, and why."""

    code: str
    recipe: str
    file: str
    line: int | None
    cause: str
    remedy: str
    level: Level

    @property
    def order(self) -> tuple[str, int, str, str]:
        """By file, then line, then code."""
        return (self.file, self.line or 0, self.code, self.cause)


_E, _W, _N = Level

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "unreadable": Rule(_E, "The recipe, or a pin file it needs, cannot be read.", "Correct the file."),
        "unbuildable": Rule(
            _E, "The recipe can be read, but not be handed to the builder.", "Write it in a form the builder has."
        ),
        "build-string-without-hash": Rule(
            _E, "The build string has no hash, so two variants share a file name and a new pin makes no new file.",
            "Put ${{ hash }} (meta.yaml: {{ PKG_HASH }}) into build.string, or leave build.string out.",
        ),
        "made-twice": Rule(
            _E, "Two recipes, or two variants, make a file of one name.", "Give them different names or build strings."
        ),
        "source-without-checksum": Rule(
            _E, "A source has no checksum, or no fixed commit: it may change without a trace.",
            "Add its sha256; for git, name a commit or a tag.",
        ),
        "noarch-compiled": Rule(
            _E, "A package that says noarch: python compiles for one platform.", "Leave noarch out, or the compiler."
        ),
        "unprovided": Rule(
            _E, "Nothing in the tree or in the given channels provides a requirement.",
            "Correct its name, add a recipe for it, or name the channel that has it.",
        ),
        "host-cycle": Rule(
            _W, "Recipes need each other to be built: each is built in stages, and the first needs something older.",
            "Cut one of the requirements, or split a bootstrap package off.",
        ),
        "no-tests": Rule(
            _W, "It has no tests: a farm can publish it, but never know that it works.",
            "Add a test; an import or `--version` is a beginning.",
        ),
        "exact-pin-by-text": Rule(
            _W, "A run requirement names one exact version by hand: each release of it needs an edit here.",
            "Give it a range; or write pin_subpackage(..., exact=True) where both come of one recipe.",
        ),
        "library-without-exports": Rule(
            _W, "A library that others have in host exports nothing: their packages do not say what they link.",
            "Add run_exports with pin_subpackage, with the bound that its ABI keeps.",
        ),
        "no-host-section": Rule(
            _W, "It has compilers but no host section, so build and host become one environment.",
            "Move what it links against to requirements.host.",
        ),
        "unused-pin": Rule(
            _W, "The recipe's own pin file has a key that the recipe does not use.", "Remove the key, or use it."
        ),
        "no-license-file": Rule(
            _W, "It has a source and names a licence, but no licence file to ship.",
            "Name the file in about.license_file.",
        ),
        "never-built": Rule(
            _N, "It skips itself on every subdir that was asked for.", "Ask for other subdirs, or correct build.skip."
        ),
    }
)  # fmt: skip
"""Every rule by its code; codes never change."""


def found(code: str, recipe: str, file: str, line: int | None, cause: str, remedy: str = "") -> Finding:
    """A finding of a rule; without a remedy of its own it has the rule's."""
    rule = RULES[code]
    return Finding(code, recipe, file, line, cause, remedy or rule.remedy, rule.level)
