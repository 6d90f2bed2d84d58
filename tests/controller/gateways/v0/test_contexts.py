import pytest
from inline_snapshot import snapshot

from controller.gateways.v0.contexts import Names, cdt_of
from controller.gateways.v0.faults import V0Error
from controller.gateways.v0.functions import Calls
from controller.gateways.v0.platforms import platform_names, shared_library_suffix
from controller.gateways.v0.templates import render

VARIANT = {
    "python": "3.10.* *_cpython", "numpy": "2.0", "mpi": "False", "blas": "mkl", "microarch_level": "3", "perl": "5.32",
}  # fmt: skip


def told(jinja: str, platform: str = "linux-64", variant: dict[str, str] | None = None) -> str:
    names = Names(platform, VARIANT if variant is None else variant)
    asked = {"environ", "os", "python", "mpi", "py", "SHLIB_EXT", "PREFIX", "linux", "PKG_HASH", "GIT_DESCRIBE_TAG"}
    calls = Calls()
    return calls.put_back(render(jinja, names.for_jinja(asked, calls)))


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux-64", snapshot(["linux", "x86_64", "x86", "unix", "linux64"])),
        ("linux-aarch64", snapshot(["linux", "aarch64", "unix"])),
        ("osx-arm64", snapshot(["osx", "arm64", "unix"])),
        ("win-64", snapshot(["win", "x86_64", "x86", "win64"])),
        ("emscripten-wasm32", snapshot(["emscripten", "wasm32", "unix"])),
        ("noarch", snapshot([])),
    ],
)
def test_each_platform_has_its_names(platform: str, expected: list[str]) -> None:
    assert [name for name, value in platform_names(platform).items() if value is True] == expected


def test_values_of_the_variant_have_types_in_selectors() -> None:
    names = Names("linux-64", VARIANT).for_selectors(["python", "py", "np", "mpi", "blas", "microarch_level", "nobody"])
    assert names == snapshot(
        {"python": "3.10.* *_cpython", "py": 310, "np": 20, "mpi": False, "blas": "mkl", "microarch_level": 3}
    )


def test_the_same_values_are_text_in_jinja() -> None:
    found = Names("linux-64", VARIANT).for_jinja(["python", "py", "mpi", "blas", "microarch_level", "linux"], Calls())
    assert found == snapshot(
        {"python": "3.10.* *_cpython", "py": 310, "mpi": "False", "blas": "mkl", "microarch_level": "3", "linux": True}
    )


@pytest.mark.parametrize(
    ("python", "py"),
    [("3.8", 38), ("2.7", 27), ("3.10", 310), ("3.13.* *_cp313", 313), ("3", 30), ("", 312), ("3.14t", 314), ("x", 0)],
)
def test_py_is_the_digits_of_the_first_two_places(python: str, py: int) -> None:
    assert Names("linux-64", {"python": python}).for_selectors(["py"]) == {"py": py}


def test_what_no_pin_file_names_is_conda_builds_own() -> None:
    found = Names("linux-64", {}).for_jinja(["python", "numpy", "PY_VER", "CONDA_PY", "PERL_VER", "R_VER"], Calls())
    assert found == snapshot(
        {"python": "3.12", "numpy": "1.26", "PY_VER": "3.12", "CONDA_PY": "312", "PERL_VER": "5.26", "R_VER": "3.5"}
    )


@pytest.mark.parametrize(
    ("jinja", "expected"),
    [
        ("{{ environ['PREFIX'] }} {{ PREFIX }}", "$PREFIX $PREFIX"),
        ("{{ environ.get('nobody', 'x') }}", "x"),
        ("{{ environ.get('nobody') }}", "None"),
        ("{{ environ.get('PY_VER') }} {{ os.environ['python'] }}", "3.10 3.10.* *_cpython"),
        ("{{ os.getenv('nobody', 'x') }}{{ os.sep }}", "x/"),
        ("{{ 'PREFIX' in environ }} {{ 'HOSTNAME' in environ }}", "True False"),
        ("{{ environ|list }}{{ environ|length }}", "[]0"),
        ("{{ SHLIB_EXT }}", ".so"),
        ("h{{ PKG_HASH }}_0", "h${{ hash }}_0"),
    ],
)
def test_the_environment_is_that_of_the_build_never_of_the_controller(jinja: str, expected: str) -> None:
    assert told(jinja) == expected


def test_variables_of_the_build_are_written_as_its_shell_writes_them() -> None:
    assert told("{{ PREFIX }}", "win-64") == "%PREFIX%"
    assert [shared_library_suffix(each) for each in ("linux-64", "osx-64", "win-64")] == [".so", ".dylib", ".dll"]


@pytest.mark.parametrize(
    ("jinja", "sentence"),
    [
        (
            "{{ environ['nobody'] }}",
            snapshot("environ['nobody'] is not known when a recipe is read."),
        ),
        (
            "{{ GIT_DESCRIBE_TAG }}",
            snapshot("Jinja: GIT_DESCRIBE_TAG comes from the source, which is not here yet."),
        ),
        (
            "{{ environ['GIT_DESCRIBE_TAG'] }}",
            snapshot("environ['GIT_DESCRIBE_TAG'] is not known when a recipe is read."),
        ),
    ],
)
def test_what_is_known_only_at_the_build_is_said_so(jinja: str, sentence: str) -> None:
    with pytest.raises(V0Error) as raised:
        told(jinja)
    assert raised.value.what == sentence
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("platform", "variant", "expected"),
    [
        ("linux-64", {}, "mesa-cos6-x86_64 >=1"),
        ("linux-aarch64", {}, "mesa-cos7-aarch64 >=1"),
        ("linux-64", {"cdt_name": "conda"}, "mesa-conda-x86_64 >=1"),
        ("linux-64", {"cdt_name": "cos7", "cdt_arch": "i686"}, "mesa-cos7-i686 >=1"),
    ],
)
def test_cdt_is_the_package_of_the_core_dependency_tree(platform: str, variant: dict[str, str], expected: str) -> None:
    assert cdt_of(platform, variant)("mesa >=1") == expected
