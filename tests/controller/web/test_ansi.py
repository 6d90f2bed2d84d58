"""Log lines as HTML: text stays text, colours become classes, everything else a terminal obeys is dropped."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.web.ansi import line


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("\x1b[31mred\x1b[0m not", '<span class="c1">red</span> not'),
        ("\x1b[1;91mbold red\x1b[39m bold", '<span class="b c1">bold red</span><span class="b"> bold</span>'),
        ("\x1b[38;5;196mx\x1b[48;2;1;2;3my\x1b[mz", "xyz"),
        ("\x1b[38;5;1;4munder", '<span class="u">under</span>'),
        ("\x1b[2K\x1b[1Gdone\x1b[?25h", "done"),
        ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x07", "link"),
        ("bell\x07 back\x08 nul\x00", "bell back nul"),
        ("\u202eevil", "evil"),
        ("half \x1b[", "half ["),
    ],
)
def test_what_a_line_becomes(text: str, html: str) -> None:
    assert str(line(text)) == html


def test_a_line_without_end_is_cut_and_says_so() -> None:
    assert str(line("x" * 5_000)).endswith('<span class="cut">… 1000 more characters</span>')


class Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, object]] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append((tag, attrs))
        self.depth += 1

    def handle_endtag(self, _tag: str) -> None:
        self.depth -= 1


PIECES = st.sampled_from(
    ["\x1b[", "\x1b]", "31", ";", "m", "<", ">", '"', "'", "&", "script", "\x07", "\x1b\\", "a", " "]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_whatever_comes_only_spans_with_classes_come_out(text: str) -> None:
    reader = Text()
    reader.feed(str(line(text)))
    reader.close()
    assert reader.depth == 0
    assert {tag for tag, _ in reader.tags} <= {"span"}
    assert "\x1b" not in str(line(text))
