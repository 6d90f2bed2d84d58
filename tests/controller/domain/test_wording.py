"""Nothing lacks its words, and the words are these."""

from collections.abc import Mapping
from enum import StrEnum
from string import Formatter

import pytest
from inline_snapshot import snapshot

from controller.domain import wording
from controller.domain.batches import BatchState
from controller.domain.jobs import AttemptState, JobKind, JobState
from controller.domain.plans import Membership, Reason, Rule
from controller.domain.recipes import Origin
from controller.domain.verdicts import Actor, Verdict
from controller.domain.wording import Category, job_label, path_words, reason_sentence
from controller.planning.impact import decide
from tests.kit.drawing import build_drawn, make_output, make_reading
from workers.contract.reports import Outcome

TABLES: list[tuple[Mapping[StrEnum, wording.Words], type[StrEnum]]] = [
    (wording.JOB_WORDS, JobState),
    (wording.BATCH_WORDS, BatchState),
    (wording.ATTEMPT_WORDS, AttemptState),
    (wording.VERDICT_WORDS, Verdict),
    (wording.OUTCOME_WORDS, Outcome),
    (wording.MEMBERSHIP_WORDS, Membership),
]  # type: ignore[list-item]


@pytest.mark.parametrize(("table", "kind"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_state_has_a_label_a_mark_and_a_sentence(
    table: Mapping[StrEnum, wording.Words], kind: type[StrEnum]
) -> None:
    assert set(table) == set(kind)
    for words in table.values():
        assert words.label == words.label.lower()
        assert len(words.mark) == 1
        assert words.sentence.endswith(".")


@pytest.mark.parametrize(("table", "kind"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_no_two_states_of_one_kind_share_label_and_mark(
    table: Mapping[StrEnum, wording.Words], kind: type[StrEnum]
) -> None:
    assert len({(words.label, words.mark) for words in table.values()}) == len(kind)


def test_what_is_broken_says_who_must_act() -> None:
    for table, _ in TABLES:
        for words in table.values():
            assert words.acts or words.category is not Category.BROKEN


def test_kinds_actors_origins_and_rules_have_words() -> None:
    assert set(wording.KIND_WORDS) == set(JobKind)
    assert set(wording.ACTOR_WORDS) == set(Actor)
    assert set(wording.ORIGIN_WORDS) == set(Origin)
    assert set(wording._SENTENCES) == set(Rule)


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("detail", ["", "a detail"])
def test_every_rule_makes_a_sentence(rule: Rule, detail: str) -> None:
    said = reason_sentence(Reason(rule, "lib", "lib >=1", "run_export of lib-dev", ("lib", "app"), detail))
    assert said[0].isupper() or said.startswith("lib")
    assert said.endswith(".")
    assert "{" not in said
    assert "''" not in said


def test_templates_use_known_fields_alone() -> None:
    for template in (*wording._SENTENCES.values(), *wording._OTHERWISE.values()):
        fields = {name for _, name, _, _ in Formatter().parse(template) if name}
        assert fields <= {"about", "spec", "origin", "detail"}


def test_the_sentences_of_a_real_decision() -> None:
    def lib(version: str, below: str) -> list:
        return [
            make_output("lib", version, weak=[f"lib >={version},<{below}"]),
            make_output("head", version),
            make_output("cc", version),
        ]

    rest = [
        make_output("b", host=["lib"], weak=["b >=1"]),
        make_output("c", host=["b"]),
        make_output("d", run=["lib"]),
        make_output("e", run=["lib <2"]),
        make_output("f", host=["lib 1.*"]),
        make_output("g", host=["head"]),
        make_output("h", build=["cc"]),
        make_output("i", test=["lib"]),
        make_output("j"),
    ]
    decision = decide(make_reading(*lib("2.0", "3.0a0"), *rest), build_drawn([*lib("1.4", "2.0a0"), *rest]))
    said = {m.output.name: f"{m.membership.value}: {reason_sentence(m.reasons[0])}" for m in decision.members}
    assert said == snapshot(
        {
            "lib": "rebuild: It changed itself: version 1.4 becomes 2.0.",
            "head": "rebuild: It changed itself: version 1.4 becomes 2.0.",
            "cc": "rebuild: It changed itself: version 1.4 becomes 2.0.",
            "b": "rebuild: The new lib falls outside of 'lib >=1.4,<2.0a0', which it got from the exports of lib.",
            "c": "retest: Its 'b >=1' admits the new b, so it need not be rebuilt. (lib → b → c)",
            "d": "retest: It runs with lib, and its 'lib' admits the new one.",
            "e": "recipe edit: Its recipe asks for 'lib <2', which excludes the new lib.",
            "f": "recipe edit: Its recipe asks for 'lib 1.*', which keeps it on the old lib.",
            "g": "rebuild: It is built against head and records nothing of it, so it links it statically "
            "or takes its headers; the policy is to rebuild such.",
            "h": "nothing: It is built with the help of cc, which leaves no trace in it.",
            "i": "retest: Its tests use lib.",
            "j": "nothing: Nothing it is made of, and nothing it runs with, is touched.",
        }
    )


def test_long_paths_lose_their_middle() -> None:
    assert path_words(("a", "b", "c")) == "a → b → c"
    assert path_words(tuple("abcdefghij")) == "a → b → c → … → i → j"


def test_a_job_is_called_by_what_it_does() -> None:
    assert job_label(JobKind.RETEST, "numpy", "linux-64") == "retest of numpy (linux-64)"
