"""Questions to the decision: what if, since when, and why."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.domain.errors import InvalidInputError, NotFoundError
from controller.domain.plans import Membership
from controller.gateways.index import index_files
from controller.planning.policy import Scope
from controller.planning.question import NOTHING_ELSE, Question, supposed_of
from controller.planning.supposing import as_built
from controller.services.answers.differences import difference
from controller.services.answers.plan_shapes import PlanDifference
from controller.services.answers.questions import affected, answered_plan
from controller.services.answers.whys import why
from controller.services.farm import Farm
from controller.services.questions import Answered, Proposal, ask
from tests.kit.farms import make_farm
from tests.kit.recipe_trees import commit

LIB = """\
package: {{name: lib, version: "{version}"}}
requirements:
  run_exports:
    - ${{{{ pin_subpackage('lib', upper_bound='x') }}}}
"""
APP = """\
package: {name: app, version: "1.0"}
requirements:
  host: [lib]
tests:
  - script: [app]
"""
NUMERIC = """\
package: {name: numeric, version: "1.0"}
requirements:
  host: [lib, app]
  run: [app]
about: {summary: one}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    write(made, "lib", LIB.format(version="1.4.0"))
    write(made, "app", APP)
    write(made, "numeric", NUMERIC)
    commit(made, "one")
    return made


@pytest.fixture
def farm(tmp_path: Path, database_url: str) -> Iterator[Farm]:
    farm = make_farm(tmp_path, database_url)
    yield farm
    farm.close()


def write(tree: Path, recipe: str, text: str) -> None:
    (tree / recipe).mkdir(parents=True, exist_ok=True)
    (tree / recipe / "recipe.yaml").write_text(text)


def asked(farm: Farm, tree: Path, question: Question = NOTHING_ELSE) -> Answered:
    return ask(farm, str(tree), None, question)


def told(answered: Answered) -> dict[str, str]:
    members = answered.plan.decision.members
    return {m.output.name: f"{m.membership.value} {m.reasons[0].rule.value}" for m in members}


def test_without_a_target_what_is_supposed_moves_a_tree_that_was_built(farm: Farm, tree: Path) -> None:
    answered = asked(farm, tree, Question(supposed=(("lib", "2.0.0"),)))
    assert told(answered) == {"lib": "rebuild changed", "app": "rebuild R1", "numeric": "rebuild R1"}
    within = asked(farm, tree, Question(supposed=(("lib", "1.5.0"),)))
    assert told(within) == {"lib": "rebuild changed", "app": "retest R2", "numeric": "retest R2"}


def test_a_scope_may_be_asked_for_that_the_tree_does_not_say(farm: Farm, tree: Path) -> None:
    answered = asked(farm, tree, Question(supposed=(("lib", "1.5.0"),), scope=Scope.DIRECT))
    assert told(answered)["app"] == "rebuild R2"


def test_what_changed_since_a_commit_is_told_without_a_farm_and_text_apart(farm: Farm, tree: Path) -> None:
    write(tree, "lib", LIB.format(version="2.0.0"))
    write(tree, "numeric", NUMERIC.replace("one", "two"))
    commit(tree, "two")
    answered = asked(farm, tree, Question(since="HEAD~1"))
    assert told(answered)["app"] == "rebuild R1"
    write(tree, "app", f"# a comment\n{APP}")
    commit(tree, "three")
    answered = asked(farm, tree, Question(since="HEAD~1"))
    assert set(told(answered).values()) == {"nothing current"}
    assert answered.text_only == ("app",)


def test_a_package_that_nothing_makes_or_was_built_with_is_unknown(farm: Farm, tree: Path) -> None:
    with pytest.raises(NotFoundError, match="Nothing in the tree makes mkl"):
        asked(farm, tree, Question(supposed=(("mkl", "2026.1"),)))


def test_why_answers_for_what_is_untouched_too(farm: Farm, tree: Path) -> None:
    answered = asked(farm, tree, Question(supposed=(("app", "1.1"),)))
    (member,) = why(answered, "lib").members
    assert member.membership == Membership.NOTHING
    assert member.reasons[0].sentence == "Nothing it is made of, and nothing it runs with, is touched."
    with pytest.raises(NotFoundError, match="No recipe makes nothing"):
        why(answered, "nothing")


def test_what_is_affected_is_counted_by_rule(farm: Farm, tree: Path) -> None:
    found = affected(asked(farm, tree, Question(supposed=(("lib", "2.0.0"),))))
    assert [(rule.rule, rule.count) for rule in found.rules] == [("R1", 2), ("changed", 1)]
    assert found.untouched == 0


def test_two_plans_differ_by_what_they_do(farm: Farm, tree: Path) -> None:
    within = answered_plan(asked(farm, tree, Question(supposed=(("lib", "1.5.0"),))))
    beyond = answered_plan(asked(farm, tree, Question(supposed=(("lib", "2.0.0"),))))
    found = difference(within, beyond)
    assert {(old.membership, new.membership, new.name) for old, new in found.moved} == {
        ("retest", "rebuild", "app"),
        ("retest", "rebuild", "numeric"),
    }
    same = difference(within, within)
    assert same == PlanDifference(same=3)


@pytest.mark.parametrize("text", ["mkl", "=1", "mkl=", "m*l=1", "a b=1", "mkl=1!!x"])
def test_what_is_no_package_with_a_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is no package with a version"):
        supposed_of([text])
    assert supposed_of(["MKL=2026.1", "lib==2"]) == (("mkl", "2026.1"), ("lib", "2"))


def test_an_edit_that_a_plan_asks_for_is_given_as_a_diff(farm: Farm, tree: Path) -> None:
    write(tree, "app", APP.replace("[lib]", "[lib 1.*]"))
    write(tree, "numeric", NUMERIC.replace("[lib, app]", "\n    - lib ${{ 1 }}.*"))
    commit(tree, "stuck")
    answered = asked(farm, tree, Question(supposed=(("lib", "2.0.0"),)))
    by_recipe = {edit.recipe: edit for edit in answered.edits}
    assert "-  host: [lib 1.*]\n+  host: [lib 2.*]" in by_recipe["app"].diff
    assert by_recipe["app"].diff.startswith("diff --git a/app/recipe.yaml b/app/recipe.yaml\n--- a/app/recipe.yaml\n")
    assert by_recipe["numeric"] == Proposal("numeric", "", ("lib 1.*",))
    assert [edit.recipe for edit in answered_plan(answered).edits] == ["app", "numeric"]


def test_a_plan_against_a_conda_channel_goes_by_what_its_index_tells(farm: Farm, tree: Path, tmp_path: Path) -> None:
    outputs = asked(farm, tree).standing.reading.outputs
    held = [replace(artifact, md5="0" * 32, sha256="1" * 64, size=1) for artifact in as_built(outputs)]
    for subdir in {"noarch", *(artifact.subdir for artifact in held)}:
        (tmp_path / "channel" / subdir).mkdir(parents=True)
        for name, data in index_files(subdir, [a for a in held if a.subdir == subdir]).items():
            (tmp_path / "channel" / subdir / Path(name).name).write_bytes(data)
    channel = str(tmp_path / "channel")
    assert set(told(asked(farm, tree, Question(channel=channel))).values()) == {"nothing current"}
    found = asked(farm, tree, Question(channel=channel, supposed=(("lib", "2.0.0"),)))
    assert told(found) == {"lib": "rebuild changed", "app": "rebuild R1", "numeric": "rebuild R1"}
    assert {number for (_, name, _), number in found.plan.numbers.items() if name == "app"} == {1}
