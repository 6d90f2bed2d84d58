"""The pages of ``docs/reference``, drawn from what they describe: ``make reference`` writes them, a test compares."""

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from typer.main import get_command

from controller.cli import output
from controller.cli.main import app
from controller.domain import errors
from controller.domain.batches import BATCH_MOVES, BatchState
from controller.domain.errors import FarmError
from controller.domain.jobs import ATTEMPT_MOVES, JOB_MOVES, AttemptState, JobState
from controller.domain.rule_words import RULE_WORDS
from controller.domain.wording import (
    ATTEMPT_WORDS,
    BATCH_WORDS,
    JOB_WORDS,
    MEMBERSHIP_WORDS,
    OUTCOME_WORDS,
    VERDICT_WORDS,
    Words,
)
from controller.services.answers.help import TOPICS
from controller.settings import Settings, Watched

_MADE = "<!-- Made by `make reference`; edits here are lost. -->"
_EXIT_CODES = {
    output.DONE: "Done.",
    output.FAILED: "It failed, or was answered with no.",
    output.MISUSE: "Misuse: a word, an option or a value that makes no sense here.",
    output.NOT_SIGNED_IN: "Not permitted: no token, or the wrong one.",
    output.NOT_FOUND: "No such thing.",
    output.REFUSED: "A promotion gate said no.",
    output.WATCHED_FAILED: "What was watched did not pass (`--exit-status`).",
}
_VARIABLES = {
    "FARM_SERVER": "Address of the controller; `--server` beats it.",
    "FARM_DATA": "The farm's data folder; `--data` beats it. Beside it a command finds the controller and the token.",
    "FARM_TOKEN": "The administrator's token; `--token-file` beats it, and it beats the one in the data folder.",
    "FARM_USER": "Who acts, for the record; without it the user of this machine.",
    "NO_COLOR": "Set to anything: no colours.",
}


def pages() -> dict[str, str]:
    """Every page by its file name."""
    drawn = {
        "cli.md": _cli(),
        "settings.md": _settings(),
        "states.md": _states(),
        "errors.md": _errors(),
        "rules.md": _rules(),
    }
    return {name: "\n".join((_MADE, "", *lines)).rstrip() + "\n" for name, lines in drawn.items()}


def _table(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> list[str]:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return [f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in line)} |" for line in lines] + [""]


# The command line ----------------------------------------------------------------------------------------------------


def _cli() -> Iterator[str]:
    root = get_command(app)
    yield from ("# The command line", "", _prose(root.help), "")
    yield from (
        "Data goes to stdout, all else to stderr. `-o json`, `-o yaml` and `-o name` keep their shape from version to",
        "version; tables do not. Nothing is asked without a terminal: say `--yes`.", "",
    )  # fmt: skip
    yield from ("## Options of every command", "", *_options(root))
    yield from ("## Variables", "", *_table(("variable", "what it says"), _coded(_VARIABLES)))
    yield from ("## Exit codes", "", *_table(("code", "meaning"), _coded(_EXIT_CODES)))
    for name, command in sorted(_leaves(root, "farm")):
        yield from _command(name, command)


def _coded(table: Mapping[Any, str]) -> Iterator[tuple[str, str]]:
    return ((f"`{key}`", words) for key, words in table.items())


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for word, child in children.items():
        yield from _leaves(child, f"{name} {word}")


def _command(name: str, command: Any) -> Iterator[str]:
    paragraphs = (command.help or "").split("\n\n")
    arguments = [f" {param.name.upper()}" for param in command.params if param.param_type_name == "argument"]
    yield from (f"## {name}", "", "```console")
    yield f"$ {name}{''.join(arguments)} [OPTIONS]"
    yield from (f"$ {text.removeprefix('Example: ')}" for text in paragraphs if text.startswith("Example: "))
    yield from ("```", "")
    for text in paragraphs:
        if not text.startswith("Example: "):
            yield from (_prose(text), "")
    yield from _options(command)


def _options(command: Any) -> list[str]:
    """What may be said with a command. What every command takes is told once, at the top of the page."""
    everywhere = {"server", "data", "token_file"} if _asks(command) else set()
    shown = [param for param in command.params if param.name not in everywhere and "completion" not in param.name]
    return _table(("option", "meaning", "default"), ((_name(p), p.help, _default(p)) for p in shown)) if shown else []


def _asks(command: Any) -> bool:
    return not hasattr(command, "commands") and any(param.name == "server" for param in command.params)


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.name.upper()}`"
    value = "" if param.is_flag else f" {param.name.upper()}"
    return ", ".join(f"`{word}`" for word in (*param.opts[:-1], f"{param.opts[-1]}{value}"))


def _default(param: Any) -> str:
    if param.required:
        return "needed"
    if param.default in {None, "", False} or param.default == ():
        return ""
    return f"`{param.default.value if isinstance(param.default, StrEnum) else param.default}`"


def _prose(text: str | None) -> str:
    return (text or "").replace("[bold]", "`").replace("[/bold]", "`").strip()


# Settings, states, errors --------------------------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    yield from (
        "# Settings", "",
        "An option of `farm up` beats the environment, the environment beats `farm.toml` in the current folder, and",
        "that beats the default. In `farm.toml` a setting goes by its name; lists are JSON in the environment:",
        "`FARM_SUBDIRS='[\"linux-64\", \"linux-aarch64\"]'`.", "",
    )  # fmt: skip
    prefix = Settings.model_config["env_prefix"]
    fields = Settings.model_fields.items()
    rows = (
        (f"`{name}`", f"`{prefix}{name.upper()}`", _value(field.default), field.description) for name, field in fields
    )
    yield from _table(("name", "variable", "default", "meaning"), rows)
    yield from ("", "## A table `[[watch]]`", "")
    keys = Watched.model_fields.items()
    watched = ((f"`{name}`", "" if key.is_required() else _value(key.default), key.description) for name, key in keys)
    yield from _table(("name", "default", "meaning"), watched)


def _value(default: object) -> str:
    return "" if default in {"", ()} else f"`{default}`"


def _rules() -> Iterator[str]:
    yield from (
        "# Rules of the decision",
        "",
        "Every job of a plan, and everything that it leaves alone, cites one.",
        "",
    )
    yield from (
        "The reasons, with examples, are in [what a change forces](../explanation/what-a-change-forces.md).",
        "",
    )
    rows = ((f"`{rule}`", words.title, ", ".join(sorted(words.verdicts))) for rule, words in RULE_WORDS.items())
    yield from _table(("rule", "it is cited where", "the package is then"), rows)
    yield from ("## What becomes of a package", "", *_words(MEMBERSHIP_WORDS))


def _states() -> Iterator[str]:
    yield from ("# States and moves", "", "What is not in these tables cannot happen: a service that tries is refused.")
    yield from ("", *_machine("Jobs", JOB_MOVES, JOB_WORDS, (JobState.WAITING, JobState.READY)))
    yield from _machine("Attempts", ATTEMPT_MOVES, ATTEMPT_WORDS, (AttemptState.LEASED,))
    yield from _machine("Batches", BATCH_MOVES, BATCH_WORDS, (BatchState.HELD, BatchState.RUNNING))
    yield from ("## Outcomes", "", "What a worker reports of an attempt.", "", *_words(OUTCOME_WORDS))
    yield from ("## Verdicts", "", "What a promotion gate answers.", "", *_words(VERDICT_WORDS))


def _machine(
    title: str, moves: Mapping[tuple[Any, Any], Any], words: Mapping[Any, Words], first: tuple[StrEnum, ...]
) -> Iterator[str]:
    yield from (f"## {title}", "", "```mermaid", "stateDiagram-v2")
    yield from (f"    [*] --> {state.value}" for state in first)
    yield from (f"    {before.value} --> {after.value}: {event.value}" for (before, event), after in moves.items())
    leaving = {before for before, _ in moves}
    yield from (f"    {state.value} --> [*]" for state in words if state not in leaving)
    yield from ("```", "", *_words(words))
    rows = ((before.value, event.value, after.value) for (before, event), after in moves.items())
    yield from _table(("from", "when", "to"), rows)


def _words(words: Mapping[Any, Words]) -> list[str]:
    rows = ((f"`{key.value}`", f"{w.mark} {w.label}", w.sentence, w.category.value, w.acts) for key, w in words.items())
    return _table(("state", "shown as", "meaning", "category", "who must act"), rows)


def _errors() -> Iterator[str]:
    yield from (
        "# Errors", "",
        "Every error says what, why and the next step, on a page, in the API (`application/problem+json`) and at the",
        "terminal. Its code never changes; a controller serves the same text at `/help/CODE`.", "",
    )  # fmt: skip
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, FarmError):
            yield from _error(kind)


def _error(kind: type[FarmError]) -> Iterator[str]:
    topic = TOPICS[kind.code]
    yield from (f"## {kind.code}", "", f"**{topic.title}.** {topic.meaning}", "")
    yield f"A command that meets it ends with {output.exit_code(kind(''))}."
    for head, lines in (("Usual causes", topic.causes), ("What to do", topic.remedies)):
        if lines:
            yield from ("", f"{head}:", "", *(f"- {line}" for line in lines))
    yield ""


def write(folder: Path) -> None:
    """Write every page into ``folder``."""
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
