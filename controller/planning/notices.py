"""Pins that people may have forgotten: they stay where they are while what they pin, or what goes with them, moves.

A pin that keeps its users on an old package is no fault by itself. But nobody who moves a library means to leave half
of its users behind without a word.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.plans import Decision, Membership, Notice, NoticeKind, Rule
from controller.domain.recipes import Origin, Output
from controller.planning.migrations import Description, Pinning, plain
from controller.planning.specs import admits_version

_BECOMES = " becomes "


@dataclass(frozen=True, slots=True)
class PinTable:
    """The pins of a tree for one subdir, with its migrations applied, and where each is written."""

    subdir: str
    before: Pinning
    """As the pin files say them."""
    pinning: Pinning
    """With the migrations applied."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Key to the file that says its values."""
    migrations: tuple[Description, ...] = ()
    """Those that are at work here and can be applied, in the order in which they are."""

    def key_of(self, package: str) -> str:
        """The key that pins a package; empty where there is none."""
        known = (package, plain(package))
        return next((key for key in known if key in self.pinning.values), "")


def pin_notices(decision: Decision, tables: Sequence[PinTable]) -> tuple[Notice, ...]:
    """Each pin that stays behind, once, whatever the subdir."""
    moved_keys = _moved_keys(decision)
    found = [*_behind(decision, tables, moved_keys), *_zipped(tables, moved_keys)]
    return tuple(dict.fromkeys(found))


def _moved_keys(decision: Decision) -> dict[str, tuple[str, str]]:
    """Keys that moved in this plan, with the value before and the value now."""
    found = {}
    for member in decision.having(Membership.REBUILD):
        reason = member.reasons[0]
        if reason.rule is Rule.R3 and _BECOMES in reason.spec:
            old, new = reason.spec.removeprefix(f"{reason.about}: ").split(_BECOMES, 1)
            found[reason.about] = (old, new)
    return found


def _behind(
    decision: Decision, tables: Sequence[PinTable], moved_keys: Mapping[str, tuple[str, str]]
) -> Iterator[Notice]:
    versions = _versions(decision, moved_keys)
    pinned = {name: key for name in versions for table in tables if (key := table.key_of(name))}
    for (name, value), users in sorted(_kept(decision, versions, pinned).items()) if pinned else ():
        key, now = pinned[name], versions[name]
        said = [table for table in tables if key in table.pinning.values]
        apart = "" if any(value in table.pinning.values[key] for table in said) else _apart(key, said[0])
        yield Notice(
            NoticeKind.PIN_BEHIND, key, file=said[0].files.get(key, ""), values=(value,),
            now=" and ".join(now.versions), beside=now.beside if now.beside != key else "",
            proposed="" if apart else _as_short(value, now.versions), users=tuple(sorted(users)), detail=apart,
        )  # fmt: skip


def _apart(key: str, table: PinTable) -> str:
    """Why somebody has another value of a pin than the tree."""
    if table.before.values.get(key) != table.pinning.values[key]:
        return f"the migration {table.files.get(key, '')} moves it, and leaves them out"
    return "it is said beside their recipes"


@dataclass(slots=True)
class _Now:
    """Where a package is: its versions, and the pin of its recipe that moved."""

    versions: list[str] = field(default_factory=list)
    beside: str = ""


def _versions(decision: Decision, moved_keys: Mapping[str, tuple[str, str]]) -> dict[str, _Now]:
    """Packages that move in this plan, and those of a recipe one of whose pins does."""
    built = {member.output.name for member in decision.having(Membership.REBUILD)}
    recipes = {
        member.output.recipe: plain(member.output.name)
        for member in decision.members
        if moved_keys and plain(member.output.name) in moved_keys
    }
    found: dict[str, _Now] = {}
    for member in decision.members if built or recipes else ():
        output = member.output
        if output.name in built or output.recipe in recipes:
            now = found.setdefault(output.name, _Now(beside=recipes.get(output.recipe, "")))
            if output.version not in now.versions:
                now.versions.append(output.version)
    for move in decision.moves:
        found[move.about] = _Now([move.detail.split(" ", 1)[0]])
    return found


def _kept(
    decision: Decision, versions: Mapping[str, _Now], pinned: Mapping[str, str]
) -> dict[tuple[str, str], set[str]]:
    """Package and value of each pin that admits no version which will be there, and who uses it."""
    found: dict[tuple[str, str], set[str]] = {}
    for member in decision.members:
        for requirement in member.output.requirements:
            if requirement.origin is Origin.VARIANT and requirement.name in pinned:
                now = versions[requirement.name].versions
                if not any(admits_version(requirement.spec, version) for version in now):
                    value = _value(member.output, pinned[requirement.name], requirement.spec)
                    found.setdefault((requirement.name, value), set()).add(member.output.name)
    return found


def _value(output: Output, key: str, spec: str) -> str:
    return output.variant.get(key) or spec.partition(" ")[2].removesuffix(".*")


def _as_short(value: str, versions: Sequence[str]) -> str:
    """The version with as many segments as the pin has now; empty where the pin is no plain version."""
    if len(versions) != 1 or not value.replace(".", "").isdigit():
        return ""
    return ".".join(versions[0].split(".")[: value.count(".") + 1])


def _zipped(tables: Sequence[PinTable], moved_keys: Mapping[str, tuple[str, str]]) -> Iterator[Notice]:
    """Keys that stay, in the very row in which another moved, at the value that the other had."""
    for table in tables if moved_keys else ():
        values = table.pinning.values
        for group in table.pinning.zip_keys:
            for key in [key for key in group if key in moved_keys and key in values]:
                old, new = moved_keys[key]
                rows = [row for row, value in enumerate(values[key]) if value == new]
                for other in group:
                    stays = values.get(other, ())
                    if other not in moved_keys and any(row < len(stays) and stays[row] == old for row in rows):
                        file = table.files.get(other, "")
                        yield Notice(
                            NoticeKind.ZIPPED_BEHIND, other, file=file, values=(old,), beside=key, now=new, proposed=new
                        )
