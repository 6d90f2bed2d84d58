"""What is put right in a generated recipe, and that all else is left as it is."""

from copy import deepcopy
from typing import Any

import pytest

from controller.planning.generated import repaired

PURE: dict[str, Any] = {
    "context": {"version": "1.4", "build_number": "0"},
    "package": {"name": "pale-thing", "version": "${{ version }}"},
    "source": [{"url": "https://example.org/pale-${{ version }}.tar.gz", "sha256": "0" * 64}],
    "build": {"number": "${{ build_number }}", "script": "pip install .", "noarch": "python"},
    "requirements": {"host": ["python >=3.9", "hatchling", "pip"], "run": ["python >=3.9"]},
    "tests": [{"python": {"imports": ["pale_thing"], "pip_check": True}}],
    "about": {"summary": "A thing.", "license": "MIT"},
}


def changed(**parts: Any) -> dict[str, Any]:
    return deepcopy(PURE) | parts


def run_of(*specs: str) -> list[str]:
    document = changed(requirements={"host": ["python", "hatchling", "pip"], "run": ["python", *specs]})
    return list(repaired(document, "pypi").document["requirements"]["run"][1:])


def test_a_recipe_in_order_is_left_as_it_is() -> None:
    made = repaired(PURE, "pypi")
    assert made.document == {"schema_version": 1, **PURE}
    assert made.repairs == ()


def test_what_is_given_is_never_changed() -> None:
    given = changed(build={})
    before = deepcopy(given)
    repaired(given, "pypi", "3.10")
    assert given == before


@pytest.mark.parametrize("ecosystem", ["pypi", "cran", "cpan", "luarocks"])
def test_a_missing_build_number_is_nought(ecosystem: str) -> None:
    made = repaired(changed(build={"noarch": "generic"}), ecosystem)
    assert made.document["build"]["number"] == 0
    assert any("build.number was missing" in sentence for sentence in made.repairs)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("requests>=2,<3", ["requests >=2,<3"]),
        ("requests (>=2)", ["requests >=2"]),
        ("Requests[security] >= 2", ["requests >=2"]),
        ("tomli; python_version < '3.11'", []),
        ("zope.interface ~=5.0", ["zope.interface ~=5.0"]),
        ("thing @ https://example.org/thing.zip", ["thing @ https://example.org/thing.zip"]),
        ("a", ["a"]),
    ],
)
def test_a_requirement_of_python_becomes_a_match_spec(written: str, kept: list[str]) -> None:
    assert run_of(written) == kept


@pytest.mark.parametrize(
    ("floor", "host", "run", "context"),
    [
        (">=3.9", "python ${{ python_min }}.*", "python >=${{ python_min }}", None),
        (">=3.9,<4", "python ${{ python_min }}.*", "python >=${{ python_min }},<4", None),
        (">=3.12", "python ${{ python_min }}.*", "python >=${{ python_min }}", "3.12"),
        ("!=3.9.0,>=3.8", "python !=3.9.0,>=3.8", "python !=3.9.0,>=3.8", None),
    ],
)
def test_the_oldest_python_of_the_pins_stands_unless_the_package_needs_a_newer(
    floor: str, host: str, run: str, context: str | None
) -> None:
    python = [f"python {floor}"]
    made = repaired(changed(requirements={"host": [*python, "pip"], "run": python}), "pypi", "3.10").document
    assert made["requirements"] == {"host": [host, "pip"], "run": [run]}
    assert made["context"].get("python_min") == context


def test_a_compiled_package_is_built_with_every_python() -> None:
    document = changed(build={"number": 0})
    made = repaired(document, "pypi", "3.10")
    assert made.document["requirements"] == PURE["requirements"]
    assert any("names no compiler" in remark for remark in made.remarks)


def test_a_package_that_names_no_python_runs_with_one() -> None:
    document = changed(requirements={"host": ["python", "pip"], "run": ["python-dateutil"]})
    made = repaired(document, "pypi")
    assert made.document["requirements"]["run"] == ["python", "python-dateutil"]
    assert any("no build backend" in remark for remark in made.remarks)


def test_without_tests_the_module_is_imported() -> None:
    document = {key: value for key, value in PURE.items() if key != "tests"}
    assert repaired(document, "pypi").document["tests"] == [{"python": {"imports": ["pale_thing"], "pip_check": True}}]


@pytest.mark.parametrize(
    ("description", "kept"), [("Two\nlines.", True), ("x\n" * 40, False), ("Say ${{ it }}.", False)]
)
def test_a_description_is_kept_unless_it_is_a_readme_or_an_expression(description: str, kept: bool) -> None:
    made = repaired(changed(about={"summary": "A", "description": description}), "pypi")
    assert ("description" in made.document["about"]) is kept
    assert bool(made.repairs) is not kept


def test_an_address_that_is_no_file_of_pypi_is_left_alone() -> None:
    source = [{"url": "files/pale-${{ version }}.tar.gz", "sha256": "0" * 64}]
    assert repaired(changed(source=source), "pypi").document["source"] == source
