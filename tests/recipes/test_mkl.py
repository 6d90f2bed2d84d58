"""The MKL tree: what it says of itself (quick), and that it builds, tests and moves to a new MKL (``-m mkl``)."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from controller.domain.artifacts import Artifact, Dependency, UsedPackage
from controller.domain.plans import Membership, Rule
from controller.domain.recipes import Origin, Output, Reading, Section
from controller.gateways.tree_readings import read_tree
from controller.planning.impact import decide

from .conftest import HERE, Workshop, build_order, empty_channel
from .test_starter_plans import published

RECIPES = Path(__file__).parents[2] / "recipes"
TREE, CHANGES, STARTER = RECIPES / "mkl", RECIPES / "mkl-changes", RECIPES / "starter"
MOVES = sorted(path.name for path in CHANGES.iterdir() if path.is_dir() and path.name != "__pycache__")
QUICK = ("mkl-2025", "numexpr-crash", "numexpr-cured")

THE_SIX = {"tbb", "tbb-devel", "intel-openmp", "mkl", "mkl-include", "mkl-devel"}
COMPILED_ON_MKL = {"numexpr", "pycblas", "cblas-matmul"}
RUN_ONLY = {"mkl-service", "sparse-dot-mkl", "pypardiso"}
ABOVE = {"linfit", "scalable-sum"}
"""Reached by a new MKL, and not rebuilt: by what they run with, and because their bound admits it."""
TOOLS = {"pip", "setuptools", "pytest", "pluggy", "iniconfig", "packaging", "pip-source", "python", "host-cc"}
UNTOUCHED = TOOLS | {"numpy", "scipy"}


def lay_out(target: Path, *changes: str) -> Path:
    """The whole tree as its README makes it: with the starter's two packages, and changes laid over."""
    for name in ("python", "host-cc"):
        shutil.copytree(STARTER / name, target / name)
    shutil.copytree(TREE, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    run(STARTER / "pin_python.py", target)
    for change in changes:
        run(CHANGES / "apply.py", change, target)
    return target


def run(*command: object) -> str:
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on_linux_alone(tree: Path) -> Reading:
    return read_tree(tree, ("linux-64",), "0" * 40)


def by_name(reading: Reading) -> dict[str, Output]:
    return {output.name: output for output in reading.outputs}


def needs(output: Output, section: Section) -> set[str]:
    return {requirement.name for requirement in output.in_section(section)}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Output]:
    return by_name(on_linux_alone(lay_out(tmp_path_factory.mktemp("base") / "tree")))


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Output]:
    return by_name(on_linux_alone(lay_out(tmp_path_factory.mktemp("moved") / "tree", "mkl-2025")))


@pytest.mark.parametrize("changes", [[], *([move] for move in MOVES)], ids=["as it is", *MOVES])
def test_every_recipe_is_read(changes: list[str], tmp_path: Path) -> None:
    reading = on_linux_alone(lay_out(tmp_path / "tree", *changes))
    assert reading.refusals == ()
    assert set(by_name(reading)) == THE_SIX | COMPILED_ON_MKL | RUN_ONLY | UNTOUCHED | ABOVE


def test_every_package_carries_tests(base: dict[str, Output]) -> None:
    assert [name for name, output in base.items() if not output.tests] == []


def test_what_must_be_rebuilt_has_mkl_devel_in_host(base: dict[str, Output]) -> None:
    assert {name for name, output in base.items() if "mkl-devel" in needs(output, Section.HOST)} == COMPILED_ON_MKL


def test_what_need_only_be_retested_names_mkl_in_run_alone(base: dict[str, Output]) -> None:
    named = {name for name, output in base.items() if "mkl" in needs(output, Section.RUN)}
    assert named - {"mkl-devel"} == RUN_ONLY


@pytest.mark.parametrize(
    ("state", "exported"), [("base", "mkl >=2024.2.2,<2025.0a0"), ("moved", "mkl >=2025.3.1,<2026.0a0")]
)
def test_mkl_devel_exports_mkl_below_the_next_major(state: str, exported: str, request: pytest.FixtureRequest) -> None:
    outputs: dict[str, Output] = request.getfixturevalue(state)
    assert outputs["mkl-devel"].run_exports.weak == (exported,)


def test_the_new_mkl_moves_five_versions_and_no_hash(base: dict[str, Output], moved: dict[str, Output]) -> None:
    assert {name for name in base if base[name].version != moved[name].version} == THE_SIX
    assert {name for name in base if base[name].hash != moved[name].hash} == set()


def test_where_there_is_no_mkl_only_the_rest_is_offered(tmp_path: Path) -> None:
    outputs = read_tree(lay_out(tmp_path / "tree"), ("osx-arm64",), "0" * 40).outputs
    assert not {o.name for o in outputs if not o.noarch} & (
        THE_SIX | COMPILED_ON_MKL | {"numpy", "scipy", "mkl-service"}
    )


def recipes_from_pip() -> list[Path]:
    return sorted(path.parent for folder in (TREE, CHANGES) for path in folder.rglob("sources.toml"))


@pytest.mark.parametrize("recipe", recipes_from_pip(), ids=lambda path: path.relative_to(RECIPES).as_posix())
def test_sources_are_of_the_version_of_their_recipe(recipe: Path) -> None:
    version = yaml.safe_load((recipe / "recipe.yaml").read_text())["context"]["version"]
    sources = load_pip_source().read_sources(recipe / "sources.toml")
    assert f"{recipe.name}=={version}" in {source.requirement for source in sources}
    assert all(re.fullmatch("[0-9a-f]{64}", source.sha256) for source in sources)
    assert [s.file for s in sources if s.requirement.partition("==")[2] not in s.file] == []


def test_every_recipe_that_asks_pip_says_for_what() -> None:
    asking = {
        path.parent
        for path in [*TREE.rglob("recipe.yaml"), *CHANGES.rglob("recipe.yaml")]
        if "- pip-source\n" in path.read_text()
    }
    assert asking == set(recipes_from_pip())


def test_no_index_is_named_and_no_file_is_committed() -> None:
    files = [
        path for folder in (TREE, CHANGES) for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"
    ]
    assert [path for path in files if path.suffix in {".whl", ".gz", ".so"}] == []
    named = re.compile(r"https?://|index-url|pypi", re.IGNORECASE)
    assert [path for path in files if named.search(path.read_text(encoding="utf-8"))] == []


def test_an_unknown_change_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="there is no folder"):
        run(CHANGES / "apply.py", "mkl-1999", tmp_path)


def test_the_tool_that_brings_sources_keeps_its_promises() -> None:
    run("-B", TREE / "pip-source" / "test_pip_source.py")


def load_pip_source():
    sys.path.insert(0, str(TREE / "pip-source"))
    try:
        import pip_source
    finally:
        sys.path.pop(0)
    return pip_source


# ---- what the planner makes of the changes --------------------------------------------------------------------------


def as_built(output: Output, outputs: dict[str, Output]) -> Artifact:
    """What the file of an output would record: its run requirements, and what its host requirements export."""
    hosts = [outputs[r.name] for r in output.in_section(Section.HOST)]
    exports = [
        (o.name, text) for o in hosts for text in (o.run_exports.noarch if output.noarch else o.run_exports.weak)
    ]
    depends = [Dependency(r.spec) for r in output.in_section(Section.RUN)]
    depends += [Dependency(text, Origin.RUN_EXPORT, name) for name, text in exports]
    direct = output.in_section(Section.BUILD, Section.HOST)
    used = [(str(r.section), outputs[r.name]) for r in direct]
    return Artifact(
        file_name=output.file_name, subdir=output.subdir, name=output.name, version=output.version, build=output.build,
        build_number=0, sha256="", md5="", size=0, timestamp_ms=0, depends=tuple(depends), noarch=output.noarch,
        run_exports=output.run_exports, has_run_exports=bool(output.run_exports),
        used=tuple(UsedPackage(section, o.name, o.version, o.build, o.subdir, direct=True) for section, o in used),
        tests=output.tests, recipe=output.recipe, hash=output.hash, fingerprint=output.fingerprint,
        variant=dict(output.variant),
    )  # fmt: skip


EXPECTED = {
    "mkl-2025": (THE_SIX | COMPILED_ON_MKL, RUN_ONLY | ABOVE),
    "numexpr-crash": ({"numpy"}, {"numexpr", "scipy", "linfit", "sparse-dot-mkl", "pypardiso"}),
    "numexpr-cured": ({"numpy", "numexpr"}, {"scipy", "linfit", "sparse-dot-mkl", "pypardiso"}),
    "numpy-on-mkl": ({"numpy"}, {"numexpr", "scipy", "linfit", "sparse-dot-mkl", "pypardiso"}),
}


def decided(reading: Reading, published: Iterable[Artifact]) -> dict[Membership, set[str]]:
    members = decide(reading, tuple(published)).members
    return {kind: {each.output.name for each in members if each.membership is kind} for kind in Membership}


@pytest.mark.parametrize("change", MOVES)
def test_the_planner_says_of_a_change_what_the_readme_says(
    change: str, base: dict[str, Output], tmp_path: Path
) -> None:
    found = decided(on_linux_alone(lay_out(tmp_path / "tree", change)), [as_built(o, base) for o in base.values()])
    assert (found[Membership.REBUILD], found[Membership.RETEST]) == EXPECTED[change]
    assert found[Membership.EDIT] == set()


def test_the_compiled_are_rebuilt_because_their_bound_excludes_the_new_mkl(
    base: dict[str, Output], tmp_path: Path
) -> None:
    reading = on_linux_alone(lay_out(tmp_path / "tree", "mkl-2025"))
    members = decide(reading, [as_built(o, base) for o in base.values()]).members
    reasons = {m.output.name: m.reasons[0] for m in members if m.output.name in COMPILED_ON_MKL}
    assert {(reason.rule, reason.spec) for reason in reasons.values()} == {(Rule.R1, "mkl >=2024.2.2,<2025.0a0")}


# ---- from here on everything is real, and takes minutes -------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tools: None) -> Iterator[Workshop]:
    """The tree at MKL 2024.2, all of it built and tested."""
    work = tmp_path_factory.mktemp("mkl")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FARM_SOURCE_CACHE", os.environ.get("FARM_SOURCE_CACHE") or str(work / "sources"))
        run(TREE / "fetch.py", "--into", os.environ["FARM_SOURCE_CACHE"], TREE, *(CHANGES / each for each in QUICK))
        workshop = Workshop(lay_out(work / "tree"), empty_channel(work / "channel"))
        workshop.build_all()
        assert workshop.failures(sorted(workshop.built)) == {}
        yield workshop
    shutil.rmtree(work)


def after(built: Workshop, folder: Path, change: str, *rebuilt: str) -> Workshop:
    """A copy with the change laid over and these recipes built again, in an order that serves."""
    workshop = built.copied_to(folder)
    run(CHANGES / "apply.py", change, workshop.tree)
    for name in [name for name in build_order(workshop.tree) if name in rebuilt]:
        workshop.build(name, 1)
    return workshop


@pytest.mark.mkl
@pytest.mark.timeout(3600)
@pytest.mark.skipif(HERE != "linux-64", reason="this tree has MKL for linux-64 alone")
class TestTheRealThing:
    """Slow, and needs the wheels."""

    def test_the_planner_says_the_same_of_real_files(self, built: Workshop, tmp_path: Path) -> None:
        before = published(built, on_linux_alone(built.tree))
        for change in MOVES:
            found = decided(on_linux_alone(lay_out(tmp_path / change, change)), before)
            assert (found[Membership.REBUILD], found[Membership.RETEST]) == EXPECTED[change]

    def test_the_rebuilt_and_the_run_only_work_with_the_new_mkl(self, built: Workshop, tmp_path: Path) -> None:
        workshop = after(built, tmp_path, "mkl-2025", *THE_SIX, *COMPILED_ON_MKL)
        assert workshop.failures(sorted(THE_SIX | COMPILED_ON_MKL | RUN_ONLY | ABOVE)) == {}

    def test_what_was_compiled_on_the_old_mkl_stays_with_it(self, built: Workshop, tmp_path: Path) -> None:
        workshop = after(built, tmp_path, "mkl-2025", *THE_SIX)
        said = "\n".join(workshop.test("numexpr")[0].output)
        assert re.search(r"│ mkl +┆ 2024\.2\.2 ", said), said

    def test_the_new_numpy_crashes_numexpr_alone(self, built: Workshop, tmp_path: Path) -> None:
        workshop = after(built, tmp_path, "numexpr-crash", "numpy")
        failed = workshop.failures(["numpy", *EXPECTED["numexpr-crash"][1]])
        assert set(failed) == {"numexpr"}
        assert re.search("status (134|139)", "\n".join(failed["numexpr"]))

    def test_a_newer_numexpr_cures_the_crash(self, built: Workshop, tmp_path: Path) -> None:
        workshop = after(built, tmp_path, "numexpr-cured", "numpy", "numexpr")
        assert workshop.failures(["numpy", "numexpr", "linfit"]) == {}
