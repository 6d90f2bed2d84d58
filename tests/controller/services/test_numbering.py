"""No file name is ever planned twice: by batch after batch, by two at once, and whatever a recipe does to its names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.domain.artifacts import Artifact
from controller.domain.errors import NameTakenError
from controller.domain.plans import Membership, Rule
from controller.domain.recipes import Output, Reading
from controller.planning.impact import decide
from controller.planning.indexing import index_of
from controller.planning.numbers import Name
from controller.planning.plan import Arrangement, arrange
from controller.services.farm import Farm
from controller.services.numbering import Numbered, Numbering, file_of
from controller.storage import artifacts
from controller.storage.batches import BatchRow, ChangeRow
from tests.kit.drawing import build_drawn, make_output, make_reading, name_drawn
from tests.kit.farms import make_farm

_EXAMPLES = count()


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def number(
    farm: Farm, outputs: Sequence[Output], base: Sequence[Artifact] = (), *, reserve: bool = True,
    named: Mapping[str, str] | None = None, known: Mapping[Name, int] | None = None,
) -> Numbered:  # fmt: skip
    """The numbers of these outputs. ``named`` gives build strings of their own to packages, whatever their number."""

    def name(numbers: Mapping[Name, int]) -> tuple[Output, ...]:
        drawn = name_drawn(outputs, numbers)
        return tuple(replace(output, build=(named or {}).get(output.name, output.build)) for output in drawn)

    def arranged(reading: Reading) -> Arrangement:
        return arrange(decide(reading, base), index_of(reading.outputs, base))

    numbering = Numbering(farm, arranged, name, base, known or {}, reserve)
    return numbering.number(make_reading(*outputs))


def keep(farm: Farm, numbered: Numbered) -> list[str]:
    """Keep the names, as the opening of a batch does."""
    files = [file_of(output) for output in numbered.outputs]
    with farm.transaction() as session:
        change = ChangeRow(key=f"push:{next(_EXAMPLES)}", kind="push", tree="t", commit="c", at=farm.now())
        session.add(change)
        session.flush()
        batch = BatchRow(change_id=change.id or 0, state="running", title="drawn", created_at=farm.now())
        session.add(batch)
        session.flush()
        artifacts.plan_names(session, files, batch.id or 0)
    return files


def test_a_recipe_that_is_built_again_has_a_number_above_the_one_before(farm: Farm) -> None:
    one = keep(farm, number(farm, [make_output("lib")]))
    two = keep(farm, number(farm, [make_output("lib", content="new")]))
    assert [file.rpartition("_")[2] for file in (*one, *two)] == ["0.conda", "1.conda"]


def test_a_draft_that_was_dropped_leaves_a_gap_and_nothing_else(farm: Farm) -> None:
    number(farm, [make_output("lib")])
    assert keep(farm, number(farm, [make_output("lib")]))[0].endswith("_1.conda")


def test_a_preview_writes_nothing(farm: Farm) -> None:
    number(farm, [make_output("lib")], reserve=False)
    assert keep(farm, number(farm, [make_output("lib")]))[0].endswith("_0.conda")


def test_what_other_channels_have_is_not_made_again(farm: Farm) -> None:
    found = number(farm, [make_output("lib")], known={("linux-64", "lib", "1.0"): 6})
    assert found.outputs[0].build_number == 7


def test_a_variant_that_comes_back_gets_another_name_than_it_had(farm: Farm) -> None:
    old, new = (make_output("app", variant={"python": version}) for version in ("3.11", "3.12"))
    keep(farm, number(farm, [old, new]))
    base = build_drawn([new])  # the other was taken away
    found = number(farm, [old, new], base)
    assert [(o.variant["python"], o.build_number) for o in found.outputs] == [("3.11", 1)]
    keep(farm, found)


def test_two_batches_that_add_the_same_variant_do_not_get_one_name(farm: Farm) -> None:
    """Both keep their siblings' number, so it is the name that tells the second one."""
    old, new = (make_output("app", variant={"python": version}) for version in ("3.11", "3.12"))
    base = build_drawn([old])
    one, two = number(farm, [old, new], base), number(farm, [old, new], base)
    keep(farm, one)
    with pytest.raises(NameTakenError):
        keep(farm, two)
    assert keep(farm, number(farm, [old, new], base)) != [file_of(output) for output in one.outputs]


def test_what_no_number_gives_another_name_is_not_rebuilt_and_says_so(farm: Farm) -> None:
    named = {"fixed": "always"}
    keep(farm, number(farm, [make_output("fixed"), make_output("lib")], named=named))
    found = number(farm, [make_output("fixed", content="new"), make_output("lib", content="new")], named=named)
    assert [output.name for output in found.outputs] == ["lib"]
    left = next(member for member in found.decision.members if member.output.name == "fixed")
    assert left.reasons[0].rule is Rule.UNBUILDABLE
    assert "linux-64/fixed-1.0-always.conda, which was made before" in left.reasons[0].detail
    keep(farm, found)


def test_of_two_recipes_that_come_to_one_name_the_first_makes_it(farm: Farm) -> None:
    outputs = [make_output("lib", recipe="a", number=0), make_output("lib", recipe="b", number=1)]
    found = number(farm, outputs)
    assert [output.recipe for output in found.outputs] == ["a"]
    left = next(member for member in found.decision.members if member.output.recipe == "b")
    assert left.membership is not Membership.REBUILD
    assert left.reasons[0].detail.startswith("a makes linux-64/lib-1.0-")
    keep(farm, found)


def test_a_name_in_another_format_or_case_is_taken(farm: Farm) -> None:
    output = make_output("lib", "1.0RC1")
    keep(farm, Numbered(decide(make_reading(output), ()), {}, (replace(output, version="1.0rc1"),)))
    stem = output.file_name.removesuffix(".conda")
    with farm.reading() as session:
        asked = [f"linux-64/{stem}.tar.bz2", f"linux-64/{stem}.conda", f"win-64/{stem}.conda"]
        assert artifacts.planned_names(session, asked) <= set(asked[:2])
        assert artifacts.planned_names(session, asked)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "bump", "back", "add", "remove", "both"]), st.integers(0, 2), st.sampled_from("pfd")
    ),
    min_size=1, max_size=7,
)  # fmt: skip


@dataclass
class World:
    """Three recipes of a few variants, and what stands of them. Names differ from example to example."""

    salt: int
    versions: list[int] = field(default_factory=lambda: [1, 1, 1])
    contents: list[int] = field(default_factory=lambda: [0, 0, 0])
    pythons: list[set[int]] = field(default_factory=lambda: [{11}, {11, 12}, {12}])
    base: list[Artifact] = field(default_factory=list)

    def outputs(self) -> list[Output]:
        return [
            make_output(
                f"r{self.salt}.{recipe}", f"{self.versions[recipe]}.0", variant={"python": f"3.{python}"},
                content=str(self.contents[recipe]),
            )
            for recipe in range(3)
            for python in sorted(self.pythons[recipe])
        ]  # fmt: skip

    def change(self, what: str, recipe: int) -> None:
        pythons = self.pythons[recipe]
        if what in ("edit", "both"):
            self.contents[recipe] += 1
        if what in ("add", "both"):
            pythons.add(11 + len(pythons))
        if what == "remove" and len(pythons) > 1:
            pythons.discard(max(pythons))
        self.versions[recipe] = max(self.versions[recipe] + {"bump": 1, "back": -1}.get(what, 0), 1)


@pytest.fixture(scope="module")
def one_farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    farm = make_farm(tmp_path_factory.mktemp("farm"))
    yield farm
    farm.close()


@given(STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_over_any_sequence_of_batches_no_file_name_is_planned_twice(
    one_farm: Farm, steps: list[tuple[str, int, str]]
) -> None:
    """Batches pass, fail or are dropped as drafts; versions go up and back, variants come, go and come back."""
    world, planned = World(next(_EXAMPLES)), set[str]()
    for what, recipe, end in [("edit", 0, "p"), *steps]:
        world.change(what, recipe)
        found = number(one_farm, world.outputs(), world.base)
        if end == "d":
            continue
        files = keep(one_farm, found)  # the database would refuse
        assert not planned & set(files)
        assert len(set(files)) == len(files)
        planned |= set(files)
        if end == "p":
            world.base += build_drawn(found.outputs)
            again = number(one_farm, world.outputs(), world.base, reserve=False)
            assert again.outputs == (), "what was just published is current"
