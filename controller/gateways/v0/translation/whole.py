"""A whole recipe of the new format, as the builder gets it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.gateways.v0.evaluated import Evaluated
from controller.gateways.v0.translation.about import translate_about
from controller.gateways.v0.translation.builds import Place, build_script, files_of, script_of, translate_build
from controller.gateways.v0.translation.checks import translate_tests
from controller.gateways.v0.translation.losses import Loss
from controller.gateways.v0.translation.outlines import Outline, mapping, outlines
from controller.gateways.v0.translation.requirements import Pinned, sound_requirements, translate_requirements
from controller.gateways.v0.translation.sources import translate_sources

_NOTHING = {"content": [":"]}
"""Without a script the builder would take build.sh, which belongs to another output."""
_NOTHING_ON_WINDOWS = {"content": ["rem nothing"]}


@dataclass(frozen=True, slots=True)
class Translated:
    """A recipe of the new format, and what of the old one is not in it."""

    document: dict[str, Any]
    losses: tuple[Loss, ...] = ()

    @property
    def fault(self) -> Loss | None:
        """The first loss for which it cannot be built this way."""
        return next((loss for loss in self.losses if loss.blocking), None)


def translate(evaluated: Evaluated, folder: Path | None, platform: str, pinned: Pinned | None = None) -> Translated:
    """The recipe for one combination. Raises V0Error where the recipe makes no sense in its own format either."""
    return _Translation(evaluated, Place.at(folder, platform), pinned or {}, []).whole()


def skeleton(evaluated: Evaluated, folder: Path | None, platform: str, pinned: Pinned | None = None) -> dict[str, Any]:
    """The same with only what names, hashes and edges need; no construct stands in its way."""
    return _Translation(evaluated, Place.at(folder, platform), pinned or {}, []).bones()


@dataclass(frozen=True, slots=True)
class _Translation:
    evaluated: Evaluated
    place: Place
    pinned: Pinned
    losses: list[Loss]

    def whole(self) -> Translated:
        said = self.evaluated.document
        found = list(outlines(self.evaluated))
        if not said.get("outputs"):
            made = self._alone(found[0])
        else:
            made = {"recipe": {}, "outputs": self._outputs(found)}
            source = self._source()
            made |= {"source": source} if source and not self._staged() else {}
        return Translated(made, tuple(self.losses))

    def bones(self) -> dict[str, Any]:
        document = self.whole().document
        if "outputs" not in document:
            return _bones(document)
        return {"recipe": {}, "outputs": [_bones(output) for output in document["outputs"]]}

    def _alone(self, outline: Outline) -> dict[str, Any]:
        script = script_of(outline, self.place, self.losses, default=True)
        source = self._source()
        return self._package(outline, outline.said.get("test"), outline.said.get("about"), script) | (
            {"source": source} if source else {}
        )

    def _package(self, outline: Outline, test: Any, about: Any, script: Any) -> dict[str, Any]:
        where = f"{outline.place}/" if outline.place else ""
        build = translate_build(outline, self.losses) | ({"script": script} if script else {})
        made: dict[str, Any] = {
            "package": {"name": outline.name, "version": outline.version},
            "build": build,
            "requirements": translate_requirements(outline.requirements, outline.build, self.pinned),
        }
        tests = translate_tests(outline, test, self.place, self.losses)
        prose = translate_about(about, self.losses, where)
        return made | ({"tests": tests} if tests else {}) | ({"about": prose} if prose else {})

    def _outputs(self, found: list[Outline]) -> list[dict[str, Any]]:
        staged = self._staged()
        made = [self._output(outline, staged=staged) for outline in found]
        if staged and any("inherit" in output for output in made):
            return [self._staging(), *made]
        return made

    def _output(self, outline: Outline, *, staged: bool) -> dict[str, Any]:
        said, whole = outline.said, self.evaluated.document
        own = bool(said.get("script") or (outline.build.get("script") and not outline.top))
        inherits = staged and (outline.top or own or bool(files_of(said)))
        taken = outline
        if inherits and outline.top and not own:  # what makes its files is the staged build
            taken = replace(outline, build={k: v for k, v in outline.build.items() if k != "script"})
        script = script_of(taken, self.place, self.losses, default=outline.top and not inherits)
        test = said["test"] if "test" in said else whole.get("test") if outline.top else None
        about = {**mapping(whole.get("about")), **mapping(said.get("about"))}
        nothing = _NOTHING_ON_WINDOWS if self.place.windows else _NOTHING
        made = self._package(outline, test, about, script or (None if inherits else nothing))
        source = translate_sources(said.get("source"), self.losses, f"{outline.place}/")
        made |= {"source": source} if source else {}
        return made | ({"inherit": {"from": self._name(), "run_exports": False}} if inherits else {})

    def _staged(self) -> bool:
        """Whether the recipe as a whole builds something that its outputs share."""
        build = mapping(self.evaluated.document.get("build"))
        return build_script(build, self.place, default=True) is not None

    def _name(self) -> str:
        package = mapping(self.evaluated.document.get("package"))
        return f"{str(package.get('name') or 'recipe').lower()}-staging"

    def _staging(self) -> dict[str, Any]:
        whole = self.evaluated.document
        build = mapping(whole.get("build"))
        needed = translate_requirements(whole.get("requirements"), {}, self.pinned)
        source = self._source()
        made: dict[str, Any] = {
            "staging": {"name": self._name()},
            "build": {"script": build_script(build, self.place, default=True)},
            "requirements": {key: needed[key] for key in ("build", "host") if key in needed},
        }
        return made | ({"source": source} if source else {})

    def _source(self) -> list[dict[str, Any]]:
        return translate_sources(self.evaluated.document.get("source"), self.losses, "")


def _bones(output: dict[str, Any]) -> dict[str, Any]:
    build = {key: value for key, value in output["build"].items() if key in {"number", "string", "noarch", "variant"}}
    kept = {key: output[key] for key in ("package", "staging", "requirements", "inherit") if key in output}
    kept["requirements"] = sound_requirements(output.get("requirements", {}))
    return kept | {"build": build | ({"script": [":"]} if "staging" in output else {})}
