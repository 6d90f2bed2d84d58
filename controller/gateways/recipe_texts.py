"""Recipes written as text for people: sections apart, long text as blocks, lists indented."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """PyYAML's, with items of lists indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 -- its signature
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # A block that ends in blank lines would end the document with it, and sections are written one by one.
    block = "\n" in text and text.strip() and not text.endswith("\n\n")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


_Dumper.add_representer(str, _text)


def recipe_text(document: Mapping[str, Any], comments: Iterable[str] = ()) -> str:
    """The document as YAML that reads back as the same, below its comments."""
    head = "".join(f"# {line}\n" for comment in comments for line in comment.splitlines())
    return head + "\n".join(_section(key, value) for key, value in document.items())


def _section(key: str, value: Any) -> str:
    return str(yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))
