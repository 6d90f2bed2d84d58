"""How a change enters: what differs between an output of the reading and what the target holds of it."""

from collections.abc import Collection, Iterator, Sequence

from controller.domain.artifacts import Artifact
from controller.domain.plans import Gone, Reason, Rule
from controller.domain.recipes import Output
from controller.planning.records import Key, Records, age_of, place_of


def differs(output: Output, artifact: Artifact) -> Reason | None:
    """Why an output is no longer what its artifact was built from, or None. Without a fingerprint its version tells."""
    path = (output.name,)
    if artifact.version != output.version:
        detail = f"version {artifact.version} becomes {output.version}"
        return Reason(Rule.CHANGED, output.name, path=path, detail=detail)
    if artifact.fingerprint and artifact.fingerprint != output.fingerprint:
        return Reason(Rule.CHANGED, output.name, path=path, detail="its recipe or a file beside it changed")
    if output.build_number > artifact.build_number:
        detail = f"its recipe asks for build number {output.build_number}, above {artifact.build_number}"
        return Reason(Rule.CHANGED, output.name, path=path, detail=detail)
    return None


def enters(output: Output, before: Sequence[Artifact], siblings: frozenset[str], *, known: bool) -> Reason:
    """Why an output without an artifact is there.

    ``before`` are artifacts of its name that nothing stands for any more: one of them is what it was before its
    pins moved. ``siblings`` are the names its recipe makes; ``known`` whether the target holds its name at all.
    """
    path = (output.name,)
    moved = [found for artifact in before if (found := _moved_keys(output, artifact))]
    if moved:
        key, old, new = min(moved, key=len)[0]
        spec = f"{key}: {old or 'not used'} becomes {new or 'not used'}"
        return Reason(_rule_of(key, siblings), key, spec, path=path)
    if known and not before:
        return Reason(Rule.R14, output.name, path=path, detail="a variant that was not there before")
    return Reason(Rule.NEW, output.name, path=path)


def find_gone(
    records: Records, claimed: Collection[Key], entered: Collection[Output], made: Collection[str]
) -> Iterator[Gone]:
    """Files that no output stands for any more (R15): their variant, or their recipe, is no longer there.

    ``entered`` are outputs without an artifact: what one of them was before its pins moved is replaced, not gone.
    ``made`` are the names that the tree makes. Only the newest build of a name counts; older ones were left before.
    """
    replaced = {a.key for output in entered if (a := _predecessor(output, records.before(output, claimed)))}
    for key in records.by_key.keys() - set(claimed) - replaced:
        newest = max(records.by_key[key], key=age_of)
        if newest.recipe and _is_newest(newest, records.by_name[newest.subdir, newest.name]):
            detail = "its variant is no longer asked for" if newest.name in made else "no recipe makes it any more"
            reason = Reason(Rule.R15, newest.name, path=(newest.name,), detail=detail)
            yield Gone(place_of(newest), newest.name, newest.version, newest.subdir, reason)


def _predecessor(output: Output, before: Sequence[Artifact]) -> Artifact | None:
    return min(before, key=lambda artifact: len(_moved_keys(output, artifact)), default=None)


def _is_newest(artifact: Artifact, others: Sequence[Artifact]) -> bool:
    version, number, _ = age_of(artifact)
    return all(age_of(other)[:2] <= (version, number) for other in others)


def _rule_of(key: str, siblings: frozenset[str]) -> Rule:
    if key in siblings:
        return Rule.R11
    return Rule.R20 if key.startswith("__") else Rule.R3


def _moved_keys(output: Output, artifact: Artifact) -> list[tuple[str, str, str]]:
    if not artifact.variant:
        return []
    keys = sorted((output.variant.keys() | artifact.variant.keys()) - {"target_platform"})
    pairs = [(key, artifact.variant.get(key, ""), output.variant.get(key, "")) for key in keys]
    return [pair for pair in pairs if pair[1] != pair[2]]
