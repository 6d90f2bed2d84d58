"""Which job first: the one with the longest way still to go below it."""

from collections.abc import Mapping, Sequence

from controller.domain.plans import PlannedJob


def priorities(jobs: Sequence[PlannedJob], seconds: Mapping[str, float] | None = None) -> dict[str, int]:
    """Job key to its height: the longest path from its start to the end of the plan. Larger starts first.

    ``seconds`` gives expected durations by key; a job without one, or without any given, counts as one.
    ``jobs`` may come in any order and must be free of cycles.
    """
    known = seconds or {}
    children: dict[str, list[str]] = {job.key: [] for job in jobs}
    open_children = dict.fromkeys(children, 0)
    for job in jobs:
        for parent in job.parents:
            children[parent].append(job.key)
            open_children[parent] += 1
    parents = {job.key: job.parents for job in jobs}
    heights: dict[str, float] = {}
    ready = [key for key, count in open_children.items() if not count]
    while ready:
        key = ready.pop()
        below = max((heights[child] for child in children[key]), default=0.0)
        heights[key] = below + max(known.get(key, 1.0), 0.0)
        for parent in parents[key]:
            open_children[parent] -= 1
            if not open_children[parent]:
                ready.append(parent)
    return {key: round(height) for key, height in heights.items()}
