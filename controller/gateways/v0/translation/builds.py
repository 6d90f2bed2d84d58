"""``build`` of a ``meta.yaml`` in the new format: how the files come about, and what is done with them."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from controller.gateways.v0.matrix import truth
from controller.gateways.v0.translation.losses import Loss
from controller.gateways.v0.translation.outlines import Outline, build_bones, mapping, noarch_of

_LISTS = {
    "missing_dso_whitelist": ("dynamic_linking", "missing_dso_allowlist"),
    "runpath_whitelist": ("dynamic_linking", "rpath_allowlist"),
    "rpaths": ("dynamic_linking", "rpaths"),
    "entry_points": ("python", "entry_points"),
    "skip_compile_pyc": ("python", "skip_pyc_compilation"),
}
_FILES = {"always_include_files": "always_include_files", "no_link": "always_copy_files"}
_HARMLESS = {
    "preserve_egg_dir": "egg folders are always kept",
    "msvc_compiler": "the compiler comes from the requirements alone",
}
_BLOCKING = {
    "features": "features were given up by conda",
    "pre-link": "the new format has no pre-link scripts",
    "noarch_recipe": "it is of no format that is known",
}
_INTERPRETERS = {".py": "python", ".pl": "perl", ".r": "Rscript", ".R": "Rscript", ".rb": "ruby", ".lua": "lua"}
_LINK_SCRIPTS = ("pre-link", "post-link", "pre-unlink")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a recipe lies and for which platform it is translated."""

    folder: Path | None
    platform: str
    names: frozenset[str] = frozenset()
    """What lies in the folder itself."""

    @classmethod
    def at(cls, folder: Path | None, platform: str) -> "Place":
        """The place of a recipe's folder, looked at once."""
        return cls(
            folder, platform, frozenset(path.name for path in folder.iterdir()) if folder is not None else frozenset()
        )

    @property
    def windows(self) -> bool:
        """Whether scripts are for cmd."""
        return self.platform.startswith("win-")

    def has(self, name: str) -> bool:
        """Whether the recipe's folder has such a file."""
        if "/" not in name:
            return name in self.names
        return self.folder is not None and (self.folder / name).is_file()


def translate_build(outline: Outline, losses: list[Loss]) -> dict[str, Any]:
    """The whole build section of one package."""
    build = outline.build
    made = build_bones(outline)
    for old, (section, new) in _LISTS.items():
        if build.get(old) not in (None, "", [], False):
            made.setdefault(section, {})[new] = _listed(build[old])
    made |= _sections(made, _linking(build), _prefixes(build), _python(build))
    for old, new in _FILES.items():
        if build.get(old):
            made[new] = _listed(build[old])
    if truth(build.get("merge_build_host")):
        made["merge_build_and_host_envs"] = True
    files = files_of(outline.said)
    if files and outline.place:
        made["files"] = files
    losses += _missing(outline)
    return made


def _sections(made: dict[str, Any], *more: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in more:
        for section, values in part.items():
            if values:
                found[section] = {**made.get(section, {}), **found.get(section, {}), **values}
    return found


def _linking(build: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    made: dict[str, Any] = {}
    if build.get("binary_relocation") is not None:
        said = build["binary_relocation"]
        made["binary_relocation"] = said if isinstance(said, bool) else _flag_or_list(said)
    for old, new in (("error_overlinking", "overlinking_behavior"), ("error_overdepending", "overdepending_behavior")):
        if build.get(old) is not None:
            made[new] = "error" if truth(build[old]) else "ignore"
    return {"dynamic_linking": made}


def _flag_or_list(said: Any) -> Any:
    return _listed(said) if isinstance(said, list) else truth(said)


def _prefixes(build: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    made: dict[str, Any] = {}
    ignored = build.get("ignore_prefix_files")
    if ignored:
        made["ignore"] = _listed(ignored) if isinstance(ignored, list) else truth(ignored)
    if build.get("detect_binary_files_with_prefix") is not None:
        made["ignore_binary_files"] = not truth(build["detect_binary_files_with_prefix"])
    kinds = {"text": build.get("has_prefix_files"), "binary": build.get("binary_has_prefix_files")}
    forced = {kind: _listed(said) for kind, said in kinds.items() if said}
    return {"prefix_detection": made | ({"force_file_type": forced} if forced else {})}


def _python(build: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    made: dict[str, Any] = {}
    if truth(build.get("osx_is_app")):
        made["use_python_app_entrypoint"] = True
    if truth(build.get("python_version_independent")) and not noarch_of(build):
        made["version_independent"] = True
    return {"python": made}


def files_of(said: Mapping[str, Any]) -> Any:
    """``files`` of an output; a name without a pattern is a file or a folder with all that is in it."""
    files = said.get("files")
    if isinstance(files, Mapping):
        return {key: _globs(files[key]) for key in ("include", "exclude") if files.get(key)}
    return _globs(files) if files else []


def _globs(said: Any) -> list[str]:
    found = []
    for name in _listed(said):
        found.append(name.rstrip("/"))
        if not any(sign in name for sign in "*?["):
            found.append(f"{name.rstrip('/')}/**")
    return found


def _listed(said: Any) -> list[str]:
    return [str(entry) for entry in (said if isinstance(said, list) else [said]) if entry is not None]


def _missing(outline: Outline) -> Iterator[Loss]:
    where = f"{outline.place}/" if outline.place else ""
    for key, why in _BLOCKING.items():
        if outline.build.get(key):
            yield Loss(f"{where}build/{key}", why)
    for key, why in _HARMLESS.items():
        if outline.build.get(key):
            yield Loss(f"{where}build/{key}", why, "Take it out.", blocking=False)
    if str(outline.said.get("type") or "conda").lower() not in {"conda", "conda_v2"}:
        yield Loss(f"{where}type", f"it makes a {outline.said['type']}, which is no conda package", "Take it out.")
    if outline.said.get("target"):
        yield Loss(f"{where}target", "one recipe makes packages for several platforms")


def script_of(outline: Outline, place: Place, losses: list[Loss], *, default: bool) -> Any:
    """What makes the package's files, as ``build: script``; None where nothing does.

    ``default`` says whether a file of the usual name is taken where the recipe names none.
    """
    said, where = outline.said, f"{outline.place}/" if outline.place else ""
    own = said.get("script") if outline.place else None
    if own:
        made = _named_script(own, said.get("script_interpreter"), place, losses, where)
    else:
        made = build_script(outline.build, place, default=default)
    return _with_environment(_with_links(made, outline, place), mapping(outline.build))


def build_script(build: Mapping[str, Any], place: Place, *, default: bool) -> Any:
    """``build/script``, else the file that conda-build takes by its name."""
    lines = _listed(build.get("script")) if build.get("script") else []
    if lines:
        return {"content": lines}
    name = "bld.bat" if place.windows else "build.sh"
    return {"file": name} if default and place.has(name) else None


def _named_script(own: Any, interpreter: Any, place: Place, losses: list[Loss], where: str) -> Any:
    """An output's script is a file of the recipe's folder; commands are taken as such."""
    lines = _listed(own)
    words = _words(lines[0]) if len(lines) == 1 else []
    if not words or not place.has(words[0]):
        if len(lines) == 1 and len(words) == 1 and PurePosixPath(words[0]).suffix in {".sh", ".bat", *_INTERPRETERS}:
            losses.append(Loss(f"{where}script", f"there is no file {words[0]}", "Add the file."))
        return {"content": lines}
    suffix = PurePosixPath(words[0]).suffix
    runs = str(interpreter) if interpreter else _INTERPRETERS.get(suffix, "")
    if not runs and len(words) == 1:
        return {"file": words[0]}
    path = f"%RECIPE_DIR%\\{words[0]}" if place.windows else f"$RECIPE_DIR/{words[0]}"
    runs = runs or ("call" if place.windows else "bash -e")
    return {"content": [" ".join([runs, f'"{path}"', *words[1:]])]}


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _with_links(made: Any, outline: Outline, place: Place) -> Any:
    """conda-build packs ``post-link.sh`` and its like by their names; here the script copies them."""
    suffix = "bat" if place.windows else "sh"
    copies = []
    for kind in _LINK_SCRIPTS:
        file = str(mapping(outline.build).get(kind) or f"{kind}.{suffix}")
        named = [f"{outline.name}-{kind}.{suffix}", *([file] if outline.top else [])]
        found = next((name for name in named if place.has(name)), None)
        if found:
            copies.append(_copy(found, f".{outline.name}-{kind}.{suffix}", windows=place.windows))
    if not copies:
        return made
    before = list((made or {}).get("content") or ())
    if made and "file" in made:
        script = made["file"]
        before = [f'call "%RECIPE_DIR%\\{script}"' if place.windows else f'bash -e "$RECIPE_DIR/{script}"']
    return {"content": [*before, *copies]}


def _copy(source: str, target: str, *, windows: bool) -> str:
    if windows:
        folder = "%PREFIX%\\Scripts"
        return f'if not exist "{folder}" mkdir "{folder}" & copy "%RECIPE_DIR%\\{source}" "{folder}\\{target}"'
    return f'mkdir -p "$PREFIX/bin" && cp "$RECIPE_DIR/{source}" "$PREFIX/bin/{target}"'


def _with_environment(made: Any, build: Mapping[str, Any]) -> Any:
    entries = _listed(build.get("script_env")) if build.get("script_env") else []
    if made is None or not entries:
        return made
    pairs = [entry.partition("=") for entry in entries]
    environment = {name.strip(): value for name, sign, value in pairs if sign}
    secrets = [name.strip() for name, sign, _ in pairs if not sign]
    return made | ({"env": environment} if environment else {}) | ({"secrets": secrets} if secrets else {})
