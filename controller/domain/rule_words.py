"""What each rule is about, and what may come of it: for lists that are filtered by rule, and for the reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from controller.domain.plans import Membership, Rule


@dataclass(frozen=True, slots=True)
class RuleWords:
    """``title`` ends a heading; ``verdicts`` are the memberships that the rule can decide."""

    title: str
    verdicts: frozenset[Membership]


def _words(title: str, *verdicts: Membership) -> RuleWords:
    return RuleWords(title, frozenset(verdicts))


_M = Membership
RULE_WORDS: Mapping[Rule, RuleWords] = MappingProxyType(
    {
        Rule.NEW: _words("has no artifact yet", _M.REBUILD),
        Rule.CHANGED: _words("changed itself", _M.REBUILD),
        Rule.MOVED: _words("moved in another channel"),
        Rule.R1: _words("an inherited bound excludes the new package", _M.REBUILD),
        Rule.R2: _words("an inherited bound admits the new package", _M.RETEST, _M.REBUILD),
        Rule.R3: _words("a pin moved, and with it the hash", _M.REBUILD),
        Rule.R4: _words("a version in the host section, or a pin, keeps the old package", _M.EDIT),
        Rule.R5: _words("a tool that builds it exports something", _M.NOTHING, _M.REBUILD),
        Rule.R6: _words("a tool that builds it leaves no trace", _M.NOTHING, _M.REBUILD),
        Rule.R7: _words("only runs with it, and admits the new package", _M.RETEST),
        Rule.R8: _words("a bound in the recipe's text excludes the new package", _M.EDIT),
        Rule.R9: _words("only its tests use it", _M.RETEST),
        Rule.R10: _words("links it statically or takes its headers", _M.NOTHING, _M.REBUILD),
        Rule.R11: _words("an exact pin names one build", _M.REBUILD),
        Rule.R12: _words("what it took has another name now", _M.NOTHING),
        Rule.R13: _words("a noarch Python package goes with any Python it admits", _M.RETEST),
        Rule.R14: _words("a variant was added", _M.REBUILD),
        Rule.R15: _words("nothing makes it any more"),
        Rule.R16: _words("a build for the stable interface goes with later Pythons", _M.RETEST),
        Rule.R17: _words("it uses symbols that are gone", _M.REBUILD),
        Rule.R18: _words("a constraint excludes the new package", _M.EDIT, _M.REBUILD),
        Rule.R19: _words("no environment holds it and the new package", _M.REBUILD, _M.BLOCKED),
        Rule.R20: _words("what the machines offer moved", _M.REBUILD),
        Rule.OVERRIDDEN: _words("a person keeps it from being built", _M.NOTHING),
        Rule.UNBUILDABLE: _words("no worker can build it as it is written", _M.EDIT),
        Rule.RETEST: _words("its retest did not pass", _M.REBUILD),
        Rule.UNCHANGED: _words("the new build is the same as the old", _M.NOTHING, _M.RETEST),
        Rule.CURRENT: _words("nothing touches it", _M.NOTHING),
    }
)
