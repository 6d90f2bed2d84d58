"""How a change enters: what differs between an output of the reading and what the target holds of it."""

from collections.abc import Sequence

from controller.domain.artifacts import Artifact
from controller.domain.plans import Reason, Rule
from controller.domain.recipes import Output


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
