"""``source`` of a ``meta.yaml`` in the new format."""

from collections.abc import Iterator, Mapping
from typing import Any

from controller.gateways.v0.translation.losses import Loss

_SAME = ("url", "md5", "sha256", "path", "patches")
_RENAMED = {"fn": "file_name", "folder": "target_directory"}
_GIT = {"git_url": "git", "git_rev": "rev", "git_tag": "rev", "git_branch": "rev", "git_depth": "depth"}
_ELSEWHERE = {"svn_url": "Subversion", "hg_url": "Mercurial", "cvs_url": "CVS"}
_FOLDER = ("$RECIPE_DIR/", "%RECIPE_DIR%\\", "%RECIPE_DIR%/", "${RECIPE_DIR}/")


def translate_sources(said: Any, losses: list[Loss], place: str) -> list[dict[str, Any]]:
    """Every source in order; what cannot be carried over goes to ``losses``."""
    entries = said if isinstance(said, list) else [said]
    found = []
    for number, entry in enumerate(entries):
        if isinstance(entry, Mapping) and any(value is not None for value in entry.values()):
            where = f"{place}source" if len(entries) == 1 else f"{place}source[{number}]"
            found.append(_source(entry, losses, where))
    return [source for source in found if source]


def _source(said: Mapping[str, Any], losses: list[Loss], where: str) -> dict[str, Any]:
    losses += _missing(said, where)
    made: dict[str, Any] = {key: said[key] for key in _SAME if said.get(key) not in (None, "", [])}
    made |= {new: said[old] for old, new in _RENAMED.items() if said.get(old)}
    if "patches" in made:
        patches = made["patches"] if isinstance(made["patches"], list) else [made["patches"]]
        made["patches"] = [within_folder(str(patch)) for patch in patches if patch]
    if said.get("git_url"):
        made |= {new: said[old] for old, new in _GIT.items() if said.get(old)}
        made = {key: value for key, value in made.items() if key not in {"url", "md5", "sha256", "path", "file_name"}}
        return _whole_history(made)
    if "path" in made:
        made["path"] = within_folder(str(made["path"]))
        made = {key: value for key, value in made.items() if key not in {"url", "md5"}}
    if "url" in made:
        made["url"] = _urls(made["url"])
    return made if "url" in made or "path" in made else {}


def _whole_history(made: dict[str, Any]) -> dict[str, Any]:
    depth = str(made.pop("depth", ""))
    return made | ({"depth": int(depth)} if depth.isdigit() else {})


def _urls(said: Any) -> Any:
    urls = [str(url).strip() for url in said if url] if isinstance(said, list) else str(said).strip()
    return urls[0] if isinstance(urls, list) and len(urls) == 1 else urls


def _missing(said: Mapping[str, Any], where: str) -> Iterator[Loss]:
    for key, system in _ELSEWHERE.items():
        if said.get(key):
            yield Loss(f"{where}/{key}", f"its source is kept in {system}", "Fetch a release archive by url instead.")
    if said.get("sha1") and not (said.get("sha256") or said.get("md5")):
        yield Loss(f"{where}/sha1", "sha1 is not checked by the builder", "Give sha256.", blocking=False)


def within_folder(path: str) -> str:
    """A path of the recipe's folder, without the variable that the old format needs to name it."""
    for prefix in _FOLDER:
        path = path.removeprefix(prefix)
    return path
