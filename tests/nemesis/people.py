"""People: they push again and again, promote and cancel, and say everything anew until it was heard."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from tests.kit.recipe_trees import commit, write_recipe
from tests.nemesis.stage import Stage

GRAPH: Mapping[str, tuple[str, ...]] = {
    "base": (), "left": ("base",), "right": ("base",), "top": ("left", "right"), "tool": (), "app": ("tool", "base"),
    "alone": (),
}  # fmt: skip
"""Package to what it is built with, and runs with."""
_AT_ONCE = 3
"""Batches that are open at once before the next push waits."""
_TRIES = 60
_BAD = 0.12
"""Share of new versions whose test fails."""


@dataclass(slots=True)
class Tree:
    """The recipes. Every build puts a number of its own into its package; a test that passes notes it in ``ledger``."""

    folder: Path
    ledger: Path
    rng: Random
    versions: dict[str, tuple[int, int]] = field(default_factory=lambda: dict.fromkeys(GRAPH, (1, 0)))
    bad: set[tuple[str, str]] = field(default_factory=set)
    """Name and version of what can never pass."""

    def begin(self) -> str:
        for name in GRAPH:
            self._write(name, good=True)
        return commit(self.folder, "the first of everything")

    def change(self) -> str:
        """Some new versions; answers the commit."""
        names = self.rng.sample(sorted(GRAPH), self.rng.choice([1, 1, 2, 3]))
        for name in names:
            major, minor = self.versions[name]
            self.versions[name] = (major + 1, 0) if self.rng.random() < 0.3 else (major, minor + 1)
            self._write(name, good=self.rng.random() >= _BAD)
        for name in GRAPH:
            if any(other in names for other in GRAPH[name]):
                self._write(name, good=(name, self._version(name)) not in self.bad)
        return commit(self.folder, f"new: {', '.join(names)}")

    def _version(self, name: str) -> str:
        return "{}.{}".format(*self.versions[name])

    def _write(self, name: str, *, good: bool) -> None:
        version, next_one = self._version(name), self.versions[name][0] + 1
        if not good:
            self.bad.add((name, version))
        note = f'"$PREFIX/share/{name}.once"'
        parts = [
            f'grep -q "{version}" "$PREFIX/share/{name}.txt"',
            *([] if good else ["false"]),
            f"cat {note} >> {self.ledger}",
        ]
        once = f"echo {name}-$(date +%s%N)-$$-$RANDOM > {note}"
        write_recipe(
            self.folder, name, version=version, host=GRAPH[name], run=GRAPH[name],
            script=(once, f"sleep {self.rng.uniform(0.2, 3.0):.1f}"), test=(" && ".join(parts),),
            exports=(f"{name} >={version},<{next_one}.0a0",),
        )  # fmt: skip


class People(threading.Thread):
    """One thread of its own: it waits for answers while others break things."""

    def __init__(self, stage: Stage, seed: int) -> None:
        super().__init__(name="people", daemon=True)
        self.stage, self.rng = stage, Random(seed)
        self.ledger = stage.root / "ledger"
        self.ledger.touch()
        self.tree = Tree(stage.root / "tree", self.ledger, Random(seed + 1))
        self.enough = threading.Event()
        self.pushed: dict[str, set[str]] = {}
        """Commit to the batches that were answered for it."""
        self.counted = {"pushes": 0, "said again": 0, "promotions": 0, "refused": 0, "cancelled": 0, "resumed": 0}
        self.refusals: Counter[str] = Counter()
        """What was said to pushes."""
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._push(self.tree.begin())
            while not self.enough.wait(1.0):
                self._act()
        except Exception as error:  # noqa: BLE001 -- told by whoever joins
            self.error = error

    def resume_workers(self) -> None:
        """Whoever was drained for what the nemesis did to it is to work again."""
        for worker in self.say("GET", "/api/v1/workers")["items"]:
            if worker["drained"]:
                self.say("POST", f"/api/v1/workers/{worker['name']}/resume", {"who": "eva", "why": "the nemesis"})
                self.counted["resumed"] += 1

    def _act(self) -> None:
        batches = self.say("GET", "/api/v1/batches")["items"]
        running = [batch["id"] for batch in batches if batch["state"] == "running"]
        good = [batch["id"] for batch in batches if batch["state"] in {"passed", "partial"}]
        chance = self.rng.random()
        if len(running) < _AT_ONCE:
            self._push(self.tree.change())
        elif chance < 0.02:
            self._order(self.rng.choice(running), "cancel", "cancelled")
        if good and chance > 0.8:
            self._order(good[0], "promotions", "promotions")
        if chance > 0.9:
            self.resume_workers()

    def _push(self, rev: str) -> None:
        body = {"tree": str(self.tree.folder), "rev": rev, "who": "ana"}
        for _ in range(2 if self.rng.random() < 0.3 else 1):
            answer = self._insist("/api/v1/changes", body)
            self.pushed.setdefault(rev, set()).add(answer["batch"])
            self.counted["pushes"] += 1

    def _insist(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """A push that is refused for what the nemesis did is pushed again; what was said is kept."""
        for _ in range(_TRIES):
            answer = self.say("POST", path, body)
            if "batch" in answer:
                return answer
            self.refusals[f"{answer.get('code')}: {str(answer.get('detail'))[:300]}"] += 1
            time.sleep(1.0)
        raise AssertionError(f"a push was refused {_TRIES} times: {answer}")

    def _order(self, batch: str, act: str, counted: str) -> None:
        answer = self.say("POST", f"/api/v1/batches/{batch}/{act}", {"who": "eva", "why": "the nemesis"})
        self.counted["refused" if "code" in answer else counted] += 1

    def say(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """What a controller answers, also when it refuses; said again, to any of them, until one answers."""
        while True:
            url = self.rng.choice(list(self.stage.urls.values()))
            headers = {"Authorization": f"Bearer {self.stage.token()}"}
            try:
                answer = httpx2.request(method, f"{url}{path}", json=body, headers=headers, timeout=20)
            except httpx2.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500:
                return dict(answer.json())
            self.counted["said again"] += 1
            time.sleep(0.5)
