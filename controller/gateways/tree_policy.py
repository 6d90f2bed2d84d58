"""The tables ``tree.policy`` and ``tree.overrides`` of a tree's ``farm.toml``: what is wanted beyond what is forced."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from controller.domain.overrides import Override, OverrideKind
from controller.planning.policy import Policy, Scope, Supersede

Refuse = Callable[[str, str, str], Exception]
"""What is wrong, the key that it stands at, and the remedy; answers the error to raise."""
_POLICY = ("scope", "packages", "relink_static", "static", "not_static", "generators", "supersede", "coalesce_seconds")
_LONGEST_WINDOW = 3600
_OVERRIDE = ("kind", "packages", "subdirs", "author", "reason", "until")


def read_policy(policy: Any, overrides: Any, refuse: Refuse) -> Policy:
    """The policy that the two tables say. Raises what ``refuse`` answers."""
    reader = _Reader(refuse)
    if not isinstance(policy, Mapping):
        raise refuse("policy is no table.", "policy", "Write [tree.policy] on a line of its own.")
    reader.known(policy, _POLICY, "policy")
    if not isinstance(overrides, list):
        raise refuse("overrides is no list of tables.", "overrides", "Write [[tree.overrides]] for each.")
    return Policy(
        scope=reader.scope(policy.get("scope", Scope.MINIMAL.value), "scope"),
        packages=reader.scopes(policy.get("packages", {})),
        relink_static=reader.truth(policy.get("relink_static", True), "relink_static"),
        static=reader.texts(policy.get("static", []), "static"),
        not_static=reader.texts(policy.get("not_static", []), "not_static"),
        generators=reader.texts(policy.get("generators", []), "generators"),
        overrides=tuple(reader.override(entry) for entry in overrides),
        supersede=reader.supersede(policy.get("supersede", Supersede.WAITING.value)),
        coalesce_seconds=reader.seconds(policy.get("coalesce_seconds", 0), "coalesce_seconds"),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    refuse: Refuse

    def known(self, table: Mapping[str, Any], keys: Sequence[str], within: str) -> None:
        for key in table:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                remedy = f"Did you mean {near[0]}?" if near else f"It may hold {', '.join(keys)}."
                raise self.refuse(f"{within} has a key {key} that means nothing.", key, remedy)

    def scope(self, value: Any, key: str) -> Scope:
        if value not in list(Scope):
            raise self.refuse(f"{value!r} is no scope.", key, f"Name one of {', '.join(Scope)}.")
        return Scope(value)

    def supersede(self, value: Any) -> Supersede:
        if value not in list(Supersede):
            remedy = f"Name one of {', '.join(Supersede)}."
            raise self.refuse(f"{value!r} is no way to supersede.", "supersede", remedy)
        return Supersede(value)

    def scopes(self, value: Any) -> tuple[tuple[str, Scope], ...]:
        if not isinstance(value, Mapping):
            raise self.refuse("packages is no table.", "packages", 'Write packages = {openssl = "direct"}.')
        return tuple((pattern, self.scope(scope, pattern)) for pattern, scope in value.items())

    def seconds(self, value: Any, key: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_WINDOW:
            raise self.refuse(
                f"{key} is no number of seconds from 0 to {_LONGEST_WINDOW}.", key, f"Write {key} = 60, or 0 for none."
            )
        return float(value)

    def truth(self, value: Any, key: str) -> bool:
        if not isinstance(value, bool):
            raise self.refuse(f"{key} is neither true nor false.", key, f"Write {key} = true.")
        return value

    def texts(self, value: Any, key: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self.refuse(f"{key} is no list of texts.", key, f'Write {key} = ["..."].')
        return tuple(value)

    def override(self, entry: Any) -> Override:
        if not isinstance(entry, Mapping):
            raise self.refuse("an override is no table.", "overrides", "Write [[tree.overrides]] for each.")
        self.known(entry, _OVERRIDE, "an override")
        kind = entry.get("kind", "")
        if kind not in list(OverrideKind):
            raise self.refuse(f"{kind!r} is no kind of override.", "kind", f"Name one of {', '.join(OverrideKind)}.")
        override = Override(
            kind=OverrideKind(kind),
            packages=self.texts(entry.get("packages", []), "packages"),
            author=self._text(entry, "author", "Name who answers for it."),
            reason=self._text(entry, "reason", "Say why, for those who come after."),
            until=self._until(entry),
            subdirs=self.texts(entry.get("subdirs", []), "subdirs"),
        )
        if not override.packages or (override.kind is OverrideKind.ONLY_ON and not override.subdirs):
            key = "subdirs" if override.packages else "packages"
            raise self.refuse(f"an override names no {key}.", "overrides", f'Write {key} = ["..."].')
        return override

    def _text(self, entry: Mapping[str, Any], key: str, remedy: str) -> str:
        value = entry.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(f"an override has no {key}.", "overrides", remedy)
        return value.strip()

    def _until(self, entry: Mapping[str, Any]) -> date | None:
        """The end is asked for, so that leaving it out is no slip; ``never`` says that there is none."""
        until = entry.get("until")
        if until == "never":
            return None
        if type(until) is not date:  # a datetime is a date too
            remedy = "Write until = 2027-01-31, or until = 'never'."
            raise self.refuse("an override has no day on which it ends.", "overrides", remedy)
        return until
