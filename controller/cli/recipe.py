"""``farm recipe``: what a tree has, one recipe whole, as the builder gets it, what is wrong with it, and a new one."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli.output import FAILED, Form, Output, show
from controller.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from controller.services.recipes import RecipeTree

app = typer.Typer(help="Recipes of a tree, with no farm up: old and new format alike.", no_args_is_help=True)


class LintForm(StrEnum):
    """Forms of findings."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


Tree = Annotated[str, typer.Option("--tree", help="Folder or git repository of recipes.")]
Rev = Annotated[str | None, typer.Option("--rev", help="Commit or branch; without it the folder as it is now.")]
Subdirs = Annotated[
    list[str] | None,
    typer.Option("--subdir", help="Subdir to read for, else the tree's own or this machine's; repeatable."),
]


def _opened(tree: str, rev: str | None, subdirs: list[str] | None) -> "AbstractContextManager[RecipeTree]":
    from controller.cli.configured import settings_of
    from controller.gateways.machine import native_subdir
    from controller.services.recipes import opened

    return opened(tree, rev, subdirs or settings_of({}).subdirs, native_subdir())


def _own_subdirs() -> tuple[str, ...]:
    from controller.cli.configured import settings_of
    from controller.gateways.machine import native_subdir

    return settings_of({}).subdirs or (native_subdir(),)


@app.command("list")
def list_(
    pattern: Annotated[str, typer.Argument(help="Names or folders, as lib*; without it all.")] = "",
    tree: Tree = ".",
    rev: Rev = None,
    subdir: Subdirs = None,
    output: Output = Form.TABLE,
) -> None:
    """Every package that the recipes make, one a line; recipes that cannot be read come last.

    Example: farm recipe list 'lib*' --tree recipes/starter
    """
    from controller.cli.recipe_lines import print_list

    with _opened(tree, rev, subdir) as found:
        listing = found.listing(pattern)
    show(output, listing, lambda: print_list(listing), dict.fromkeys(item.name for item in listing.items))


@app.command()
def view(
    recipe: Annotated[str, typer.Argument(help="A package, or a recipe's folder.")],
    tree: Tree = ".",
    rev: Rev = None,
    subdir: Subdirs = None,
    output: Output = Form.TABLE,
) -> None:
    """One recipe whole: packages, variants, requirements with their origin, exports, and its neighbours in the tree.

    Example: farm recipe view libtally --tree recipes/starter
    """
    from controller.cli.recipe_lines import print_view

    with _opened(tree, rev, subdir) as found:
        shown = found.view(recipe)
    names = [f"{file.subdir}/{file.file}" for made in shown.outputs for file in made.files]
    show(output, shown, lambda: print_view(shown), names)


@app.command()
def lint(
    folders: Annotated[list[str] | None, typer.Argument(help="Recipe folders; without one the whole tree.")] = None,
    tree: Tree = ".",
    rev: Rev = None,
    subdir: Subdirs = None,
    channel: Annotated[
        list[str] | None, typer.Option("-c", "--channel", help="Channel that provides what the tree lacks; repeatable.")
    ] = None,
    output: Annotated[LintForm, typer.Option("-o", "--output", help="text, json or github.")] = LintForm.TEXT,
) -> None:
    """What a farm holds against recipes, each with its line, its cause and what to do; 1 if there is any error.

    Of folders nothing else is read. With --channel also: requirements that nothing in the tree or in these channels
    provides; for that the whole tree is read.

    Example: farm recipe lint recipes/zlib --tree recipes -o github
    """
    from controller.cli.recipe_lines import print_findings, print_for_github

    with _opened(tree, rev, subdir) as found:
        answer = found.lint(folders or (), channel or ())
    if output is LintForm.GITHUB:
        print_for_github(answer, tree)
    else:
        form = Form.JSON if output is LintForm.JSON else Form.TABLE
        show(form, answer, lambda: print_findings(answer), ())
    if answer.errors:
        raise typer.Exit(FAILED)


@app.command()
def render(
    recipe: Annotated[str, typer.Argument(help="A recipe's folder, or a package.")],
    tree: Tree = ".",
    rev: Rev = None,
    subdir: Subdirs = None,
    variant: Annotated[
        list[str] | None, typer.Option("--variant", help="Only variants with this key=value; may be repeated.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as -o json.")] = False,
    output: Annotated[Form, typer.Option("-o", "--output", help="yaml, json or name; table is yaml.")] = Form.TABLE,
) -> None:
    """A recipe as the builder gets it: one YAML document for every output of every variant, under its file's name.

    A meta.yaml is shown in the new format, with what could not be carried over.

    Example: farm recipe render ledger --tree recipes/starter --subdir linux-64
    """
    from controller.cli.recipe_lines import print_renders

    with _opened(tree, rev, subdir) as found:
        made = found.render(recipe, _variants(variant or ()))
    form = Form.JSON if json else Form.TABLE if output is Form.YAML else output
    show(form, made, lambda: print_renders(made), [f"{one.subdir}/{one.file}" for one in made])


def _variants(said: Iterable[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in said]
    if any(not key or not equals for key, equals, _ in pairs):
        raise InvalidInputError("A variant is no key=value.", remedy="Write it as --variant python=3.12.")
    return {key: value for key, _, value in pairs}


@app.command()
def new(
    package: Annotated[str, typer.Argument(help="pypi:NAME, pypi:NAME@VERSION, cran:NAME, cpan:NAME, luarocks:NAME.")],
    into: Annotated[
        Path, typer.Option(help="The tree's folder for recipes; a folder of the package's name is made.")
    ] = Path("recipes"),
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Only print the recipe.")] = False,
    output: Output = Form.TABLE,
) -> None:
    """Write a recipe from a package index, put right what its generator gets wrong, and lint it.

    The generator is rattler-build's. It asks the index itself, over HTTPS_PROXY where that is set.

    Example: farm recipe new pypi:tomli-w@1.2.0 --dry-run
    """
    from controller.cli.recipe_new import run

    run(package, into, yes=yes, dry_run=dry_run, subdirs=_own_subdirs(), form=output)
