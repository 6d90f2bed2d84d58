"""Which worker can do a job: the laws of asking and offering, and what a plan's jobs ask for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.jobs import JobKind
from controller.domain.needs import NO_NEEDS, Needs, NeedsRule, Offer
from controller.domain.needs_words import asked, lacking
from controller.domain.plans import PlannedJob
from controller.domain.recipes import Output, Requirement, Section
from controller.planning.matching import lacks, nearest, needs_of, request_of

GIB = 2**30
words = st.sampled_from(["gpu", "fast-disk", "licence"])
specs = st.sampled_from(["__cuda", "__cuda >=12", "__glibc >=2.28", "__glibc >=2.17,<3"])
sizes = st.integers(0, 64).map(lambda number: number * GIB)
some_needs = st.builds(
    Needs, st.sets(words).map(lambda s: tuple(sorted(s))), st.integers(0, 8), sizes, sizes, st.integers(0, 2),
    st.sets(specs).map(lambda s: tuple(sorted(s))),
)  # fmt: skip
versions = {"__cuda": st.sampled_from(["11.8", "12.4"]), "__glibc": st.sampled_from(["2.17", "2.36"])}
virtual = st.fixed_dictionaries({}, optional={name: st.tuples(v, st.just("0")) for name, v in versions.items()})
offers = st.builds(Offer, st.frozensets(words), st.integers(0, 8), sizes, sizes, st.integers(0, 2), virtual)
EVERYTHING = Offer(
    frozenset({"gpu", "fast-disk", "licence"}), 8, 64 * GIB, 64 * GIB, 2,
    {"__cuda": ("12.4", "0"), "__glibc": ("2.36", "0")},
)  # fmt: skip


@given(offers)
def test_what_asks_for_nothing_is_done_by_everybody(offer: Offer) -> None:
    assert lacks(NO_NEEDS, offer) == ()


@given(some_needs)
def test_a_worker_that_has_everything_lacks_nothing(needs: Needs) -> None:
    assert lacks(needs, EVERYTHING) == ()


@given(some_needs, some_needs, offers)
def test_both_can_be_given_if_and_only_if_each_can(one: Needs, other: Needs, offer: Offer) -> None:
    assert (not lacks(one | other, offer)) == (not lacks(one, offer) and not lacks(other, offer))
    assert one | other == other | one
    assert one | one == one
    assert one | NO_NEEDS == one


@given(some_needs, offers)
def test_more_of_anything_never_lacks_more(needs: Needs, offer: Offer) -> None:
    more = replace(offer, cores=offer.cores + 1, memory_bytes=offer.memory_bytes + GIB, labels=offer.labels | {"gpu"})
    assert len(lacks(needs, more)) <= len(lacks(needs, offer))


@given(some_needs, st.dictionaries(st.sampled_from("abc"), offers))
def test_the_nearest_lacks_least(needs: Needs, there: dict[str, Offer]) -> None:
    found = nearest(needs, there)
    assert (found is None) == (not there)
    if found is not None:
        assert len(found[1]) == min(len(lacks(needs, offer)) for offer in there.values())


def test_a_worker_that_says_little_is_given_what_asks_for_little() -> None:
    silent = Offer()
    assert [lack.what for lack in lacks(Needs(("gpu",), 1, 1, 1, 1, ("__cuda",)), silent)] == [
        "label", "cores", "GPUs", "memory", "disk", "virtual package",
    ]  # fmt: skip


def test_what_is_asked_and_what_is_lacking_is_said() -> None:
    needs = Needs(("gpu",), 8, 16 * GIB, 0, 1, ("__cuda >=12",))
    assert asked(needs) == "label gpu, 8 cores, 1 GPU, 16 GiB of memory, __cuda >=12"
    offer = Offer(cores=8, memory_bytes=8 * GIB, gpus=1, virtual={"__cuda": ("11.8", "0")})
    assert lacking(lacks(needs, offer)) == "label gpu; 16 GiB of memory (it has 8 GiB); __cuda >=12 (it has 11.8)"


def job(kind: JobKind, name: str = "torch", *requirements: Requirement) -> PlannedJob:
    output = Output(
        recipe=name, name=name, version="1", build="h0_0", build_number=0, hash="h0", subdir="linux-64",
        target_platform="linux-64", requirements=requirements, test_requirements=("__archspec 1 x86_64_v3",),
    )  # fmt: skip
    return PlannedJob("k", kind, name, name, "linux-64", "linux-64", 0, (output,), ())


@pytest.mark.parametrize(
    ("kind", "virtual"),
    [
        (JobKind.BUILD, ("__glibc >=2.28",)),
        (JobKind.TEST, ("__archspec 1 x86_64_v3", "__cuda >=12")),
        (JobKind.RETEST, ("__archspec 1 x86_64_v3", "__cuda >=12")),
    ],
)
def test_a_job_asks_for_the_virtual_packages_of_its_own_environments(kind: JobKind, virtual: tuple[str, ...]) -> None:
    found = needs_of(
        job(
            kind, "torch", Requirement(Section.HOST, "__glibc", "__glibc >=2.28"),
            Requirement(Section.RUN, "__cuda", "__cuda >=12"), Requirement(Section.RUN, "__unix", "__unix"),
        ),
        (),
    )  # fmt: skip
    assert found.virtual == virtual


def test_all_rules_that_speak_of_a_job_hold_together() -> None:
    rules = (
        NeedsRule(("tor*",), Needs(labels=("gpu",), memory_bytes=GIB)),
        NeedsRule(("torch",), Needs(memory_bytes=4 * GIB), kinds=("build",)),
        NeedsRule(("torch",), Needs(labels=("never",)), subdirs=("win-64",)),
        NeedsRule(("other",), Needs(labels=("never",))),
    )
    assert needs_of(job(JobKind.BUILD), rules) == Needs(("gpu",), memory_bytes=4 * GIB)


@given(st.integers(0, 2**45))
def test_the_memory_asked_for_is_just_below_what_was_used(used: int) -> None:
    asked_for = request_of(used)
    assert asked_for == 0 if used < 2 * GIB else used * 0.8 <= asked_for <= used
    assert request_of(asked_for) == asked_for


def test_few_different_requests_come_about() -> None:
    assert len({request_of(used * GIB // 7) for used in range(7 * 512)}) <= 4 * 9 + 1


def test_what_a_job_used_before_it_asks_for_again_unless_its_tree_asks_for_more() -> None:
    rule = NeedsRule(("torch",), Needs(memory_bytes=16 * GIB))
    assert needs_of(job(JobKind.BUILD), (), 9 * GIB).memory_bytes == 8 * GIB
    assert needs_of(job(JobKind.BUILD), (rule,), 9 * GIB).memory_bytes == 16 * GIB
