"""A farm with a small tree that was built once, and the ways in which its next batch can surprise."""

from pathlib import Path

from controller.domain.channels import TESTING
from controller.services import intake
from controller.services.farm import Farm
from controller.storage import batches, channels, jobs
from controller.storage.batches import BatchRow
from controller.storage.jobs import JobRow
from tests.kit.recipe_trees import commit, write_recipe
from tests.kit.simulated_worker import SimulatedWorker
from workers.contract.interfaces import InterfaceFacts, LibraryFacts


class World:
    """A tree with a library, what is built with it, what is built with that, and what only runs with the library."""

    def __init__(self, farm: Farm, tree: Path) -> None:
        self.farm, self.tree, self.worker = farm, tree, SimulatedWorker(farm)
        self.write("lib", exports=("lib >=1.0,<2",))
        self.write("mid", host=("lib",), run=("lib >=1",), exports=("mid >=1.0,<2",))
        self.write("leaf", host=("mid",), run=("mid >=1",))
        self.write("app", run=("lib >=1",))

    def write(self, name: str, **more: tuple[str, ...]) -> None:
        write_recipe(self.tree, name, **more)

    def push(self, message: str = "a change") -> str:
        commit(self.tree, message)
        return intake.push(self.farm, str(self.tree), None, who="ana").batch

    def begin(self) -> None:
        """Everything is built once and published."""
        batch = self.push("all begin")
        self.worker.finish()
        assert self.batch(batch).state == "passed"

    def change_lib(self, comment: str = "# a comment") -> str:
        self.write("lib", exports=("lib >=1.0,<2",), script=(comment,))
        return self.push()

    def batch(self, name: str) -> BatchRow:
        with self.farm.reading() as session:
            return batches.find_batch(session, name)

    def jobs(self, name: str) -> dict[tuple[str, str], JobRow]:
        with self.farm.reading() as session:
            return {(job.kind, job.name): job for job in jobs.jobs_of_batch(session, self.batch(name).id or 0)}

    def states(self, name: str) -> dict[tuple[str, str], str]:
        return {key: job.state for key, job in self.jobs(name).items()}

    def told(self, name: str) -> list[tuple[str, str, str, str]]:
        """Turn, kind, package and rule of all that changed."""
        return [
            (change["turn"], change["kind"], change["name"], change["reason"]["rule"])
            for revision in self.batch(name).revisions
            for change in revision["changes"]
        ]

    def in_testing(self) -> set[str]:
        with self.farm.reading() as session:
            return {row.file for row in channels.files_in(session, TESTING, channels.current_of(session, TESTING))}


def library(*exported: str) -> InterfaceFacts:
    return InterfaceFacts(
        libraries=(LibraryFacts(path="lib/liblib.so.1.0", format="elf", name="liblib.so.1", exported=exported),)
    )


def program(*imported: str) -> InterfaceFacts:
    facts = LibraryFacts(path="bin/x", format="elf", needed=("liblib.so.1",), imported={"": imported})
    return InterfaceFacts(libraries=(facts,))


def surprise(world: World) -> str:
    """A batch that is decided again three times: a symbol was gone, a retest failed, and what came was the same."""
    world.worker.libraries = {"lib": library("f_old", "f_new"), "mid": program("f_old"), "app": program("f_new")}
    world.begin()
    world.worker.libraries["lib"] = library("f_new")
    batch = world.change_lib()
    while world.worker.done[-1] != ("test", "app"):
        world.worker.fail = {("test", "app")}
        assert world.worker.step()
    world.worker.fail = set()
    world.worker.finish()
    return batch
