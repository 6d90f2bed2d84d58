"""A ``meta.yaml`` as outputs, the same values as a ``recipe.yaml``: evaluated, translated, named by the builder."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from rattler_build import RattlerBuildError, VariantConfig

from controller.domain.recipes import Output
from controller.gateways.outputs import make_output
from controller.gateways.pins import Pins
from controller.gateways.rendering import Rendered, parse, render_parsed, variant_text
from controller.gateways.v0.evaluated import Evaluated
from controller.gateways.v0.evaluating import RECIPE_FILE, Source
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.matrix import Member, evaluated, members
from controller.gateways.v0.translation.losses import Loss
from controller.gateways.v0.translation.requirements import without_siblings
from controller.gateways.v0.translation.whole import skeleton, translate
from workers.contract.jobs import Translation

_PROSE = frozenset({"about", "extra"})


def read_v0(
    folder: Path, recipe: str, pins: Pins, subdir: str, files: str, number: int | None = None
) -> tuple[Output, ...]:
    """Every output of the recipe for a subdir, as the builder names it; none when the recipe skips itself.

    ``files`` digests the other files of the folder; ``number`` takes the place of the recipe's own build number.
    Raises V0Error, and nothing else for what stands in a recipe.
    """
    parts = list(parts_of(folder, pins, subdir))
    found = [(part, rendered) for part in parts for rendered in part.render(subdir, number)]
    siblings = [rendered for _, rendered in found]
    lasting = _lasting(parts, siblings, subdir)
    outputs: dict[tuple[str, str], Output] = {}
    for (part, rendered), kept in zip(found, lasting, strict=True):
        output = make_output(rendered, siblings, recipe, subdir, kept, files, _fingerprint(part, files))
        if part.unbuildable:
            output = replace(output, unbuildable=part.unbuildable)
        outputs.setdefault((output.subdir, output.file_name), output)
    return tuple(outputs.values())


def translations(folder: Path, pins: Pins, subdir: str, wanted: Collection[Output]) -> tuple[Translation, ...]:
    """What a worker builds ``wanted`` from: one recipe of the new format for each form that the old one has.

    ``wanted`` carry their final build number. Raises V0Error if a form of them cannot be translated.
    """
    names = {output.file_name for output in wanted}
    numbers = {output.build_number for output in wanted}
    needed = []
    for part in parts_of(folder, pins, subdir):
        for alone in part.each():
            made = {f"{r.name}-{r.version}-{r.build}.conda" for n in numbers for r in alone.render(subdir, n)}
            if not names & made:
                continue
            if part.unbuildable:
                raise V0Error(part.unbuildable, remedy=part.remedy)
            needed.append(Translation(recipe=part.text, variant_config=variant_text(alone.configs[0])))
    return tuple(needed)


@dataclass(frozen=True, slots=True)
class Part:
    """One form of a recipe with all combinations that share it."""

    path: Path
    text: str
    """The recipe in the new format, as JSON, which is YAML as well."""
    configs: tuple[VariantConfig, ...]
    """One for each combination: the builder's time grows with the square of the combinations it is given at once."""
    digest: str
    """Of the evaluated recipe without its prose and its build number."""
    losses: tuple[Loss, ...] = ()
    unbuildable: str = ""
    remedy: str = ""
    rendered: list[Rendered] = field(default_factory=list)
    """With the recipe's own build number."""

    def render(self, subdir: str, number: int | None = None) -> list[Rendered]:
        """What the builder makes of all combinations. Raises V0Error."""
        if number is None and self.rendered:
            return self.rendered
        try:
            stage = parse(self.text)
            rendered = [render_parsed(stage, self.path, config, subdir, number) for config in self.configs]
        except (RattlerBuildError, ValueError, TypeError) as error:
            raise V0Error(f"the builder cannot read it: {_first_line(error)}.") from error
        return [output for outputs in rendered for output in outputs]

    def each(self) -> Iterator["Part"]:
        """The same for each of its combinations alone."""
        yield from (replace(self, configs=(config,), rendered=[]) for config in self.configs)


def parts_of(folder: Path, pins: Pins, subdir: str) -> Iterator[Part]:
    """The forms of a recipe that are not skipped, translated. Raises V0Error."""
    source = Source.read(folder)
    groups: dict[int, list[Member]] = {}
    for member in members(source, pins, subdir):
        groups.setdefault(id(member.form), []).append(member)
    for group in groups.values():
        part = _part(folder, group, pins, subdir)
        if part is not None:
            yield part


def _part(folder: Path, group: list[Member], pins: Pins, subdir: str) -> Part | None:
    form = evaluated(group, pins)
    configs, path = _configs(group), folder / RECIPE_FILE
    whole = translate(form, folder, subdir, pins.pin_run_as_build)
    if whole.document.get("outputs") == []:  # each of them skips itself
        return None
    part = Part(path, as_text(whole.document), configs, _digest(form.document), whole.losses)
    fault = whole.fault
    if fault is None:
        try:
            return replace(part, rendered=part.render(subdir))
        except V0Error as error:
            return _unbuildable(part, error.what, "Write it in the new format.", form, subdir, pins)
    return _unbuildable(part, f"{fault.construct}: {fault.why}", fault.remedy, form, subdir, pins)


def as_text(document: Any) -> str:
    """JSON that the builder reads as YAML: it knows no surrogates."""
    return json.dumps(document, ensure_ascii=False)


def _unbuildable(part: Part, why: str, remedy: str, form: Evaluated, subdir: str, pins: Pins) -> Part:
    """What is known of it all the same: names, hashes and edges."""
    bones = skeleton(form, part.path.parent, subdir, pins.pin_run_as_build)
    bare = replace(part, text=as_text(bones), unbuildable=why, remedy=remedy)
    try:
        return replace(bare, rendered=bare.render(subdir))
    except V0Error:
        if "outputs" not in bones:
            raise
    return replace(bare, text=as_text(without_siblings(bones)))


def _configs(group: list[Member]) -> tuple[VariantConfig, ...]:
    """Each combination of a group, with the keys that matter and no others."""
    keys = sorted(group[0].keys)
    rows = dict.fromkeys(tuple([member.variant[key] for key in keys]) for member in group)
    return tuple(VariantConfig({key: [value] for key, value in zip(keys, row, strict=True)}) for row in rows)


def _lasting(parts: list[Part], found: list[Rendered], subdir: str) -> list[str]:
    """An exact pin carries its sibling's build number into the hash: taken at number 0, the hash lasts."""
    if any(rendered.exact for rendered in found):
        return [rendered.hash for part in parts for rendered in part.render(subdir, 0)]
    return [rendered.hash for rendered in found]


def _fingerprint(part: Part, files: str) -> str:
    """Of what the recipe says, not of its translation: a better one must not look like a changed recipe."""
    return sha256(f"{part.digest}\0{files}".encode()).hexdigest()


def _digest(document: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in document.items() if key not in _PROSE}
    outputs = kept.get("outputs")
    if isinstance(outputs, list):
        kept["outputs"] = [_unnumbered(entry) for entry in outputs]
    return sha256(json.dumps(_unnumbered(kept), sort_keys=True).encode()).hexdigest()


def _unnumbered(said: Any) -> Any:
    """A recipe, or an output of it, whatever its build number."""
    if not isinstance(said, Mapping):
        return said
    build = said.get("build")
    kept = {key: value for key, value in said.items() if key != "number"}
    if isinstance(build, Mapping):
        kept["build"] = {key: value for key, value in build.items() if key != "number"}
    return kept


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__).rstrip(".")
