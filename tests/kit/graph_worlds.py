"""Worlds of real size: two real trees as facts, and a drawn one shaped like conda-forge; each as built and recorded.

A drawn world is the same for the same arguments. What a real tree's first variant says is read from the files of
``FARM_GRAPH_DATA`` (a folder), or of ``../shared/data`` beside the project.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha1, sha256
from pathlib import Path
from random import Random
from typing import Any

import zstandard
from rattler import Version
from rattler.exceptions import InvalidVersionError

from controller.domain.artifacts import Artifact
from controller.domain.recipes import Origin, Output, Reading, Requirement, RunExports, Section
from tests.kit.drawing import build_drawn, make_output

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("FARM_GRAPH_DATA", ROOT.parent / "shared" / "data"))
ABSENT = f"no recipe graphs in {DATA}; FARM_GRAPH_DATA names a folder that has them"

_NAME_ENDS = re.compile(r"[\s\[=<>!~(]")
_UPPER = re.compile(r"<(\d+(?:\.\d+)*)\.?0?a0")
_BIGGEST = 1 << 30


@dataclass(frozen=True)
class World:
    """A tree, and the target in which all of it was built against each other."""

    outputs: tuple[Output, ...]
    artifacts: tuple[Artifact, ...]
    """In the order of the outputs."""

    @property
    def reading(self) -> Reading:
        """The tree as it stands."""
        return Reading("a" * 40, self.outputs)

    @cached_property
    def edges(self) -> int:
        """Requirements that something in the tree provides."""
        names = {output.name for output in self.outputs}
        return sum(r.name in names for output in self.outputs for r in output.requirements)


def built(outputs: Sequence[Output]) -> World:
    """The world in which these have been built."""
    return World(tuple(outputs), build_drawn(outputs))


def moved(world: World, name: str, version: str) -> Reading:
    """The tree where the recipe that makes ``name`` has another version, with its exports and own pins renewed.

    Where several recipes or variants make it in several versions, the newest of them moves.
    """
    found = [output for output in world.outputs if output.name == name]
    if not found:
        raise ValueError(f"no output is called {name}")
    newest = max(found, key=lambda output: Version(output.version))
    own = {o.name for o in world.outputs if (o.recipe, o.version) == (newest.recipe, newest.version)}
    siblings = dict.fromkeys(own, (newest.version, version))
    outputs = (
        _moved(o, siblings, version) if (o.recipe, o.version) == (newest.recipe, newest.version) else o
        for o in world.outputs
    )
    return Reading("b" * 40, tuple(outputs))


def edited(world: World, names: frozenset[str]) -> Reading:
    """The tree where something that only the fingerprint tells changed in the recipes of these outputs."""
    outputs = (
        replace(o, fingerprint=sha256(o.fingerprint.encode()).hexdigest()) if o.name in names else o
        for o in world.outputs
    )
    return Reading("b" * 40, tuple(outputs))


def _moved(output: Output, siblings: Mapping[str, tuple[str, str]], version: str) -> Output:
    build = f"h{output.hash}_0"
    exports = output.run_exports
    renewed = RunExports(
        *(tuple(_renewed(spec, siblings) for spec in specs) for specs in (
            exports.weak, exports.strong, exports.noarch, exports.weak_constrains, exports.strong_constrains
        ))
    )  # fmt: skip
    requirements = tuple(
        replace(r, spec=_renewed(r.spec, siblings)) if r.origin in (Origin.EXACT_PIN, Origin.PIN_SUBPACKAGE) else r
        for r in output.requirements
    )
    return replace(
        output, version=version, build=build, build_number=0, run_exports=renewed, requirements=requirements,
        fingerprint=sha256(f"{output.fingerprint} {version}".encode()).hexdigest(),
    )  # fmt: skip


def _renewed(spec: str, siblings: Mapping[str, tuple[str, str]]) -> str:
    """The spec for the new version, bounded as far up as it was."""
    name, _, bound = spec.partition(" ")
    if name not in siblings or not bound:
        return spec
    old, new = siblings[name]
    upper = _UPPER.search(bound)
    if upper:
        return f"{name} >={new},<{_next(new, upper[1].count('.') + 1)}"
    return f"{name} {bound.replace(old, new)}"


def _next(version: str, parts: int) -> str:
    """The lowest version above all that begin like this one in so many parts."""
    numbers = [int(part) for part in re.findall(r"\d+", version)][:parts] or [0]
    return ".".join(str(number) for number in (*numbers[:-1], numbers[-1] + 1)) + ".0a0"


# Real trees ----------------------------------------------------------------------------------------------------------


def data_path(name: str) -> Path | None:
    """The file of ``bioconda`` or ``staged``, where it is there."""
    path = DATA / f"{name}-graph.json.zst"
    return path if path.is_file() else None


def from_data(path: Path) -> World:
    """The world of a recipe graph, in which all of it has been built."""
    return built(outputs_from(path))


def outputs_from(path: Path) -> tuple[Output, ...]:
    """Every recipe of a graph that is not skipped, as ``recipe-graph/1`` tells it.

    What a recipe of several outputs says at its top is said by the first of them.
    """
    text = zstandard.ZstdDecompressor().decompress(path.read_bytes(), max_output_size=_BIGGEST)
    recipes = [recipe for recipe in json.loads(text)["recipes"] if not recipe.get("skip")]
    outputs: list[Output] = []
    files: set[tuple[str, str]] = set()
    for recipe in recipes:
        for told in _told(recipe):
            output = _read(recipe, told)
            if (output.subdir, output.file_name) in files:  # two folders may make the same name and version
                output = _apart(output)
            files.add((output.subdir, output.file_name))
            outputs.append(output)
    return tuple(outputs)


def _told(recipe: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    outputs = recipe.get("o")
    if not outputs:
        yield dict(recipe)
        return
    for place, output in enumerate(outputs):
        top = recipe if place == 0 else {}
        yield {**output, **{key: [*top.get(key, ()), *output.get(key, ())] for key in "BHRE"}}


def _read(recipe: Mapping[str, Any], told: Mapping[str, Any]) -> Output:
    siblings = {output["n"].lower() for output in recipe.get("o", ())}
    noarch, number = told.get("noarch", ""), _number(recipe.get("b"))
    subdir = "noarch" if noarch else "linux-64"
    digest = sha1(subdir.encode(), usedforsecurity=False).hexdigest()[:7]
    sections = ((Section.BUILD, "B"), (Section.HOST, "H"), (Section.RUN, "R"))
    version = _version(str(told.get("v") or recipe.get("v") or "0"))
    return Output(
        recipe=recipe["d"], name=told["n"].lower(), version=version, build=f"h{digest}_{number}", build_number=number,
        hash=digest, subdir=subdir, target_platform="linux-64", noarch=noarch, variant={"target_platform": subdir},
        requirements=tuple(_wanted(section, spec, siblings) for section, key in sections for spec in told.get(key, ())),
        run_exports=RunExports(weak=tuple(told.get("E", ()))), tests=1,
        fingerprint=sha256(json.dumps([told, version], sort_keys=True).encode()).hexdigest(),
    )  # fmt: skip


def _version(told: str) -> str:
    """A version; what no solver could read counts as 0, since the recipe could never be built."""
    try:
        Version(told)
    except InvalidVersionError:
        return "0"
    return told


def _number(told: object) -> int:
    """A build number; what is none counts as 0, since a drawn history of recipes holds a few."""
    return int(str(told)) if str(told).isdigit() else 0


def _wanted(section: Section, spec: str, siblings: set[str]) -> Requirement:
    name = _name(spec)
    pinned = name in siblings and spec != name
    origin = Origin.PIN_SUBPACKAGE if pinned else Origin.TEXT
    return Requirement(section, name, name if "(" in spec else spec, origin)


def _name(spec: str) -> str:
    return _NAME_ENDS.split(spec.rsplit("::", 1)[-1].strip(), maxsplit=1)[0].lower()


def _apart(output: Output) -> Output:
    digest = sha1(output.recipe.encode(), usedforsecurity=False).hexdigest()[:7]
    return replace(output, hash=digest, build=f"h{digest}_{output.build_number}")


# A drawn one ---------------------------------------------------------------------------------------------------------

PYTHONS = ("3.11", "3.12", "3.13")
GCC = "gcc_linux-64"
GXX = "gxx_linux-64"
_GNU = ("autoconf", "automake", "libtool", "make", "m4", "perl")

KNOT: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    GCC: (("make", "texinfo", "bison", "flex"), ("binutils", "gmp", "mpfr", "mpc", "isl", "zlib", "zstd")),
    GXX: (("make",), (GCC,)),
    "binutils": (("make", "bison", "flex"), ("zlib",)),
    "make": (("autoconf", "pkg-config"), ()),
    "autoconf": (("perl", "m4"), ()),
    "automake": (("autoconf",), ()),
    "libtool": (("automake", "m4"), ()),
    "m4": (("make",), ()),
    "perl": (("make",), ("libxcrypt",)),
    "libxcrypt": (("autoconf", "automake", "libtool", "perl"), ()),
    "pkg-config": (("libtool",), ()),
    "bison": (("m4", "perl", "automake"), ()),
    "flex": (("bison", "help2man"), ()),
    "help2man": (("perl", "gettext"), ()),
    "gettext": (("libtool",), ("ncurses", "libiconv")),
    "libiconv": (("libtool",), ()),
    "texinfo": (("perl", "gettext"), ("ncurses",)),
    "ncurses": (("pkg-config", "cmake"), ()),
    "gmp": (("m4", "libtool"), ()),
    "mpfr": (("libtool",), ("gmp",)),
    "mpc": (("libtool",), ("gmp", "mpfr")),
    "isl": (("python",), ("gmp",)),
    "zlib": (("make", "cmake"), ()),
    "zstd": (("cmake", "ninja"), ("zlib",)),
    "cmake": (("make", GXX), ("openssl", "zlib", "zstd", "ncurses", "libcurl", "expat")),
    "ninja": (("python",), ()),
    "openssl": (("perl", "make"), ()),
    "libcurl": (("libtool",), ("openssl", "zlib", "zstd")),
    "expat": (("cmake",), ()),
    "python": (("make",), ("openssl", "zlib", "expat", "ncurses")),
}
"""Thirty recipes with what stands in their build and host: each needs, in the end, each other."""


def synthetic(recipes: int = 25_000, edges: int = 200_000, seed: int = 1) -> World:
    """A tree of so many recipes whose requirements have about so many providers among them, all of it built.

    Half is noarch Python. An eighth is compiled for three Pythons. Libraries stand in levels, each on the level
    below and on the few that everybody uses; they export ``>=x,<y``. Compilers export strongly. Some recipes make
    a library, its headers and its tools, which pin each other exactly.
    """
    draw = _Drawn(Random(seed), recipes, edges)
    draw.whole()
    return built(draw.outputs)


class _Drawn:
    """Outputs so far, and from whom those to come may choose."""

    LEVELS = 14

    def __init__(self, random: Random, recipes: int, edges: int) -> None:
        self.random, self.recipes, self.edges = random, recipes, edges
        self.outputs: list[Output] = []
        self.levels: list[list[str]] = [["zlib", "openssl", "zstd", "expat", "ncurses", "libcurl", "libiconv", "gmp"]]
        self.modules: list[str] = []
        self.wanted = 0

    def whole(self) -> None:
        self._knot()
        self._tools()
        rest = self.recipes - len({output.recipe for output in self.outputs})
        libraries, compiled, noarch = rest * 22 // 100, rest * 12 // 100, rest * 54 // 100
        self._libraries(libraries)
        self._compiled(compiled)
        self._modules(noarch)
        self._programs(self.recipes - len({output.recipe for output in self.outputs}))
        self._fill()

    def _add(self, output: Output) -> None:
        self.outputs.append(output)
        self.wanted += len(output.requirements)

    def _knot(self) -> None:
        for name, (build, host) in KNOT.items():
            own = [] if name in (GCC, "make") else [GCC]
            if name != "python":
                self._add(make_output(name, "1.4.2", build=[*build, *own], host=host, exports=_exports_of(name)))
        build, host = KNOT["python"]
        for version in PYTHONS:
            self._add(
                make_output(
                    "python", f"{version}.4", build=[*build, GCC], host=host, run=["libgcc", "zlib"],
                    variant={"version": version}, exports=_python_exports(version),
                )
            )  # fmt: skip

    def _tools(self) -> None:
        """What nothing in the knot needs and everything above does."""
        self._add(make_output("libgcc", "14.2.0"))
        self._add(make_output("libstdcxx", "14.2.0", run=["libgcc"]))
        for version in PYTHONS:
            self._add(make_output("python_abi", version, noarch="generic", variant={"version": version}))
        self._add(make_output("pip", "24.0", noarch="python", run=["python"]))
        for name in ("setuptools", "hatchling", "flit-core", "poetry-core"):
            self._add(make_output(name, "60.0", noarch="python", host=["python", "pip"], run=["python"]))
            self.modules.append(name)

    def _libraries(self, count: int) -> None:
        """In levels; the many of the lowest are the famous ones, since all above may choose them."""
        share = [0.6 + (self.LEVELS - level) / self.LEVELS for level in range(self.LEVELS)]
        for level in range(self.LEVELS):
            here = round(count * share[level] / sum(share))
            names = [f"lib{level}-{number}" for number in range(here)]
            for name in names:
                self._library(name)
            self.levels.append(names or self.levels[-1])

    def _library(self, name: str) -> None:
        build = [GCC, *self._chance(0.6, GXX), *self._chance(0.5, "cmake", "make"), *self._chance(0.2, "pkg-config")]
        below = self.levels[-1]
        host = {self.random.choice(below), *(self._famous() for _ in range(self.random.choice((0, 1, 1, 2, 3))))}
        version = self._version()
        if self.random.random() < 0.12:
            self._several(name, version, build, sorted(host))
            return
        exports = [f"{name} >={version},<{_next(version, self.random.choice((1, 1, 2)))}"]
        weak = exports if self.random.random() < 0.85 else []  # the others are headers, or linked statically
        self._add(make_output(name, version, build=build, host=sorted(host), weak=weak, variant=_COMPILED))

    def _several(self, name: str, version: str, build: Sequence[str], host: Sequence[str]) -> None:
        """A library, what is needed to link it, and its programs: one recipe, pinned exactly."""
        export = f"{name} >={version},<{_next(version, 1)}"
        library = make_output(
            name, version, recipe=f"{name}-split", build=build, host=host, weak=[export], variant=_COMPILED
        )
        pin = f"{name} {version} {library.build}"
        self._add(library)
        for more, exported in ((f"{name}-devel", [export]), (f"{name}-tools", [])):
            self._add(
                make_output(
                    more, version, recipe=library.recipe, build=build[:1], pinned=[pin], weak=exported,
                    variant=_COMPILED,
                )
            )  # fmt: skip

    def _compiled(self, count: int) -> None:
        for number in range(count):
            name = f"pyext-{number}"
            on = [n for n in (self._module(), self._module()) if n.startswith("pyext")][:1]
            host = [
                "python",
                "pip",
                *dict.fromkeys((*on, *(self._famous() for _ in range(self.random.choice((0, 1, 1, 2)))))),
            ]
            build = [GCC, *self._chance(0.5, GXX)]
            run, version = [self._module()] if self.modules and self.random.random() < 0.6 else [], self._version()
            compatible = on if self.random.random() < 0.7 else []
            for python in PYTHONS:
                self._add(
                    make_output(
                        name, version, build=build, host=host, run=[n for n in run if n not in compatible],
                        compatible=compatible, variant={"python": python, **_COMPILED},
                    )
                )  # fmt: skip
            self.modules.append(name)

    def _modules(self, count: int) -> None:
        backends = ("setuptools", "setuptools", "setuptools", "hatchling", "flit-core", "poetry-core")
        for number in range(count):
            name = f"py-{number}"
            run = {self._bounded(self._module()) for _ in range(self.random.choice((0, 0, 1, 1, 2, 3)))}
            host = ["python", "pip", self.random.choice(backends)]
            text = ["python >=3.10", *sorted(run)]
            self._add(make_output(name, self._version(), noarch="python", host=host, run=text))
            self.modules.append(name)

    def _programs(self, count: int) -> None:
        for number in range(count):
            build = [GCC, *self._chance(0.5, GXX), *self._chance(0.4, "cmake", "make")]
            host = sorted({self._famous() for _ in range(self.random.choice((0, 1, 2, 3)))})
            run = sorted({self._module() for _ in range(self.random.choice((0, 0, 1)))})
            self._add(
                make_output(f"program-{number}", self._version(), build=build, host=host, run=run, variant=_COMPILED)
            )

    def _fill(self) -> None:
        """One more famous library in host, or module in run, here and there, until the edges are as many as asked."""
        if self.wanted > self.edges:
            raise ValueError(f"{self.recipes} recipes have {self.wanted} edges before any is added")
        first = next(n for n, output in enumerate(self.outputs) if output.name.startswith("pyext-"))
        while self.wanted < self.edges:
            place = self.random.randrange(first, len(self.outputs))
            self.outputs[place] = self._more(self.outputs[place])

    def _more(self, output: Output) -> Output:
        section, name = (Section.RUN, self._module()) if output.noarch else (Section.HOST, self._famous())
        if name == output.name or any(r.name == name for r in output.in_section(section)) or self._above(output, name):
            return output
        self.wanted += 1
        return replace(output, requirements=(*output.requirements, Requirement(section, name, name)))

    @staticmethod
    def _above(output: Output, name: str) -> bool:
        """Whether ``name`` comes after the output: what runs with each other in a ring is rare."""
        kind, _, number = name.partition("-")
        own, _, mine = output.name.partition("-")
        return kind == own and number.isdigit() and mine.isdigit() and int(number) >= int(mine)

    def _famous(self) -> str:
        """A library; one in thousands of users choose from the first few."""
        level = min(int(self.random.expovariate(0.45)), len(self.levels) - 1)
        names = self.levels[level]
        place = int(len(names) * self.random.random() ** 4)
        return names[place]

    def _module(self) -> str:
        return self.modules[int(len(self.modules) * self.random.random() ** 3)]

    def _bounded(self, name: str) -> str:
        return f"{name} >=1.0" if self.random.random() < 0.4 else name

    def _version(self) -> str:
        return f"{self.random.randint(1, 4)}.{self.random.randint(0, 9)}.{self.random.randint(0, 5)}"

    def _chance(self, likely: float, *names: str) -> tuple[str, ...]:
        return names if self.random.random() < likely else ()


_COMPILED = {"c_compiler_version": "14", "c_stdlib_version": "2.17"}


def _exports_of(name: str) -> RunExports:
    if name == GCC:
        return RunExports(strong=("libgcc >=14",))
    if name == GXX:
        return RunExports(strong=("libstdcxx >=14", "libgcc >=14"))
    tools = {*_GNU, "binutils", "bison", "flex", "help2man", "texinfo", "pkg-config", "cmake", "ninja"}
    return RunExports() if name in tools else RunExports(weak=(f"{name} >=1.4.2,<2.0a0",))


def _python_exports(version: str) -> RunExports:
    above = f"3.{int(version.split('.')[1]) + 1}"
    return RunExports(weak=(f"python >={version},<{above}.0a0", f"python_abi {version}.*"), noarch=("python",))
