"""Real libraries of C, built by real workers: what their files show decides what else is built."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.live_farm import LiveFarm, live_farm
from tests.kit.recipe_trees import commit

pytestmark = [
    pytest.mark.farm,
    pytest.mark.skipif(
        sys.platform != "linux" or shutil.which("cc") is None, reason="compiles with the C compiler of Linux"
    ),
]
CC = "PATH=$PATH:/usr/local/bin:/usr/bin:/bin cc"
LIB = f"""
package: {{name: libw, version: "%(version)s"}}
build:
  number: 0
  script:
    - mkdir -p $PREFIX/lib $PREFIX/include
    - cp $RECIPE_DIR/w.h $PREFIX/include/w.h
    - {CC} -shared -fPIC -O2 -Wl,-soname,libw.so.1 -o $PREFIX/lib/libw.so.1 $RECIPE_DIR/w.c
    - ln -s libw.so.1 $PREFIX/lib/libw.so
    %(comment)s
requirements:
  run_exports:
    - ${{{{ pin_subpackage("libw", upper_bound="x") }}}}
tests:
  - script: [test -e $PREFIX/lib/libw.so.1]
"""
USER = f"""
package: {{name: %(name)s, version: "1.0"}}
build:
  number: 0
  script:
    - mkdir -p $PREFIX/bin
    - {CC} -I$PREFIX/include -O2 -o $PREFIX/bin/%(name)s $RECIPE_DIR/main.c -L$PREFIX/lib -lw -Wl,-rpath,$PREFIX/lib
requirements:
  host: [libw]
tests:
  - script: [test -x $PREFIX/bin/%(name)s]
"""
BOTH = (
    "#define W_HAS_DROP\nint w_keep(void);\nint w_drop(void);\n",
    "int w_keep(void){return 0;}\nint w_drop(void){return 0;}\n",
)
KEPT = ("int w_keep(void);\n", "int w_keep(void){return 0;}\n")
DROPPER = """
#include <w.h>
#ifdef W_HAS_DROP
int main(void){ return w_drop(); }
#else
int main(void){ return w_keep(); }
#endif
"""
KEEPER = "#include <w.h>\nint main(void){return w_keep();}\n"
TRANSITIVE = '[tree.policy]\nscope = "transitive"\n'


def write(folder: Path, recipe: str, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")


def write_lib(tree: Path, version: str, of: tuple[str, str], comment: str = "") -> None:
    write(tree / "libw", LIB % {"version": version, "comment": comment}, w_h=of[0], w_c=of[1])


def write_tree(tree: Path) -> None:
    """The library with two functions, and a program for each of them that its tests never run."""
    write_lib(tree, "1.0", BOTH)
    write(tree / "dropper", USER % {"name": "dropper"}, main_c=DROPPER)
    write(tree / "keeper", USER % {"name": "keeper"}, main_c=KEEPER)


def told(view: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    return {(c["turn"], c["kind"], c["name"], c["reason"]["rule"]) for r in view["revisions"] for c in r["changes"]}


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[LiveFarm]:
    with live_farm(tmp_path, workers=2) as farm:
        yield farm


def settled(farm: LiveFarm, tree: Path, message: str) -> tuple[str, dict[str, Any]]:
    commit(tree, message)
    batch = farm.push(tree)
    return batch, farm.settled(batch, 180)


def test_a_symbol_dropped_within_the_exported_range_rebuilds_whoever_uses_it_and_nobody_else(
    farm: LiveFarm, tmp_path: Path
) -> None:
    """No test runs the program that would break, so nothing but the symbols of the files can tell."""
    tree = tmp_path / "tree"
    write_tree(tree)
    _, first = settled(farm, tree, "all begin")
    assert first["state"] == "passed", json.dumps(first)[:3000]
    write_lib(tree, "1.1", KEPT)
    batch, view = settled(farm, tree, "libw 1.1 drops a function that it exported")
    assert view["state"] == "passed", json.dumps(view)[:3000]
    assert told(view) == {("escalated", "build", "dropper", "R17")}
    jobs = {(job["kind"], job["name"]): job["state"] for job in view["jobs"]}
    assert jobs["build", "dropper"] == jobs["test", "dropper"] == jobs["retest", "keeper"] == "passed"
    assert ("build", "keeper") not in jobs
    job = farm.get(f"/api/v1/jobs/{farm.jobs(batch)['build', 'dropper']['id']}")
    assert "w_drop of libw.so.1" in job["reasons"][0]["sentence"]


def test_a_comment_that_changes_no_file_stops_the_cascade_of_a_transitive_tree(farm: LiveFarm, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_tree(tree)
    (tree / "farm.toml").write_text(TRANSITIVE, encoding="utf-8")
    assert settled(farm, tree, "all begin")[1]["state"] == "passed"
    write_lib(tree, "1.0", BOTH, comment="- '# a comment that the shell alone reads'")
    _, view = settled(farm, tree, "a comment")
    assert view["state"] == "passed", json.dumps(view)[:3000]
    states = {(job["kind"], job["name"]): job["state"] for job in view["jobs"]}
    assert states["build", "libw"] == states["test", "libw"] == "passed"
    assert {state for (_, name), state in states.items() if name != "libw"} == {"not_needed"}
    assert ("stopped", "build", "libw", "unchanged") in told(view)
