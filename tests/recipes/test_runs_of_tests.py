"""The farm's own test runner beside the builder's, over everything that the starter tree makes."""

from pathlib import Path

from rattler_build import Package

from tests.kit.checked import checked

from .conftest import Workshop

KINDS = {"CommandsTest": "commands", "PythonTest": "python", "DownstreamTest": "downstream"}


def both(workshop: Workshop, names: list[str], folder: Path) -> dict[str, tuple[list[tuple[str, bool]], ...]]:
    """For each package: kind of each test and whether it succeeds, as the builder has it and as the farm has it.

    Linkage is the farm's alone.
    """
    channel, found = workshop.channel.as_uri(), {}
    for name in names:
        archive = Package.from_file(workshop.built[name])
        theirs = [
            (KINDS[type(test).__name__], archive.run_test(number, channel=[channel]).success)
            for number, test in enumerate(archive.tests)
        ]
        ours = checked(workshop.built[name], folder / name, (channel,)).result.tests
        found[name] = (theirs, [(end.kind, end.outcome == "passed") for end in ours if end.kind != "linkage"])
    return found


def test_every_test_of_the_tree_has_the_verdict_that_the_builder_gives(finished: Workshop, tmp_path: Path) -> None:
    found = both(finished, sorted(finished.built), tmp_path)
    assert len(found) == 16
    assert sum(len(theirs) for theirs, _ in found.values()) >= 16
    assert {name: ours for name, (_, ours) in found.items()} == {name: theirs for name, (theirs, _) in found.items()}
    assert all(good for theirs, _ in found.values() for _, good in theirs)


def test_what_a_change_breaks_is_broken_for_both(workshop: Workshop, tmp_path: Path) -> None:
    workshop.apply("abi-break")
    for recipe, number in {"libtally": 0, "ledger": 1, "pytally": 1}.items():
        workshop.build(recipe, number)
    workshop.apply("breaks-a-test")
    workshop.build("libtally")
    found = both(workshop, ["libtally", "pytally", "split-bill", "tallybook"], tmp_path)
    assert {name: ours for name, (_, ours) in found.items()} == {name: theirs for name, (theirs, _) in found.items()}
    assert [good for _, good in found["pytally"][1]] == [True, False]
