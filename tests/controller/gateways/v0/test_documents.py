import pytest

from controller.gateways.v0.documents import read_yaml
from controller.gateways.v0.faults import TooLargeError


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("package:\n" + " [\n" * 50_000, 42),
        ("a: " + "{a: " * 3_000, 1),
        ("a:\n" + " {a:\n" * 30_000, 42),
        ("- " * 50_000 + "x", 1),
        ("? " * 3_000 + "x", 1),
    ],
)
def test_nesting_without_end_is_refused_before_it_ends_the_process(text: str, line: int) -> None:
    with pytest.raises(TooLargeError, match="nested too deeply") as raised:
        read_yaml(text)
    assert abs((raised.value.line or 0) - line) <= 2


def test_brackets_in_scripts_are_no_nesting() -> None:
    script = "sed 's/[[]/{/' x\n"
    assert read_yaml("build:\n  script: |\n" + f"    {script}" * 100)["build"]["script"] == script * 100
