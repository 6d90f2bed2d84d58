"""The demo on ``recipes/mkl``: the real MKL moves from 2024.2 to 2025."""

from pathlib import Path

from controller.cli.client import Client
from controller.cli.demo.client_side import install_from, run_in
from controller.cli.demo.stage import (
    Tree,
    check,
    names,
    promote,
    push,
    push_committed,
    recipes,
    running_farm,
    say,
    step,
    summary,
)
from controller.planning.policy import Scope
from controller.planning.question import Question

_MOVED = {"mkl", "mkl-devel", "mkl-include", "tbb", "tbb-devel", "intel-openmp"}
_REBUILT = {"numexpr", "pycblas", "cblas-matmul"}
_CHANGES = ("mkl-2025", "numexpr-crash", "numexpr-cured")
_RETESTED = {"mkl-service", "sparse-dot-mkl", "pypardiso", "linfit", "scalable-sum"}

_SPARED = {"scalable-sum"}
"""Its bound admits the new TBB: it is retested, and the test passes."""


def run(folder: Path, workers: int = 2) -> None:
    """Every step in order, in ``folder``. Raises DemoError at the first that is not as said."""
    tree = Tree(folder / "tree")
    _lay(tree)
    with running_farm(folder / "data", workers) as client:
        say(f"The farm is up at {client.url} with {workers} workers; its data is in {folder / 'data'}.")
        _build_2024(client, tree)
        _move_to_2025(client, tree)
        _install_and_compute(client, folder)
        _stop_the_crash(client, tree)
        _cure_it(client, tree)
        summary(client)


def _lay(tree: Tree) -> None:
    step(1, "The wheels are fetched by this Python's own pip, and the tree laid out")
    mkl, python, compiler = recipes("mkl", "starter/python", "starter/host-cc")
    tree.lay([mkl])
    for recipe in (python, compiler):
        tree.lay_below(recipe)
    tree.run(str(recipes("starter")[0] / "pin_python.py"), str(tree.folder))
    changes = [str(path) for path in recipes(*(f"mkl-changes/{change}" for change in _CHANGES))]
    say(f"   {tree.run(str(mkl / 'fetch.py'), str(mkl), *changes)}")


def _build_2024(client: Client, tree: Tree) -> None:
    step(2, "The tree for MKL 2024.2: built, tested, published, promoted")
    batch = push(client, tree, "MKL 2024.2 and what stands on it")
    check("verdict", batch.state, "passed")
    promote(client, batch, "the demo")


def _apply(tree: Tree, change: str) -> None:
    tree.run(str(recipes("mkl-changes")[0] / "apply.py"), change, str(tree.folder))


def _move_to_2025(client: Client, tree: Tree) -> None:
    step(3, "MKL moves to 2025: what was compiled against it is rebuilt, what only runs with it is tested again")
    _apply(tree, "mkl-2025")
    tree.commit("MKL 2025")
    direct = _built_by_direct(client, tree)
    batch = push_committed(client, tree)
    check("verdict", batch.state, "passed")
    check("built", names(batch, "build"), _MOVED | _REBUILT)
    check("the policy direct would have built besides", direct - names(batch, "build"), _SPARED)
    check("retested as they are", names(batch, "retest"), _RETESTED)
    promote(client, batch, "the demo")


def _built_by_direct(client: Client, tree: Tree) -> set[str]:
    plan = client.plan(str(tree.folder), None, Question(scope=Scope.DIRECT))
    return {job.name for job in plan.jobs if job.kind == "build"}


def _install_and_compute(client: Client, folder: Path) -> None:
    step(4, "Somebody installs numexpr from stable, and computes with it")
    prefix = folder / "prefix"
    versions = install_from(f"{client.url}/channels/stable", ["numexpr", "cblas-matmul"], prefix, folder / "cache")
    check("MKL there", versions["mkl"].split(".")[0], "2025")
    code = "import numexpr; print(numexpr.use_vml, numexpr.get_vml_version())"
    said = run_in(prefix, "python", "-c", code)
    check("numexpr uses MKL's vector library", said.startswith("True"), True)
    say(f"   {said}")


def _stop_the_crash(client: Client, tree: Tree) -> None:
    step(5, "A newer numpy satisfies every pin and crashes numexpr's own tests: the batch is stopped")
    _apply(tree, "numexpr-crash")
    batch = push(client, tree, "numpy moves")
    broken = {(job.kind, job.name) for job in batch.jobs if job.category == "broken"}
    tested = {job.name: job.state for job in batch.jobs if job.kind == "retest"}
    check("numexpr's retest crashes, so it is rebuilt", tested["numexpr"], "escalated")
    check("which does not help: broken", ("test", "numexpr") in broken, True)
    check("numpy stays behind", "numpy" in {stays.name for stays in batch.stays}, True)
    for stays in batch.stays:
        say(f"   stays behind: {stays.file}: {stays.reason}")


def _cure_it(client: Client, tree: Tree) -> None:
    step(6, "A numexpr that goes with the new numpy: now both pass")
    _apply(tree, "numexpr-cured")
    batch = push(client, tree, "numpy and numexpr move together")
    check("verdict", batch.state, "passed")
    check("numpy and numexpr are rebuilt", names(batch, "build") >= {"numpy", "numexpr"}, True)
    promote(client, batch, "cured")
