"""Templates from ``dashboards``, everything in them escaped, a missing value an error and not a blank."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from controller.services.answers import whys
from controller.services.answers import words as meanings
from controller.services.answers.idling import idle_list
from controller.services.farm import Farm
from controller.web import ansi, words
from controller.web.bars import bar
from workers.contract.version import __version__


def dashboards() -> Path:
    """The folder of templates and static files: beside the package ``controller``, in a checkout as in a wheel."""
    beside = Path(str(resources.files("controller"))).parent / "dashboards"
    return beside if (beside / "templates").is_dir() else Path(str(resources.files("dashboards")))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(dashboards() / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False,
    )  # fmt: skip
    environment.filters |= {
        "duration": words.duration, "size": words.size, "short": words.short, "bar": bar, "ansi": ansi.line,
        "when": _when, "since": _since, "query": words.query, "segment": words.segment, "diff_class": words.diff_class,
    }  # fmt: skip
    environment.globals |= {
        "version": __version__, "category_marks": meanings.CATEGORY_MARKS,
        "category_labels": meanings.CATEGORY_LABELS, "amount": meanings.amount, "static": static,
        "why_head": whys.head, "why_facts": whys.facts, "why_following": whys.following,
        "why_worst": whys.worst,
    }  # fmt: skip
    return environment


@pass_context
def _when(context: Context, at: datetime | None) -> Markup:
    return words.instant(at, context["now"])


@pass_context
def _since(context: Context, at: datetime) -> str:
    return words.duration((context["now"] - at).total_seconds())


@cache
def static(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep it."""
    stat = (dashboards() / "static" / name).stat()
    return f"/static/{name}?v={stat.st_mtime_ns:x}"


def render(farm: Farm, template: str, values: Mapping[str, Any]) -> str:
    """A template as text."""
    return _environment().get_template(template).render(**values, now=farm.now())


def page(farm: Farm, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page, never kept by a browser: what it shows moves.

    Each says where nothing starts, but that of an error: the database may be what is away.
    """
    idle = [] if template == "problem" else idle_list(farm)
    text = render(farm, f"pages/{template}.html", {"idle": idle} | values)
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-cache"})
