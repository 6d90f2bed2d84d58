"""Rules on what one recipe renders to: its outputs, for every variant and subdir that was asked for."""

import re
from collections.abc import Iterator, Sequence

from controller.domain.recipes import Origin, Output, Section
from controller.planning.lints.findings import Finding, found
from controller.planning.lints.written import Written

_HASH = re.compile(r"(?<![0-9a-z])(?:[a-z0-9]*h)?[0-9a-f]{7}(?![0-9a-z])")
_EXACT = re.compile(r"^\S+\s*(?:==\s*|\s)(?P<version>[0-9A-Za-z][\w.+!-]*)(?:\s+\S+)?$")
_GLOBAL = frozenset(
    {"zip_keys", "pin_run_as_build", "extend_keys", "ignore_version", "channel_sources", "channel_targets",
     "target_platform", "docker_image", "cdt_name", "migrator_ts", "github_actions_labels"}
)  # fmt: skip
"""Keys that steer the builder or its surroundings; no recipe uses them by name."""
_NO_COMPILERS = ("cross-", "sysroot_", "macosx_deployment_target_", "vs_win")
_TOOLS = re.compile(
    r"(?i)^(?:.*_(?:compiler|stdlib|compiler_version|stdlib_version)|macosx_.*|sysroot_.*|.*_sdk_.*|cdt_.*)$"
)


def render_findings(written: Written, outputs: Sequence[Output], skipped: Sequence[str]) -> Iterator[Finding]:
    """What the outputs of one recipe give away. ``skipped`` are the subdirs for which it skips itself."""
    if not outputs:
        if skipped:
            cause = f"it skips itself on {', '.join(skipped)}, which is all that was asked for"
            line = written.line_with("", "build", "skip")
            yield found("never-built", written.recipe, written.file, line, cause)
        return
    for name in dict.fromkeys(output.name for output in outputs):
        yield from _of_name(written, [output for output in outputs if output.name == name])
    yield from _unused_pins(written, outputs)


def _of_name(written: Written, outputs: Sequence[Output]) -> Iterator[Finding]:
    first = outputs[0]
    line = written.line_of(first)
    unbuildable = next((output.unbuildable for output in outputs if output.unbuildable), "")
    if unbuildable:  # of such a recipe only names and edges are known, and no tests
        yield found("unbuildable", written.recipe, written.file, line, unbuildable)
    elif not any(output.tests for output in outputs):
        yield found("no-tests", written.recipe, written.file, line, f"{first.name} has no tests")
    yield from _strings(written, outputs)
    yield from _compiled(written, outputs)
    yield from _exact_pins(written, outputs)


def _strings(written: Written, outputs: Sequence[Output]) -> Iterator[Finding]:
    """Rebuild semantics, 2.4.8."""
    for output in outputs:
        if output.hash and output.hash not in output.build and not _HASH.search(output.build):
            line = written.line_with("", "build", "string", part=written.part_of(output))
            cause = f"{output.name} is always {output.build!r}, whatever its variant"
            yield found("build-string-without-hash", written.recipe, written.file, line, cause)
            return


def _compiled(written: Written, outputs: Sequence[Output]) -> Iterator[Finding]:
    line = written.line_with("compiler(", "requirements", "build", part=written.part_of(outputs[0]))
    for output in outputs:
        tools = _compilers(output)
        if line and output.noarch == "python" and tools:
            cause = f"{output.name} says noarch: python and has {tools[0]} in build"
            yield found("noarch-compiled", written.recipe, written.file, line, cause)
            return


def _compilers(output: Output) -> list[str]:
    """What ``compiler(...)`` became: names that end in the platform they compile for."""
    ending = f"_{output.target_platform}"
    named = [r.name for r in output.in_section(Section.BUILD) if r.name.endswith(ending)]
    return [name for name in named if not name.startswith(_NO_COMPILERS)]


def _exact_pins(written: Written, outputs: Sequence[Output]) -> Iterator[Finding]:
    part = written.part_of(outputs[0])
    for spec in dict.fromkeys(
        r.spec for o in outputs for r in o.in_section(Section.RUN) if r.origin is Origin.TEXT and _EXACT.match(r.spec)
    ):
        line = written.line_with(spec.split()[0], "requirements", "run", part=part)
        cause = f"{outputs[0].name} runs with '{spec}' and nothing else"
        yield found("exact-pin-by-text", written.recipe, written.file, line, cause)


def _unused_pins(written: Written, outputs: Sequence[Output]) -> Iterator[Finding]:
    used = {_normal(key) for output in outputs for key in output.variant}
    for pins in written.pin_files:
        for key, line in pins.keys:
            idle = not any(_normal(other) in used for other in pins.with_key(key))
            if idle and key not in _GLOBAL and not _TOOLS.match(key):
                yield found("unused-pin", written.recipe, pins.file, line, f"{key} is set here, and nothing uses it")


def _normal(key: str) -> str:
    return re.sub("[-.]", "_", key).lower()
