"""Small trees of real recipes that build in a moment, written where a test wants them."""

import subprocess
from pathlib import Path
from textwrap import indent

_RECIPE = """\
package:
  name: {name}
  version: "{version}"
build:
  number: 0
  noarch: generic
  script:
{script}
requirements:
{requirements}
tests:
{tests}
about:
  license: BSD-3-Clause
  summary: A recipe of a test.
"""


def write_recipe(
    tree: Path, name: str, *, version: str = "1.0", host: tuple[str, ...] = (), run: tuple[str, ...] = (),
    script: tuple[str, ...] = (), test: tuple[str, ...] | None = None, exports: tuple[str, ...] = (),
) -> Path:  # fmt: skip
    """One noarch recipe that installs ``share/NAME.txt``; its test reads that file back unless told otherwise."""
    lines = (f'mkdir -p "$PREFIX/share" && echo {version} > "$PREFIX/share/{name}.txt"', *script)
    tests = (f'grep -q "{version}" "$PREFIX/share/{name}.txt"',) if test is None else test
    folder = tree / name
    folder.mkdir(parents=True, exist_ok=True)
    text = _RECIPE.format(
        name=name, version=version, script=_listed(lines, 4), requirements=_requirements(host, run, exports),
        tests=indent("- script:\n" + _listed(tests, 4), "  ") if tests else "  []",
    )  # fmt: skip
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    return folder


def _listed(lines: tuple[str, ...], by: int) -> str:
    return "\n".join(" " * by + "- " + _quoted(line) for line in lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _requirements(host: tuple[str, ...], run: tuple[str, ...], exports: tuple[str, ...]) -> str:
    parts = [("host", host), ("run", run)]
    text = "".join(f"  {section}:\n" + _listed(specs, 4) + "\n" for section, specs in parts if specs)
    if exports:
        text += "  run_exports:\n    weak:\n" + _listed(exports, 6) + "\n"
    return text or "  run: []\n"


def commit(tree: Path, message: str) -> str:
    """Commit all that is in the tree, making the repository first; answers the commit."""
    if not (tree / ".git").exists():
        git(tree, "init", "--quiet", "--initial-branch=main")
    git(tree, "add", "--all")
    git(tree, "-c", "user.name=ana", "-c", "user.email=ana@example.org", "commit", "--quiet", "--message", message)
    return git(tree, "rev-parse", "HEAD")


def git(tree: Path, *arguments: str) -> str:
    """What git says in a tree."""
    done = subprocess.run(["git", "-C", str(tree), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()
