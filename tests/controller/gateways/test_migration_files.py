"""Migration files as conda-forge writes them, and the errors of those who slip."""

import pytest

from controller.gateways.migration_files import names_of, read_migration
from controller.gateways.variant_files import PinFile
from controller.planning.migrations import Description, MigrationError, Operation

PYTHON = """\
migrator_ts: 1724712607
__migrator:
    commit_message: |
        Rebuild for python 3.14
        - arm-variant  # [linux and cuda_compiler_version != "None"]
    operation: key_add
    primary_key: python
    ordering:
        python:
            - 3.13.* *_cp313
            - 3.14.* *_cp314  # new entry
    paused: false
    longterm: true
    colour: green
    exclude:
        - cross-python
    platform_allowlist:
        - linux_64
python:
- 3.14.* *_cp314  # [linux]
is_python_min:
- false
"""


def read(text: str, subdir: str = "linux-64") -> Description:
    return read_migration(PinFile("migrations/m.yaml", text.encode()), subdir)


def refused(text: str) -> MigrationError:
    with pytest.raises(MigrationError) as caught:
        read(text)
    assert caught.value.file == "migrations/m.yaml"
    assert caught.value.remedy
    return caught.value


def test_a_migration_is_read_as_it_is() -> None:
    found = read(PYTHON)
    assert found.migration.values == (("python", ("3.14.* *_cp314",)), ("is_python_min", ("false",)))
    assert found.migration.operation is Operation.ADD
    assert found.migration.primary_keys == ("python",)
    assert found.migration.ordering == (("python", ("3.13.* *_cp313", "3.14.* *_cp314")),)
    assert found.migration.timestamp == 1724712607
    assert (found.official, found.scope.paused) == (True, False)
    assert found.spared == {"cross_python", "python", "is_python_min"}


def test_keys_that_mean_nothing_are_kept_and_told() -> None:
    found = read(PYTHON)
    assert (found.unknown, found.ignored) == (("colour",), ("longterm",))


def test_selectors_choose_by_platform() -> None:
    assert read(PYTHON, "osx-64").migration.keys == ("is_python_min",)


def test_an_ordering_of_which_selectors_leave_nothing_is_none() -> None:
    text = "__migrator:\n  ordering:\n    image:\n      - a  # [win]\n    cc:\n      - 9\n      - 8\n"
    assert read(text).migration.ordering == (("cc", ("9", "8")),)


def test_only_the_allowed_platforms_are_concerned() -> None:
    scope = read(PYTHON).scope
    assert scope.runs_in("linux-64")
    assert not scope.runs_in("win-64")


def test_a_key_of_compilers_is_found_in_the_recipes_that_use_the_compiler() -> None:
    scope = read("__migrator:\n  override_cbc_keys: [cuda_compiler_stub]\nx: ['1']\n").scope
    assert scope.is_used_in("- ${{ compiler('cuda') }}")
    assert not scope.is_used_in("- ${{ compiler('c') }}  # cuda_compiler")


def test_an_operation_that_nobody_knows_is_told_with_its_line() -> None:
    error = refused("a:\n- 1\n__migrator:\n  operation: key_ad\n")
    assert (error.line, "key_add" in error.remedy) == (4, True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("__migrator:\n  paused: maybe\n", 2),
        ("__migrator:\n  migration_number: 1+\n", 2),
        ("a: [1]\nmigrator_ts: 17N\n", 2),
        ("__migrator:\n  ordering:\n    a: 1\n", 3),
        ("a:\n- 1  # [linx]\n", 2),
        ("a: [1\n", 2),
    ],
)
def test_a_slip_is_told_with_file_line_and_remedy(text: str, line: int) -> None:
    assert refused(text).line == line


def test_recipes_go_by_the_name_of_their_folder() -> None:
    assert names_of("recipes/zlib") == {"zlib"}
    assert names_of("recipes/samtools/0.1.19") == {"samtools"}
    assert names_of("numpy-feedstock/recipe") == {"numpy"}
    assert names_of("recipe") == names_of(".") == frozenset()
