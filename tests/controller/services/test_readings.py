"""What a push reads: what changed, once, whoever pushes it and after whatever restart."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from controller.domain.errors import TreeError
from controller.domain.recipes import Reading
from controller.gateways import parallel
from controller.gateways.recent import RecentReadings
from controller.gateways.tree_readings import read_tree
from controller.gateways.trees import Trees
from controller.services import readings
from controller.services.farm import Farm
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit, write_recipe


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        write_recipe(tmp_path / "tree", name)
    return tmp_path / "tree"


@pytest.fixture
def read_now(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Recipes that were really read, in this process."""
    told: list[str] = []
    really = parallel.read_recipe

    def read_recipe(recipe: parallel.Recipe, subdir: str) -> tuple[object, bool]:
        told.append(recipe.recipe)
        return really(recipe, subdir)

    monkeypatch.setattr(parallel, "read_recipe", read_recipe)
    return told


def read(farm: Farm, tree: Path, message: str) -> Reading:
    commit(tree, message)
    return readings.read(farm, str(tree), farm.trees.resolve(str(tree), None))[0]


def taken(told: list[str]) -> list[str]:
    found = sorted(told)
    told.clear()
    return found


def test_only_what_changed_is_read_again(farm: Farm, tree: Path, read_now: list[str]) -> None:
    first = read(farm, tree, "both")
    assert taken(read_now) == ["one", "two"]
    write_recipe(tree, "two", version="2.0")
    second = read(farm, tree, "two moves")
    assert taken(read_now) == ["two"]
    assert [(o.name, o.version) for o in first.outputs] == [("one", "1.0"), ("two", "1.0")]
    assert [(o.name, o.version) for o in second.outputs] == [("one", "1.0"), ("two", "2.0")]
    assert first.outputs[0] == second.outputs[0]


def test_a_restart_reads_nothing_and_says_the_same(farm: Farm, tree: Path, read_now: list[str]) -> None:
    first = read(farm, tree, "both")
    taken(read_now)
    farm.readings = RecentReadings()
    second, _ = readings.read(farm, str(tree), first.commit)
    assert taken(read_now) == []
    assert first == second


@pytest.mark.parametrize("change", ["a file beside it", "its mode", "pins beside it", "a folder within it"])
def test_whatever_is_in_a_recipes_folder_makes_it_read_again(
    farm: Farm, tree: Path, read_now: list[str], change: str
) -> None:
    (tree / "two" / "build.sh").write_text("echo\n")
    read(farm, tree, "both")
    taken(read_now)
    if change == "a file beside it":
        (tree / "two" / "build.sh").write_text("echo more\n")
    elif change == "its mode":
        (tree / "two" / "build.sh").chmod(0o755)
    elif change == "pins beside it":
        (tree / "two" / "variants.yaml").write_text("zlib: ['1']\n")
    else:
        (tree / "two" / "src").mkdir()
        (tree / "two" / "src" / "a.c").write_text("a")
    read(farm, tree, change)
    assert taken(read_now) == ["two"]


def test_pins_of_the_tree_make_all_recipes_read_again(farm: Farm, tree: Path, read_now: list[str]) -> None:
    read(farm, tree, "both")
    taken(read_now)
    (tree / "variants.yaml").write_text("zlib: ['1']\n")
    read(farm, tree, "pins")
    assert taken(read_now) == ["one", "two"]


def test_a_refusal_is_kept_as_well_but_not_a_fault_of_the_machine(
    farm: Farm, tree: Path, read_now: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "one" / "recipe.yaml").write_text("package: {name: one}\n")
    first = read(farm, tree, "bad")
    taken(read_now)
    farm.readings = RecentReadings()
    assert readings.read(farm, str(tree), first.commit)[0] == first
    assert (taken(read_now), len(first.refusals)) == ([], 1)

    def full(*_: object) -> None:
        raise OSError("no space left")

    write_recipe(tree, "two", version="2.0")
    with monkeypatch.context() as patch:
        patch.setattr("controller.gateways.recipes.name_recipe", full)
        assert "no space left" in read(farm, tree, "two moves").refusals[1].cause
    taken(read_now)
    again = readings.read(farm, str(tree), farm.trees.resolve(str(tree), None))[0]
    assert taken(read_now) == ["two"]
    assert ("two", "2.0") in {(o.name, o.version) for o in again.outputs}


def test_readings_that_no_push_used_for_long_are_forgotten(farm: Farm, tree: Path, read_now: list[str]) -> None:
    first = read(farm, tree, "both")
    write_recipe(tree, "two", version="2.0")
    second = read(farm, tree, "two moves")
    started = farm.now()
    for days in (50, 100):  # the farm runs on, and knows what the second push needs in its memory
        farm.now = lambda at=started + timedelta(days=days): at  # type: ignore[misc]
        readings.read(farm, str(tree), second.commit)
    farm.readings = RecentReadings()
    taken(read_now)
    readings.read(farm, str(tree), second.commit)
    assert taken(read_now) == []
    readings.read(farm, str(tree), first.commit)
    assert taken(read_now) == ["two"], "nobody used it for 100 days"


def test_files_that_are_not_in_the_repository_are_missed_only_by_the_recipe_that_packs_them(
    farm: Farm, tree: Path
) -> None:
    (tree / "two" / "data.bin").write_bytes(b"x" * 100)
    sha = commit(tree, "data")
    blob = farm.trees.open(str(tree), farm.trees.resolve(str(tree), sha)).listing.entries["two/data.bin"].blob
    for place in (tree / ".git", *(farm.trees.root / "mirrors").iterdir()):
        (place / "objects" / blob[:2] / blob[2:]).unlink(missing_ok=True)
    reading, checkout = readings.read(farm, str(tree), sha)
    assert {o.name for o in reading.outputs} == {"one", "two"}
    assert checkout.archive("one")
    with pytest.raises(TreeError, match=r"two/data\.bin"):
        checkout.archive("two")


@pytest.mark.parametrize("seed", range(4))
def test_a_farm_that_saw_the_commit_before_says_what_a_new_farm_says(
    farm: Farm, tree: Path, tmp_path: Path, seed: int
) -> None:
    """Whatever changes from commit to commit: contents, modes, files that come and go, links, pins, nested recipes."""
    chance = Random(seed)
    for number in range(6):
        change(tree, chance, number)
        sha = commit(tree, f"change {number}")
        known = farm.trees.open(str(tree), farm.trees.resolve(str(tree), sha))
        fresh = Trees(farm.trees.root).open(str(tree), sha)
        for field in ("listing", "layout", "pins", "files", "places", "skipped", "commit"):
            assert getattr(known, field) == getattr(fresh, field), field
        subdirs = ["linux-64", "win-64"]
        assert known.keys(known.readings(subdirs)) == fresh.keys(fresh.readings(subdirs))
        reading, _ = readings.read(farm, str(tree), sha)
        assert reading == read_tree(tree, farm.rules.subdirs, sha)


def change(tree: Path, chance: Random, number: int) -> None:
    kinds = ["version", "build.sh", "mode", "pins", "nested", "link", "gone", "version", "build.sh"]
    where = tree / chance.choice(["one", "two"])
    kind = chance.choice(kinds)
    if kind == "version":
        write_recipe(tree, where.name, version=f"1.{number}")
    elif kind == "build.sh":
        (where / "build.sh").write_text(f"echo {number}\n")
    elif kind == "mode":
        (where / "recipe.yaml").chmod(0o755)
    elif kind == "pins":
        (chance.choice([where, tree]) / "variants.yaml").write_text(f"zlib: ['{number}']\n")
    elif kind == "nested":
        write_recipe(where, f"nested{number}{where.name}")
    elif kind == "link":
        (where / f"link{number}").symlink_to("../one/recipe.yaml")
    elif kind == "gone":
        (where / "build.sh").unlink(missing_ok=True)
    (tree / "README").write_text(f"{number}")
