"""How the files come about: scripts and their environment, and what is done with the files."""

from pathlib import Path
from typing import Any

import pytest

from controller.gateways.v0.translation.builds import Place, script_of, translate_build
from controller.gateways.v0.translation.losses import Loss
from controller.gateways.v0.translation.outlines import outlines
from tests.kit.old_recipes import evaluate, old_recipe, outline_of

HEAD = "package: {name: a, version: 1}\nbuild:\n"
PART = "package: {name: a, version: 1}\noutputs:\n  - name: b\n"


def build_of(text: str) -> dict[str, Any]:
    losses: list[Loss] = []
    found = translate_build(outline_of(HEAD + text), losses)
    assert not losses
    return {key: value for key, value in found.items() if key != "number"}


def script(text: str, folder: Path, platform: str = "linux-64", **files: str) -> tuple[Any, list[Loss]]:
    place = Place.at(old_recipe(folder, text, **files), platform)
    (outline,) = outlines(evaluate(text, platform=platform))
    losses: list[Loss] = []
    return script_of(outline, place, losses, default=outline.top), losses


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("  missing_dso_whitelist: '*/libcuda.so'\n  rpaths: lib/", {"dynamic_linking": {
            "missing_dso_allowlist": ["*/libcuda.so"], "rpaths": ["lib/"]}}),
        ("  runpath_whitelist:\n    - /opt", {"dynamic_linking": {"rpath_allowlist": ["/opt"]}}),
        ("  binary_relocation: false", {"dynamic_linking": {"binary_relocation": False}}),
        ("  error_overlinking: true\n  error_overdepending: no", {"dynamic_linking": {
            "overlinking_behavior": "error", "overdepending_behavior": "ignore"}}),
        ("  detect_binary_files_with_prefix: false", {"prefix_detection": {"ignore_binary_files": True}}),
        ("  ignore_prefix_files: true", {"prefix_detection": {"ignore": True}}),
        ("  has_prefix_files:\n    - bin/a", {"prefix_detection": {"force_file_type": {"text": ["bin/a"]}}}),
        ("  entry_points:\n    - a = b:c\n  osx_is_app: true", {"python": {
            "entry_points": ["a = b:c"], "use_python_app_entrypoint": True}}),
        ("  skip_compile_pyc:\n    - '*/tests/*.py'", {"python": {"skip_pyc_compilation": ["*/tests/*.py"]}}),
        ("  always_include_files:\n    - lib/a", {"always_include_files": ["lib/a"]}),
        ("  no_link:\n    - bin/a", {"always_copy_files": ["bin/a"]}),
        ("  merge_build_host: true", {"merge_build_and_host_envs": True}),
    ],
)  # fmt: skip
def test_what_is_done_with_the_files(said: str, meant: dict[str, Any]) -> None:
    assert build_of(said) == meant


@pytest.mark.parametrize(
    ("text", "construct"),
    [
        (HEAD + "  features: mkl", "build/features"),
        (HEAD + "  pre-link: a.sh", "build/pre-link"),
        (PART + "    type: wheel", "outputs[0]/type"),
        (PART + "    target: osx-64", "outputs[0]/target"),
    ],
)
def test_what_has_no_twin_blocks_and_is_named(text: str, construct: str) -> None:
    losses: list[Loss] = []
    translate_build(outline_of(text), losses)
    assert [(loss.construct, loss.blocking) for loss in losses] == [(construct, True)]
    assert all(loss.why and loss.remedy for loss in losses)


def test_commands_are_the_script(tmp_path: Path) -> None:
    assert script(HEAD + "  script: '{{ PYTHON }} -m pip install .'", tmp_path) == (
        {"content": ["$PYTHON -m pip install ."]}, [],
    )  # fmt: skip
    assert script(HEAD + "  script:\n    - a\n    - b\n", tmp_path)[0] == {"content": ["a", "b"]}


def test_a_variable_of_windows_may_start_a_value(tmp_path: Path) -> None:
    text = HEAD + "  script: {{ PYTHON }} -m pip install .\n  script_env:\n    - A={{ environ['PREFIX'] }}\n"
    assert script(text, tmp_path, "win-64")[0] == {
        "content": ["%PYTHON% -m pip install ."], "env": {"A": "%PREFIX%"},
    }  # fmt: skip


def test_a_file_of_the_usual_name_is_the_script(tmp_path: Path) -> None:
    assert script(HEAD + "  number: 0", tmp_path / "none") == (None, [])
    assert script(HEAD + "  number: 0", tmp_path / "unix", build__sh="make")[0] == {"file": "build.sh"}
    files = {"build__sh": "make", "bld__bat": "nmake"}
    assert script(HEAD + "  number: 0", tmp_path / "win", "win-64", **files)[0] == {"file": "bld.bat"}


def test_environment_and_secrets_go_with_the_script(tmp_path: Path) -> None:
    text = HEAD + "  script: make\n  script_env:\n    - MODE=fast=yes\n    - TOKEN\n"
    assert script(text, tmp_path)[0] == {"content": ["make"], "env": {"MODE": "fast=yes"}, "secrets": ["TOKEN"]}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("install.sh", {"file": "install.sh"}),
        ("install.sh quick", {"content": ['bash -e "$RECIPE_DIR/install.sh" quick']}),
        ("install.py", {"content": ['python "$RECIPE_DIR/install.py"']}),
        ("make install", {"content": ["make install"]}),
    ],
)
def test_the_script_of_an_output_is_a_file_or_a_command(said: str, meant: Any, tmp_path: Path) -> None:
    files = {"install__sh": "true", "install__py": "pass"}
    assert script(PART + f"    script: {said}", tmp_path, **files) == (meant, [])


def test_a_script_file_that_is_not_there_blocks(tmp_path: Path) -> None:
    _, losses = script(PART + "    script: absent.sh", tmp_path)
    assert [(loss.construct, loss.why, loss.blocking) for loss in losses] == [
        ("outputs[0]/script", "there is no file absent.sh", True)
    ]


def test_link_scripts_are_copied_by_the_script(tmp_path: Path) -> None:
    files = {"build__sh": "make", "post-link__sh": "true", "pre-unlink__sh": "true"}
    found, _ = script(HEAD + "  number: 0", tmp_path, **files)
    assert found == {
        "content": [
            'bash -e "$RECIPE_DIR/build.sh"',
            'mkdir -p "$PREFIX/bin" && cp "$RECIPE_DIR/post-link.sh" "$PREFIX/bin/.a-post-link.sh"',
            'mkdir -p "$PREFIX/bin" && cp "$RECIPE_DIR/pre-unlink.sh" "$PREFIX/bin/.a-pre-unlink.sh"',
        ]
    }


def test_an_output_has_link_scripts_of_its_own_name_only(tmp_path: Path) -> None:
    assert script(PART, tmp_path / "other", **{"post-link__sh": "true"})[0] is None
    found, _ = script(PART, tmp_path / "own", **{"b-post-link__sh": "true"})
    assert found["content"][0].endswith('"$PREFIX/bin/.b-post-link.sh"')


def test_the_output_of_the_recipes_own_name_keeps_its_files() -> None:
    losses: list[Loss] = []
    text = "package: {name: a, version: 1}\noutputs:\n  - name: a\n    files:\n      - bin/x\n"
    assert translate_build(outline_of(text), losses)["files"] == ["bin/x", "bin/x/**"]


@pytest.mark.parametrize("key", ["preserve_egg_dir", "msvc_compiler"])
def test_what_changes_nothing_is_told_and_blocks_nobody(key: str) -> None:
    losses: list[Loss] = []
    translate_build(outline_of(HEAD + f"  {key}: true"), losses)
    assert [(loss.construct, loss.blocking) for loss in losses] == [(f"build/{key}", False)]
