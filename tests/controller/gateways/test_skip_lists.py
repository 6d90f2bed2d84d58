from hashlib import sha256

from controller.gateways.skip_lists import folders_in, holds

RECIPE = b"package:\n  name: x\n"
RECORD = f"""\
recipe_sha: {sha256(RECIPE).hexdigest()}  # The digest at which it failed.
skiplist: true # Set to true to leave it out.
log: |-
  skiplist: false
category: compiler error
""".encode()


def test_a_record_leaves_a_recipe_out_as_long_as_it_is_the_same() -> None:
    assert holds(RECORD, RECIPE)
    assert not holds(RECORD, RECIPE + b"\n")


def test_a_record_that_does_not_say_so_leaves_nothing_out() -> None:
    assert not holds(RECORD.replace(b"skiplist: true", b"skiplist: false"), RECIPE)
    assert not holds(b"skiplist: true\n", RECIPE)
    assert not holds(b"", RECIPE)


def test_a_list_names_folders_one_a_line() -> None:
    assert folders_in(b"# why\n\nrecipes/octopus\n  recipes/phenix/ \n") == {"recipes/octopus", "recipes/phenix"}
