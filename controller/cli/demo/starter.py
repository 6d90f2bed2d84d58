"""The demo on ``recipes/starter``: build all, break an ABI, break a test, take it back."""

from pathlib import Path

from controller.cli.client import Client
from controller.cli.demo.client_side import install_from, run_in, why_not
from controller.cli.demo.stage import Tree, check, names, promote, push, recipes, running_farm, say, step, summary
from controller.cli.output import who

_ROUNDING = "AssertionError: 2 != 3"


def run(folder: Path, workers: int = 2) -> None:
    """Every step in order, in ``folder``. Raises DemoError at the first that is not as said."""
    tree = Tree(folder / "tree")
    with running_farm(folder / "data", workers) as client:
        say(f"The farm is up at {client.url} with {workers} workers; its data is in {folder / 'data'}.")
        _everything(client, tree)
        before = _abi_break(client, tree)
        _install_and_run(client, folder)
        _broken_test(client, tree, folder)
        _take_it_back(client, before)
        summary(client)


def _everything(client: Client, tree: Tree) -> None:
    step(1, "A tree is pushed for the first time: everything is built, tested, published and promoted")
    (source,) = recipes("starter")
    tree.lay([source])
    tree.run(str(source / "pin_python.py"), str(tree.folder))
    batch = push(client, tree, "the starter tree")
    check("verdict", batch.state, "passed")
    built = {path.parent.name for name in ("recipe.yaml", "meta.yaml") for path in tree.folder.glob(f"*/{name}")}
    check("recipes built", len({job.recipe for job in batch.jobs if job.kind == "build"}), len(built))
    check("every file was tested", len(batch.published), sum(job.kind == "test" for job in batch.jobs))
    promote(client, batch, "the first stable channel")


def _abi_break(client: Client, tree: Tree) -> int:
    step(2, "libtally goes to 2.0 and breaks its ABI: rebuilt is what must be, the rest is tested again")
    tree.lay(recipes("starter-changes/abi-break"))
    batch = push(client, tree, "libtally 2.0")
    check("verdict", batch.state, "passed")
    rebuilt = {job.recipe for job in batch.jobs if job.kind == "build"}
    check("recipes rebuilt", rebuilt, {"libtally", "ledger", "pytally"})
    check("retested as they are", names(batch, "retest"), {"split-bill", "tallybook"})
    promote(client, batch, "a new ABI, whole")
    return next(channel.snapshot for channel in client.channels() if channel.name == "stable")


def _install_and_run(client: Client, folder: Path) -> None:
    step(3, "Somebody installs from stable over HTTP, and runs what they got")
    url, prefix = f"{client.url}/channels/stable", folder / "prefix"
    versions = install_from(url, ["ledger", "split-bill", "tallybook"], prefix, folder / "cache")
    check("libtally there", versions["libtally"], "2.0.0")
    check("ledger 120 -20 50", run_in(prefix, "ledger", "120", "-20", "50"), "balance 150, typical entry 50")
    check("split-bill 3 60 30 9", run_in(prefix, "split-bill", "3", "60", "30", "9"), "99 by 3 is 33")
    said = run_in(prefix, "tallybook", "rent=700", "food=300").split()
    check("tallybook rent=700 food=300", " ".join(said[-2:]), "mean 500")


def _broken_test(client: Client, tree: Tree, folder: Path) -> None:
    step(4, "libtally 2.1 keeps every pin, but rounds differently: a dependent's unit test breaks, rebuilt or not")
    tree.lay(recipes("starter-changes/breaks-a-test"))
    batch = push(client, tree, "libtally 2.1 and motto 1.1")
    check("verdict", batch.state, "partial")
    broken = [job for job in batch.jobs if job.category == "broken"]
    tested = {job.name: job.state for job in batch.jobs if job.kind == "retest"}
    check("its retest fails, so it is rebuilt", tested["pytally"], "escalated")
    check("broken", {(job.kind, job.name) for job in broken}, {("test", "pytally")})
    lines = [line.text.strip() for line in client.job(broken[0].id).failing]
    check("its failing line is found", next((line for line in lines if _ROUNDING in line), None), _ROUNDING)
    say(f"   {broken[0].id} failed at line {broken[0].failing_line}: {broken[0].failing_text}", style="red")
    check("stays behind", {stays.name for stays in batch.stays}, {"libtally", "pytally"})
    for stays in batch.stays:
        say(f"   stays behind: {stays.file}: {stays.reason}")
    check("published all the same", {_package(file) for file in batch.published}, {"motto"})
    promote(client, batch, "motto alone")
    _only_motto_is_in_stable(f"{client.url}/channels/stable", folder / "cache")


def _only_motto_is_in_stable(stable: str, cache: Path) -> None:
    check("what keeps motto 1.1 from being installed", why_not(stable, ["motto >=1.1"], cache) or "nothing", "nothing")
    said = why_not(stable, ["libtally >=2.1"], cache)
    check("libtally 2.1 is not to be had", "libtally >=2.1" in said, True)
    say(f"   {said.strip().splitlines()[0]}")


def _package(file: str) -> str:
    return file.split("/", 1)[1].rsplit("-", 2)[0]


def _take_it_back(client: Client, before: int) -> None:
    step(5, "The last promotion is taken back in one act")
    newest = next(p for p in client.promotions() if p.channel == "stable")
    done = client.restore(newest.id, who=who(), why="the demo's end", dry_run=False)
    check(f"stable@{done.snapshot} has lost what {newest.id} added", len(done.removed), newest.added)
    after = client.snapshots("stable")
    files = {snapshot.number: snapshot.files for snapshot in after}
    check(f"and holds as many files as stable@{before}", files[done.snapshot or 0], files[before])
