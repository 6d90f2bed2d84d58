"""Real builds of the starter tree, in a scratch folder, with the interpreter that runs the tests."""

import graphlib
import os
import platform
import runpy
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rattler_build import (
    JinjaConfig,
    Package,
    PlatformConfig,
    RenderedVariant,
    Stage0Recipe,
    TestResult,
    ToolConfiguration,
    VariantConfig,
)
from rattler_build._rattler_build import render as binding
from rattler_build._rattler_build import stage0

from controller.gateways.v0.reading import parts_of
from controller.gateways.variant_files import PinFile, read_pins

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
HERE = "osx-arm64" if sys.platform == "darwin" else f"linux-{'64' if platform.machine() == 'x86_64' else 'aarch64'}"
EMPTY_INDEX = '{"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {}, "repodata_version": 1}'


def render(tree: Path, recipe: str, subdir: str, number: int = 0) -> list[RenderedVariant]:
    """All results of one recipe folder; the build number is given as the farm gives it, from outside."""
    platforms = PlatformConfig(target_platform=subdir, build_platform=HERE, host_platform=subdir)
    pins = VariantConfig.from_files_with_context([str(tree / "variants.yaml")], JinjaConfig(platform=platforms))
    old = tree / recipe / "meta.yaml"
    if old.is_file():
        return _render_old(tree, old, subdir, number)
    source = Stage0Recipe.from_file(str(tree / recipe / "recipe.yaml"))
    config = binding.RenderConfig(
        target_platform=subdir,
        build_platform=HERE,
        host_platform=subdir,
        recipe_path=source.recipe_path,
        build_number_override=number,
    )
    found = [
        RenderedVariant(each, source.recipe_path)
        for each in binding.render_recipe(source._wrapper, pins._inner, config)
    ]
    for each in found:
        each._siblings = found  # else an output cannot be pinned to its sibling
    return found


def _render_old(tree: Path, recipe: Path, subdir: str, number: int) -> list[RenderedVariant]:
    """The same for a recipe of the old format, from its translation."""
    pins = read_pins([PinFile("variants.yaml", (tree / "variants.yaml").read_bytes())], subdir)
    config = binding.RenderConfig(
        target_platform=subdir, build_platform=HERE, host_platform=subdir, recipe_path=recipe,
        build_number_override=number,
    )  # fmt: skip
    found = [
        RenderedVariant(each, recipe)
        for part in parts_of(recipe.parent, pins, subdir)
        for variants in part.configs
        for each in binding.render_recipe(stage0.Stage0Recipe.from_yaml(part.text), variants._inner, config)
    ]
    for each in found:
        each._siblings = found
    return found


def recipes(tree: Path) -> list[str]:
    return sorted(file.parent.name for name in ("recipe.yaml", "meta.yaml") for file in tree.glob(f"*/{name}"))


def named(requirement: object) -> str:
    """The package a build or host requirement names, whether text or a pin."""
    if isinstance(requirement, dict):
        return next(iter(requirement.values()))["name"]
    return str(requirement).split(maxsplit=1)[0]


def needed_to_build(variant: RenderedVariant) -> set[str]:
    written = variant.recipe.to_dict()["requirements"]
    return {named(each) for part in ("build", "host") for each in written.get(part, [])}


def build_order(tree: Path) -> list[str]:
    """Recipes, each after those that make what it needs to build. CycleError when building itself goes in a circle."""
    rendered = {name: render(tree, name, HERE) for name in recipes(tree)}
    maker = {each.recipe.package.name: name for name, results in rendered.items() for each in results}
    graph = {
        name: {maker[need] for each in results for need in needed_to_build(each)} - {name}
        for name, results in rendered.items()
    }
    return list(graphlib.TopologicalSorter(graph).static_order())


@dataclass
class Workshop:
    """A scratch copy of the tree and one channel that everything is built into and tested from."""

    tree: Path
    channel: Path
    built: dict[str, Path] = field(default_factory=dict)

    def build(self, recipe: str, number: int = 0) -> list[Path]:
        """Build each result of a recipe, without its tests, with this build number; give back the files."""
        files = []
        for variant in render(self.tree, recipe, HERE, number):
            result = variant.run_build(
                ToolConfiguration(test_strategy="skip"),
                output_dir=self.channel,
                channels=[self.channel.as_uri()],
                package_format="conda:3",
            )
            self.built[result.name] = Path(result.packages[0])
            files.append(self.built[result.name])
        return files

    def build_all(self) -> None:
        for recipe in build_order(self.tree):
            self.build(recipe)

    def test(self, package: str) -> list[TestResult]:
        """Run each test of the newest file of a package, one by one; the solver takes the newest of all the others."""
        archive = Package.from_file(self.built[package])
        return [archive.run_test(i, channel=[self.channel.as_uri()]) for i in range(len(archive.tests))]

    def failures(self, packages: list[str]) -> dict[str, list[str]]:
        """For each package that failed a test, the output of what failed. A package without tests is an error."""
        results = {name: self.test(name) for name in packages}
        assert all(results.values()), f"no tests: {[name for name, found in results.items() if not found]}"
        broken = {
            name: [line for each in found if not each.success for line in each.output]
            for name, found in results.items()
        }
        return {name: lines for name, lines in broken.items() if lines}

    def copied_to(self, folder: Path) -> "Workshop":
        tree = Path(shutil.copytree(self.tree, folder / "tree"))
        channel = Path(shutil.copytree(self.channel, folder / "channel", ignore=shutil.ignore_patterns("bld")))
        return Workshop(
            tree, channel, {name: channel / file.relative_to(self.channel) for name, file in self.built.items()}
        )

    def apply(self, change: str) -> None:
        shutil.copytree(RECIPES / "starter-changes" / change, self.tree, dirs_exist_ok=True)


def scratch_tree(folder: Path, version: str) -> Path:
    tree = folder / "tree"
    shutil.copytree(RECIPES / "starter", tree)
    runpy.run_path(str(tree / "pin_python.py"))["pin_python"](tree, version)
    return tree


def empty_channel(folder: Path) -> Path:
    (folder / "noarch").mkdir(parents=True)
    (folder / "noarch" / "repodata.json").write_text(EMPTY_INDEX)
    return folder


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The environment a worker gives its builds: its own programs first on PATH, and a package cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        patch.setenv("RATTLER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, tools: None) -> Workshop:
    """The whole tree, built once and only looked at; a test that changes anything takes a copy."""
    folder = tmp_path_factory.mktemp("starter")
    made = Workshop(scratch_tree(folder, platform.python_version()), empty_channel(folder / "channel"))
    made.build_all()
    return made


@pytest.fixture
def workshop(finished: Workshop, tmp_path: Path) -> Workshop:
    """A copy of the finished tree and channel, to change at will."""
    return finished.copied_to(tmp_path)


@pytest.fixture
def bare_workshop(tmp_path: Path, tools: None) -> Workshop:
    """The tree with nothing built."""
    return Workshop(scratch_tree(tmp_path, platform.python_version()), empty_channel(tmp_path / "channel"))
