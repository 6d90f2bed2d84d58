"""Rules on the text of one recipe; what it renders to says nothing about them."""

from collections.abc import Iterator

from controller.planning.lints.findings import Finding, found
from controller.planning.lints.written import Node, Written

_CHECKSUMS = frozenset({"sha256", "md5", "sha1"})
_FIXED = frozenset({"rev", "tag", "git_rev", "git_tag"})


def text_findings(written: Written) -> Iterator[Finding]:
    """What the text alone gives away."""
    yield from _sources(written)
    yield from _host_sections(written)
    yield from _licenses(written)


def _sources(written: Written) -> Iterator[Finding]:
    for part in written.parts:
        for source in part.all("source"):
            loose = _loose(source)
            if loose:
                yield found("source-without-checksum", written.recipe, written.file, loose[0], loose[1])


def _loose(source: Node) -> tuple[int, str] | None:
    """The line and the reason of a source that can change without a trace."""
    keys = {key for key, _ in source.keyed}
    if any(key.startswith("<") for key in keys):  # a key that Jinja makes
        return None
    for node in source.all("url"):
        if not keys.intersection(_CHECKSUMS):
            return node.line, f"{_short(node.text)} has no sha256"
    for node in (*source.all("git"), *source.all("git_url")):
        if not keys.intersection(_FIXED):
            return node.line, f"{_short(node.text)} is taken at no fixed commit or tag"
    return None


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _host_sections(written: Written) -> Iterator[Finding]:
    if not written.old:
        return
    for part in written.parts:
        for requirements in part.all("requirements"):
            compilers = [node for node in requirements.all("build") if "compiler(" in node.text]
            if compilers and not requirements.has("host"):
                cause = "requirements.build has a compiler, and there is no requirements.host"
                yield found("no-host-section", written.recipe, written.file, compilers[0].line, cause)


def _licenses(written: Written) -> Iterator[Finding]:
    """Only of what comes from elsewhere: a tree's own files have the licence of the tree."""
    parts = written.parts
    foreign = any(part.has("source", key) for part in parts for key in ("url", "git", "git_url"))
    if not foreign or any(part.has("about", "license_file") for part in parts):
        return
    licenses = [node for part in parts for node in part.all("about", "license")]
    if licenses:
        cause = f"license is {licenses[0].text}, and there is no license_file"
        yield found("no-license-file", written.recipe, written.file, licenses[0].line, cause)
