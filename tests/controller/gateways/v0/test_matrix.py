import pytest
from inline_snapshot import snapshot

from controller.gateways.pins import Pins
from controller.gateways.v0.evaluating import Source
from controller.gateways.v0.matrix import evaluated, members, truth

PINS = Pins(
    {
        "python": ("3.11", "3.13", "3.12"), "numpy": ("1", "3", "2"), "python_impl": ("cpython", "pypy", "cpython"),
        "mpi": ("nompi", "mpich"), "zlib": ("1",), "c_compiler": ("gcc",), "c_compiler_version": ("13", "14"),
        "c_stdlib": ("sysroot",), "c_stdlib_version": ("2.17",), "cuda": ("None", "12"), "r_base": ("4.3", "4.4"),
    },
    (("python", "numpy", "python_impl"),),
)  # fmt: skip


def variants(text: str, platform: str = "linux-64") -> list[dict[str, str]]:
    return [
        {key: value for key, value in member.variant.items() if key in member.keys}
        for member in members(Source.of(text), PINS, platform)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("package:\n  name: a\n", snapshot([{}])),
        ("a: {{ mpi }}\n", snapshot([{"mpi": "nompi"}, {"mpi": "mpich"}])),
        ("a: 1  # [mpi == 'nompi']\nb: 2\n", snapshot([{"mpi": "nompi"}, {"mpi": "mpich"}])),
        (
            "a: 1  # [py > 311]\nrequirements:\n  host:\n    - python\n",
            snapshot([{"python": "3.11"}, {"python": "3.13"}, {"python": "3.12"}]),
        ),
        (
            "requirements:\n  host:\n    - python\n    - numpy\n",
            snapshot(
                [{"python": "3.11", "numpy": "1"}, {"python": "3.13", "numpy": "3"}, {"python": "3.12", "numpy": "2"}]
            ),
        ),
        ("requirements:\n  host:\n    - r-base\n", snapshot([{"r_base": "4.3"}, {"r_base": "4.4"}])),
        ("requirements:\n  host:\n    - numpy x.x\n", snapshot([{"numpy": "1"}, {"numpy": "3"}, {"numpy": "2"}])),
        ("requirements:\n  host:\n    - numpy >=1\n    - zlib 1.2\n", snapshot([{}])),
        ("requirements:\n  run:\n    - numpy\n", snapshot([{}])),
        (
            "requirements:\n  build:\n    - {{ compiler('c') }}\n    - {{ stdlib('c') }}\n",
            snapshot(
                [
                    {
                        "c_compiler": "gcc",
                        "c_stdlib_version": "2.17",
                        "c_stdlib": "sysroot",
                        "c_compiler_version": "13",
                    },
                    {
                        "c_compiler": "gcc",
                        "c_stdlib_version": "2.17",
                        "c_stdlib": "sysroot",
                        "c_compiler_version": "14",
                    },
                ]
            ),
        ),
        (
            "outputs:\n  - name: a\n    requirements:\n      host:\n        - mpi\n  - name: b\n",
            snapshot([{"mpi": "nompi"}, {"mpi": "mpich"}]),
        ),
    ],
)
def test_a_recipe_has_a_member_for_each_combination_of_the_keys_that_it_uses(
    text: str, expected: list[dict[str, str]]
) -> None:
    assert variants(text) == expected


def test_keys_that_only_one_variant_uses_make_variants_of_that_one() -> None:
    text = "requirements:\n  host:\n    - mpi\n    - {{ compiler('c') }}  # [mpi == 'mpich']\n"
    assert variants(text) == snapshot(
        [
            {"mpi": "nompi"},
            {"mpi": "nompi"},
            {"c_compiler": "gcc", "mpi": "mpich", "c_compiler_version": "13"},
            {"c_compiler": "gcc", "mpi": "mpich", "c_compiler_version": "14"},
        ]
    )


def test_noarch_sees_the_newest_python_alone_with_what_goes_together_with_it() -> None:
    text = "build:\n  noarch: python\nrequirements:\n  host:\n    - python\n    - numpy\n"
    assert variants(text) == [{"python": "3.13", "numpy": "3"}]


@pytest.mark.parametrize(
    ("skip", "left"),
    [
        ("skip: true  # [mpi == 'mpich']", ["nompi"]),
        ("skip: True  # [win]", ["nompi", "mpich"]),
        ("skip: {{ mpi == 'nompi' }}", ["mpich"]),
        ("skip: 1", []),
        ("skip: false", ["nompi", "mpich"]),
        ("skip:", ["nompi", "mpich"]),
    ],
)
def test_variants_that_skip_themselves_are_left_out(skip: str, left: list[str]) -> None:
    text = f"build:\n  {skip}\nrequirements:\n  host:\n    - mpi\n"
    assert [variant["mpi"] for variant in variants(text)] == left


def test_members_that_select_and_render_the_same_share_their_form() -> None:
    found = members(
        Source.of("requirements:\n  host:\n    - python\n    - mpi\na: 1  # [mpi == 'mpich']\n"), PINS, "linux-64"
    )
    assert len(found) == 6
    assert len({id(member.form) for member in found}) == 2


def test_what_translation_starts_from_has_the_used_keys_alone() -> None:
    text = "a: {{ mpi }}\noutputs:\n  - name: one\n    b: {{ cuda }}\n  - name: two\n"
    first = evaluated(members(Source.of(text), PINS, "linux-64"), PINS)
    assert (first.document, first.variant, first.used, first.used_by_output) == snapshot(
        (
            {"a": "nompi", "outputs": [{"name": "one", "b": "None"}, {"name": "two"}]},
            {"mpi": "nompi", "cuda": "None"},
            frozenset({"mpi"}),
            (frozenset({"cuda"}), frozenset()),
        )
    )


@pytest.mark.parametrize("value", [None, False, "", "false", "No", "off", "0", "none", " "])
def test_a_flag_that_is_off_is_off_however_it_is_written(value: object) -> None:
    assert not truth(value)


@pytest.mark.parametrize("value", [True, "true", "Yes", "1", "x"])
def test_a_flag_that_is_on_is_on(value: object) -> None:
    assert truth(value)
