"""Recipes of the old format, evaluated for one platform, as tests of their translation need them."""

from pathlib import Path

from controller.gateways.pins import NO_PINS, Pins
from controller.gateways.v0.evaluated import Evaluated
from controller.gateways.v0.evaluating import Source
from controller.gateways.v0.matrix import evaluated, members
from controller.gateways.v0.translation.outlines import Outline, outlines
from controller.gateways.v0.translation.whole import Translated, translate

LINUX = "linux-64"


def old_recipe(folder: Path, meta: str, **files: str) -> Path:
    """A folder with a ``meta.yaml``; ``files`` are further files, with ``__`` for the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.yaml").write_text(meta, encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return folder


def evaluate(text: str, pins: Pins = NO_PINS, platform: str = LINUX) -> Evaluated:
    """The recipe for its first combination."""
    return evaluated([members(Source.of(text), pins, platform)[0]], pins)


def outline_of(text: str, pins: Pins = NO_PINS) -> Outline:
    """The one package that a recipe makes."""
    (found,) = outlines(evaluate(text, pins))
    return found


def translation_of(folder: Path, meta: str, platform: str = LINUX, pins: Pins = NO_PINS, **files: str) -> Translated:
    """The translation of a recipe with these files beside it."""
    place = old_recipe(folder, meta, **files)
    form = evaluated([members(Source.read(place), pins, platform)[0]], pins)
    return translate(form, place, platform, pins.pin_run_as_build)
