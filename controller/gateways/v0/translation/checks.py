"""``test`` of a ``meta.yaml`` in the new format."""

from collections.abc import Iterator, Mapping
from typing import Any

from controller.gateways.v0.translation.builds import Place
from controller.gateways.v0.translation.losses import Loss
from controller.gateways.v0.translation.outlines import Outline, mapping
from controller.gateways.v0.translation.specs import match_spec

_RUNNERS = {
    "py": "python {}", "pl": "perl {}", "r": "Rscript {}", "R": "Rscript {}", "lua": "lua {}", "sh": "bash -e {}",
    "bat": "call {}",
}  # fmt: skip
_IMPORT = {"python": 'python -c "import {}"', "lua": "lua -e \"require '{}'\""}


def translate_tests(outline: Outline, said: Any, place: Place, losses: list[Loss]) -> list[dict[str, Any]]:
    """Every test of one package: its imports, its commands and the files that conda-build runs by their names."""
    test = mapping(said)
    requires = [match_spec(str(spec)) for spec in _listed(test.get("requires"))]
    found: list[dict[str, Any]] = []
    commands = []
    for language, names in _imports(outline, test):
        alone = _alone(language, names)
        if requires or alone is None:
            commands += [_IMPORT.get(language, _IMPORT["python"]).format(name) for name in names]
        else:
            found.append(alone)
    ran, files = _files(outline, test, place, losses)
    commands += [str(command) for command in _listed(test.get("commands")) if command]
    if commands or ran:
        found.append(_script([*ran, *commands], requires, files, _listed(test.get("source_files"))))
    found += [{"downstream": match_spec(str(name))} for name in _listed(test.get("downstreams"))]
    return found


def _script(commands: list[str], requires: list[str], files: list[str], source: list[Any]) -> dict[str, Any]:
    taken = {"recipe": files, "source": [str(name) for name in source if name]}
    made: dict[str, Any] = {"script": commands}
    if requires:
        made["requirements"] = {"run": requires}
    kept = {kind: names for kind, names in taken.items() if names}
    return made | ({"files": kept} if kept else {})


def _imports(outline: Outline, test: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """conda-build takes the language from the package's name, or from the entry itself."""
    prefix = outline.name.partition("-")[0]
    default = {"perl": "perl", "r": "r", "lua": "lua"}.get(prefix, "python") if "-" in outline.name else "python"
    plain = []
    for entry in _listed(test.get("imports")):
        if isinstance(entry, Mapping):
            yield str(entry.get("lang") or default), [str(name) for name in _listed(entry.get("imports"))]
        elif entry:
            plain.append(str(entry))
    if plain:
        yield default, plain


def _alone(language: str, names: list[str]) -> dict[str, Any] | None:
    """A test of its own kind; conda-build does not run ``pip check`` by itself."""
    if language == "python":
        return {"python": {"imports": names, "pip_check": False}}
    if language == "perl":
        return {"perl": {"uses": names}}
    return {"r": {"libraries": names}} if language.lower() == "r" else None


def _files(outline: Outline, test: Mapping[str, Any], place: Place, losses: list[Loss]) -> tuple[list[str], list[str]]:
    """Commands for the test files that are there, and the files that the tests need."""
    names = [str(name) for name in _listed(test.get("files")) if name]
    scripts = [str(test["script"])] if outline.place and test.get("script") else []
    if outline.top and not scripts:
        kinds = [kind for kind in _RUNNERS if kind != ("sh" if place.windows else "bat")]
        scripts = [f"run_test.{kind}" for kind in kinds if place.has(f"run_test.{kind}")]
    where, why = f"{outline.place}/test/script", "there is no file {}"
    losses += [
        Loss(where, why.format(name), "Add the file.", blocking=False) for name in scripts if not place.has(name)
    ]
    scripts = [name for name in scripts if place.has(name)]
    runs = [_RUNNERS.get(name.rsplit(".", 1)[-1], "bash -e {}").format(name) for name in scripts]
    return runs, list(dict.fromkeys([*scripts, *names]))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
