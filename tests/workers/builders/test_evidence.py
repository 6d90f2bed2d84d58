import pytest

from workers.builders.evidence import missing_parents, parse_environments
from workers.builders.orders import Parent

RECORD = """\
recipe:
  package:
    name: x
  requirements:
    host:
      fn: not-this-1-0.conda
finalized_dependencies:
  build:
    specs:
    - source: gcc
    resolved:
    - name: gcc
      fn: gcc-12-h0_1.conda
      url: file:///x
  host:
    specs: []
    resolved:
    - depends:
      - 'fn: odd'
      fn: 'liba-1.0-h1_7.conda'
    - fn: libb-2.0-h2_0.conda
      name: libb
      fn: libb-2.0-h2_0.conda
  run:
    depends: []
finalized_sources: []
"""
HAD = {
    "one.conda": {"build": frozenset(), "host": frozenset({"liba-1.0-h1_7.conda"})},
    "two.conda": {"build": frozenset(), "host": frozenset({"liba-0.9-h1_3.conda"})},
}


def parent(file: str, *needed_by: str) -> Parent:
    return Parent("liba", file, "host", needed_by)


def test_the_files_of_each_environment_are_read_from_the_record() -> None:
    found = parse_environments(RECORD)
    assert found == {
        "build": {"gcc-12-h0_1.conda"},
        "host": {"liba-1.0-h1_7.conda", "libb-2.0-h2_0.conda"},
    }


def test_environments_that_were_not_needed_are_empty() -> None:
    assert parse_environments("finalized_dependencies:\n  build: null\n  host: null\n") == {
        "build": frozenset(), "host": frozenset()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "lacking"),
    [
        (parent("liba-1.0-h1_7.conda"), ""),
        (parent("liba-1.0-h1_7.conda", "one.conda"), ""),
        (
            parent("liba-1.0-h1_7.conda", "one.conda", "two.conda"),
            "two.conda was not built against liba-1.0-h1_7.conda",
        ),
        (parent("liba-2.0-h1_8.conda"), "one.conda was not built against liba-2.0-h1_8.conda"),
        (parent("liba-1.0-h1_7.conda", "unknown.conda"), ""),
    ],
)
def test_a_parent_must_be_where_it_is_needed_or_at_least_somewhere(wanted: Parent, lacking: str) -> None:
    told = missing_parents([wanted], HAD)
    assert told.startswith(lacking)
    assert bool(told) == bool(lacking)


def test_it_says_what_was_there_instead() -> None:
    assert "it had liba-0.9-h1_3.conda" in missing_parents([parent("liba-1.0-h1_7.conda", "two.conda")], HAD)
    other = Parent("libz", "libz-1-0.conda", "build", ())
    assert "it had no libz at all" in missing_parents([other], HAD)
