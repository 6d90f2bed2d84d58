"""The MKL tree: what it says of itself (quick), and that it builds, tests and moves to a new MKL (``-m mkl``)."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from controller.domain.recipes import Output, Reading, Section
from controller.gateways.recipes import read_tree

RECIPES = Path(__file__).parents[2] / "recipes"
TREE, CHANGES, STARTER = RECIPES / "mkl", RECIPES / "mkl-changes", RECIPES / "starter"
MOVES = sorted(path.name for path in CHANGES.iterdir() if path.is_dir() and path.name != "__pycache__")
SUBDIRS = ("linux-64", "noarch")

THE_FIVE = {"tbb", "intel-openmp", "mkl", "mkl-include", "mkl-devel"}
COMPILED_ON_MKL = {"numexpr", "pycblas", "cblas-matmul"}
RUN_ONLY = {"mkl-service", "sparse-dot-mkl", "pypardiso"}
TOOLS = {"pip", "setuptools", "pytest", "pluggy", "iniconfig", "packaging", "pip-source", "python", "host-cc"}
UNTOUCHED = TOOLS | {"numpy", "scipy"}


def lay_out(target: Path, *changes: str) -> Path:
    """The whole tree as the demonstration makes it: with the starter's two packages, and changes laid over."""
    shutil.copytree(TREE, target, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("python", "host-cc"):
        shutil.copytree(STARTER / name, target / name)
    run(STARTER / "pin_python.py", target)
    for change in changes:
        run(CHANGES / "apply.py", change, target)
    return target


def run(*command: object) -> str:
    done = subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read(tree: Path) -> Reading:
    return read_tree(tree, SUBDIRS, "0" * 40)


def on_linux(reading: Reading) -> dict[str, Output]:
    """By name; of what is not noarch, the one for linux-64."""
    return {o.name: o for o in reading.outputs if o.subdir == "linux-64" or o.noarch}


def needs(output: Output, section: Section) -> set[str]:
    return {requirement.name for requirement in output.requirements if requirement.section is section}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Output]:
    return on_linux(read(lay_out(tmp_path_factory.mktemp("base") / "tree")))


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Output]:
    return on_linux(read(lay_out(tmp_path_factory.mktemp("moved") / "tree", "mkl-2025")))


@pytest.mark.parametrize("changes", [[], *([move] for move in MOVES)], ids=["as it is", *MOVES])
def test_every_recipe_is_read(changes: list[str], tmp_path: Path) -> None:
    reading = read(lay_out(tmp_path / "tree", *changes))
    assert reading.refusals == ()
    assert set(on_linux(reading)) == THE_FIVE | COMPILED_ON_MKL | RUN_ONLY | UNTOUCHED | {"linfit"}


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


def test_the_new_mkl_moves_the_hash_of_what_is_compiled_on_it_and_of_nothing_else(
    base: dict[str, Output], moved: dict[str, Output]
) -> None:
    assert {name for name in base if base[name].hash != moved[name].hash} == COMPILED_ON_MKL
    assert {name for name in base if base[name].version != moved[name].version} == THE_FIVE


def test_where_there_is_no_mkl_only_the_rest_is_offered(tmp_path: Path) -> None:
    outputs = read_tree(lay_out(tmp_path / "tree"), ("osx-arm64",), "0" * 40).outputs
    assert not {o.name for o in outputs if not o.noarch} & (
        THE_FIVE | COMPILED_ON_MKL | {"numpy", "scipy", "mkl-service"}
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


def test_a_change_leaves_the_pins_of_the_machine_alone(tmp_path: Path) -> None:
    tree = lay_out(tmp_path / "tree")
    variants = tree / "variants.yaml"
    variants.write_text(re.sub(r'"3\.\d+\.\*"', '"3.99.*"', variants.read_text()))
    run(CHANGES / "apply.py", "mkl-2025", tree)
    pins = yaml.safe_load(variants.read_text())
    assert (pins["python"], pins["mkl_devel"]) == (["3.99.*"], ["2025.3"])


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


# ---- from here on everything is real, and takes minutes -------------------------------------------------------------

REAL = [
    pytest.mark.mkl,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(sys.platform != "linux", reason="MKL is for linux-64 here"),
]

BUILD = """
import sys
from rattler_build import JinjaConfig, PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig
recipe, variants, channel = sys.argv[1:]
platform = PlatformConfig(target_platform="linux-64", build_platform="linux-64", host_platform="linux-64")
config = VariantConfig.from_files_with_context([variants], JinjaConfig(platform=platform))
for variant in Stage0Recipe.from_file(recipe).render(config, RenderConfig(platform=platform)):
    result = variant.run_build(ToolConfiguration(test_strategy="skip"), output_dir=channel,
                               channels=["file://" + channel], package_format="conda:1")
    print("built", result.packages[0])
"""
TEST = """
import sys
from rattler_build import Package
package, channel = Package.from_file(sys.argv[1]), sys.argv[2]
for index in range(len(package.tests)):
    result = package.run_test(index, channel=["file://" + channel])
    print("\\n".join(result.output))
    if not result.success:
        sys.exit(1)
"""


@dataclass(frozen=True)
class Farm:
    """The least that builds: one channel, one package after the other, each in a process of its own."""

    tree: Path
    channel: Path
    environment: dict[str, str]

    def child(self, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def build(self, name: str) -> Path:
        done = self.child(BUILD, self.tree / name / "recipe.yaml", self.tree / "variants.yaml", self.channel)
        assert done.returncode == 0, f"{name}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
        return Path(done.stdout.rpartition("built ")[2].strip())

    def test(self, package: Path) -> str:
        """Empty when all tests passed, else the log of the one that did not."""
        done = self.child(TEST, package, self.channel)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def build_and_test(self, names: Iterable[str]) -> dict[str, str]:
        """What failed, with its log."""
        return {name: log for name in names if (log := self.test(self.build(name)))}

    def newest(self, name: str) -> Path:
        found = [path for path in self.channel.glob(f"*/{name}-*.conda") if path.name.rsplit("-", 2)[0] == name]
        return max(found, key=lambda path: path.stat().st_mtime_ns)

    def changed(self, folder: Path, *changes: str) -> "Farm":
        shutil.copytree(self.channel, folder / "channel", ignore=shutil.ignore_patterns("bld"))
        return Farm(lay_out(folder / "tree", *changes), folder / "channel", self.environment)


def in_order(tree: Path) -> list[str]:
    outputs = on_linux(read(tree))
    graph = {n: {r.name for r in o.requirements} | set(o.test_requirements) for n, o in outputs.items()}
    return [name for name in TopologicalSorter(graph).static_order() if name in outputs]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """The tree at MKL 2024.2, all of it built and tested."""
    work = tmp_path_factory.mktemp("mkl")
    cache = Path(os.environ.get("FARM_SOURCE_CACHE") or work / "sources")
    print(run(TREE / "fetch.py", "--into", cache, TREE, CHANGES))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"FARM_SOURCE_CACHE": str(cache), "RATTLER_CACHE_DIR": str(work / "packages"), "PATH": path}
    farm = Farm(lay_out(work / "tree"), work / "channel", os.environ | own)
    assert farm.build_and_test(in_order(farm.tree)) == {}
    yield farm
    shutil.rmtree(work)


class TestTheRealThing:
    """Slow, and needs the wheels."""

    pytestmark = REAL

    def test_the_new_mkl_is_taken_by_the_rebuilt_and_by_the_run_only(self, built: Farm, tmp_path: Path) -> None:
        farm = built.changed(tmp_path, "mkl-2025")
        rebuilt = [name for name in in_order(farm.tree) if name in THE_FIVE | COMPILED_ON_MKL]
        assert farm.build_and_test(rebuilt) == {}
        assert [name for name in [*RUN_ONLY, "linfit"] if farm.test(farm.newest(name))] == []

    def test_what_was_compiled_on_the_old_mkl_holds_it_back(self, built: Farm, tmp_path: Path) -> None:
        farm = built.changed(tmp_path, "mkl-2025")
        for name in [name for name in in_order(farm.tree) if name in THE_FIVE]:
            farm.build(name)
        done = farm.child(TEST, farm.newest("numexpr"), farm.channel)
        assert done.returncode == 0, done.stdout
        assert re.search(r"│ mkl +┆ 2024\.2\.2 ", done.stdout), "its bound must keep it with the MKL it was built for"

    def test_the_new_numpy_crashes_numexpr_alone(self, built: Farm, tmp_path: Path) -> None:
        farm = built.changed(tmp_path, "numexpr-crash")
        assert farm.build_and_test(["numpy"]) == {}
        failed = {name: farm.test(farm.newest(name)) for name in ["numexpr", "scipy", "linfit", *RUN_ONLY]}
        assert [name for name, log in failed.items() if log] == ["numexpr"]
        assert "status 134" in failed["numexpr"] or "status 139" in failed["numexpr"]

    def test_a_newer_numexpr_cures_the_crash(self, built: Farm, tmp_path: Path) -> None:
        farm = built.changed(tmp_path, "numexpr-cured")
        assert farm.build_and_test(["numpy", "numexpr"]) == {}
        assert farm.test(farm.newest("linfit")) == ""
