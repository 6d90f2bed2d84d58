"""Of changes that came together those can have broken a job that reach it, or what it rests on."""

from controller.domain.culprit_words import suspects_sentence
from controller.domain.culprits import Suspect
from controller.domain.plans import Reason, Rule
from controller.planning.culprits import suspects

OWN = Reason(Rule.CHANGED, "user", path=("user",), detail="version 1 becomes 2")
LIB = Reason(Rule.CHANGED, "lib", path=("lib",), detail="version 3 becomes 4")
BY_LIB = Reason(Rule.R1, "lib", path=("lib", "mid", "user"))


def test_a_change_of_its_own_is_the_only_suspect_where_nothing_else_reaches_it() -> None:
    found = suspects([OWN], [])
    assert found == (Suspect("user", 0, "version 1 becomes 2"),)
    assert suspects_sentence(found, "user") == (
        "Of what changed only its own change can have broken it (version 1 becomes 2)."
    )


def test_a_change_that_reaches_it_is_named_with_what_changed_of_it() -> None:
    found = suspects([BY_LIB], [[LIB]])
    assert found == (Suspect("lib", 1, "version 3 becomes 4"),)
    assert suspects_sentence(found, "user") == (
        "Of what changed only the change of lib can have broken it (version 3 becomes 4)."
    )


def test_of_several_the_nearest_comes_first_and_the_rest_is_counted() -> None:
    others = [[Reason(Rule.R1, name, path=(name, "a", "b"))] for name in "vwxyz"]
    found = suspects([OWN, BY_LIB], [[LIB], *others])
    assert [suspect.name for suspect in found] == ["user", "lib", "v", "w", "x", "y", "z"]
    assert suspects_sentence(found, "user") == (
        "Any of 7 changes can have broken it, the nearest first (version 1 becomes 2): user, lib, v, w, x and 2 more."
    )


def test_what_moved_in_another_channel_is_a_suspect_though_no_job_built_it() -> None:
    assert suspects([Reason(Rule.R7, "zlib", path=("zlib", "user"))], []) == (Suspect("zlib", 1),)


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert suspects_sentence(suspects([Reason(Rule.NEW)], []), "user") == ""
