"""Rendering the ordered recipe, and finding in it what was planned."""

from collections.abc import Sequence

from rattler_build import JinjaConfig, PlatformConfig, RenderedVariant, Stage0Recipe, VariantConfig
from rattler_build._rattler_build import render as _native

from workers.builders.orders import BuildTask, File, Form


class NotAsOrderedError(Exception):
    """What the recipe makes is not what was ordered."""


def render(task: BuildTask) -> list[RenderedVariant]:
    """Every variant of the recipe, with the ordered build number in all of them.

    The build number goes in through the builder's own binding: its public door has none, and a number given as
    a context variable would change the hash of the build string.
    """
    rendered = [variant for form in task.forms for variant in _render(task, form)]
    for variant in rendered:
        variant._siblings = rendered  # noqa: SLF001 -- as Stage0Recipe.render does, for pins on sibling outputs
    return rendered


def _render(task: BuildTask, form: Form) -> list[RenderedVariant]:
    platform = PlatformConfig(
        target_platform=task.target_platform, build_platform=task.build_platform, host_platform=task.target_platform
    )
    recipe = Stage0Recipe.from_file(str(form.recipe_file))
    variants = VariantConfig.from_files_with_context([str(form.variant_file)], JinjaConfig(platform=platform))
    config = _native.RenderConfig(
        target_platform=task.target_platform, build_platform=task.build_platform, host_platform=task.target_platform,
        recipe_path=recipe.recipe_path, build_number_override=task.build_number,
    )  # fmt: skip
    found = _native.render_recipe(recipe._wrapper, variants._inner, config)  # noqa: SLF001
    return [RenderedVariant(inner, recipe.recipe_path) for inner in found]


def choose(task: BuildTask, rendered: Sequence[RenderedVariant]) -> list[tuple[File, RenderedVariant]]:
    """The planned files, each with the variant that makes it. Raises NotAsOrderedError if one has none."""
    offered = {identity(variant, task.target_platform): variant for variant in reversed(rendered)}
    missing = [file for file in task.files if _key(file) not in offered]
    if missing:
        raise NotAsOrderedError(_refusal(missing, sorted(offered)))
    return [(file, offered[_key(file)]) for file in task.files]


def identity(variant: RenderedVariant, target_platform: str) -> tuple[str, str, str, str]:
    """Subdir, name, version and build string of what a variant makes."""
    recipe = variant.recipe
    subdir = "noarch" if recipe.build.noarch else target_platform
    return subdir, str(recipe.package.name), str(recipe.package.version), str(recipe.build.string)


def _key(file: File) -> tuple[str, str, str, str]:
    return file.subdir, file.name, file.version, file.build


def _refusal(missing: Sequence[File], offered: Sequence[tuple[str, str, str, str]]) -> str:
    wanted = ", ".join(f"{file.subdir}/{file.name}-{file.version}-{file.build}" for file in missing)
    has = ", ".join(f"{subdir}/{name}-{version}-{build}" for subdir, name, version, build in offered)
    return (
        f"The recipe does not make {wanted}, which was ordered; it makes {has or 'nothing for this platform'}. "
        "The plan and the worker render differently: compare their versions and the variant configuration."
    )
