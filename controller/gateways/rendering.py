"""The builder's renderer: variants in, rendered outputs out, no network. It holds the interpreter's lock."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rattler_build import JinjaConfig, PlatformConfig, RattlerBuildError, RenderedVariant, VariantConfig
from rattler_build._rattler_build import render as _native
from rattler_build._rattler_build import stage0 as _stage0

from controller.domain.errors import RecipeError
from controller.gateways.bare_process import needs_bare, run_bare

RECIPE_FILE = "recipe.yaml"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where PyYAML has it: ten times as fast."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One output of one variant, as the builder would make it. ``document`` is its own description."""

    name: str
    version: str
    build: str
    build_number: int
    hash: str
    noarch: str
    variant: Mapping[str, str]
    exact: Mapping[str, str]
    """Sibling outputs that are pinned exactly, with the build string they are pinned to."""
    document: Mapping[str, Any]


def load_variants(files: Sequence[Path], subdir: str) -> VariantConfig:
    """The variant configuration of these files for a platform; later files win."""
    context = JinjaConfig(platform=_platform(subdir))
    return VariantConfig.from_files_with_context([str(path) for path in files], context)


def render(recipe: Path, variants: VariantConfig, subdir: str, number: int | None = None) -> list[Rendered]:
    """Every output of every variant for ``subdir``, but those that skip themselves.

    ``number`` takes the place of the recipe's own build number. The way in is the binding's own: its public
    door has no override, and a number given as a context variable would move the hash. A recipe that looks into
    the environment, or may grow without bound, is rendered in a process that has no environment and little memory.
    """
    text = recipe.read_text(encoding="utf-8")
    if not needs_bare(text):
        return _render_here(text, recipe, variants, subdir, number)
    found = run_bare(_render_there, text, recipe, variant_text(variants), subdir, number)
    if isinstance(found, str):
        raise RecipeError(found, remedy="Correct the file and push again.")
    return found


def _render_here(text: str, recipe: Path, variants: VariantConfig, subdir: str, number: int | None) -> list[Rendered]:
    found = render_text(text, recipe, variants, subdir, number)
    return _without_skipped(found, text, variants, subdir)


def _render_there(text: str, recipe: Path, variants: str, subdir: str, number: int | None) -> list[Rendered] | str:
    """The builder's errors do not travel between processes; their words do."""
    try:
        return _render_here(text, recipe, VariantConfig.from_yaml(variants), subdir, number)
    except (RattlerBuildError, ValueError, TypeError) as error:
        return str(error)


def render_text(
    text: str, recipe: Path, variants: VariantConfig, subdir: str, number: int | None = None
) -> list[Rendered]:
    """The same for a recipe's text, as if it stood at ``recipe``; what skips itself is not left out."""
    return render_parsed(parse(text), recipe, variants, subdir, number)


def parse(text: str) -> Any:
    """A recipe's text as the builder's own value, to be rendered many times. Raises the builder's errors.

    The binding's public door writes every text that it is given to a new temporary folder, and leaves it there.
    """
    return _stage0.Stage0Recipe.from_yaml(text)


def render_parsed(
    stage: Any, recipe: Path, variants: VariantConfig, subdir: str, number: int | None = None
) -> list[Rendered]:
    """What ``render_text`` does, for a recipe that is parsed already."""
    config = _native.RenderConfig(
        target_platform=subdir, build_platform=subdir, host_platform=subdir, recipe_path=recipe,
        build_number_override=number,
    )  # fmt: skip
    return [_rendered(variant) for variant in _render(stage, variants, config)]


def variant_text(variants: VariantConfig) -> str:
    """The configuration as YAML text that reads back as the same."""
    document: dict[str, Any] = dict(sorted(variants.to_dict().items()))
    if variants.zip_keys:
        document["zip_keys"] = [list(group) for group in variants.zip_keys]
    return yaml.safe_dump(document, sort_keys=False)


def _platform(subdir: str) -> PlatformConfig:
    return PlatformConfig(target_platform=subdir, build_platform=subdir, host_platform=subdir)


def _render(stage: Any, variants: VariantConfig, config: Any) -> list[RenderedVariant]:
    found = _native.render_recipe(stage, variants._inner, config)  # noqa: SLF001
    return [RenderedVariant(inner, Path()) for inner in found]


def _used(variant: RenderedVariant) -> dict[str, str]:
    return {str(key): str(value) for key, value in variant.variant.items()}


def _rendered(variant: RenderedVariant) -> Rendered:
    document = variant.recipe.to_dict()  # once: every attribute of the binding copies what it is taken from
    build = document["build"]
    pins = variant.pin_subpackages
    info = variant.hash_info
    return Rendered(
        name=str(document["package"]["name"]),
        version=str(document["package"]["version"]),
        build=str(build["string"]),
        build_number=int(build.get("number") or 0),
        hash=info.hash if info else "",
        noarch=str(build.get("noarch") or "").lower(),
        variant=_used(variant),
        exact={name: str(pin.build_string) for name, pin in pins.items() if pin.exact and pin.build_string},
        document=document,
    )


def _without_skipped(found: list[Rendered], text: str, variants: VariantConfig, subdir: str) -> list[Rendered]:
    """The renderer drops skipped outputs of a recipe with several, but not of a recipe with one.

    So the one is asked again, dressed as a recipe with several.
    """
    if not re.search(r"\bskip[\"']?\s*:", text):
        return found
    document = yaml.load(text, Loader=_Loader)  # noqa: S506 -- both are safe loaders
    if "outputs" in document:
        return found
    kept = {key: value for key, value in document.items() if key in {"context", "schema_version"}}
    output = {key: value for key, value in document.items() if key in {"package", "source", "build", "requirements"}}
    dressed = _stage0.Stage0Recipe.from_dict(kept | {"recipe": {}, "outputs": [output]})
    config = _native.RenderConfig(target_platform=subdir, build_platform=subdir, host_platform=subdir)
    left = [_used(variant) for variant in _render(dressed, variants, config)]
    return [output for output in found if output.variant in left]
