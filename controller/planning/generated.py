"""Recipes as rattler-build's generators write them: what is wrong there and certain to be right, is put right.

Facts about the generators are those of rattler-build 0.73. What is only likely is told, never changed.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

_FILES = "https://files.pythonhosted.org/packages/"
_HASHED = re.compile(r"^(?!\w+://).*?packages/(?P<path>[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/[^/]+)$")
_ARCHIVE = re.compile(r"^(?P<root>https://cran\.r-project\.org/src/contrib/Archive)/(?P<file>(?P<name>[^/_]+)_[^/]+)$")
_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^\]]*\])?\s*\(?(?P<bounds>[^();@]*)\)?\s*"
    r"(?:;(?P<marker>.*))?$"
)
_PYTHON = re.compile(r"^python >=(?P<floor>\d+(?:\.\d+)*)(?P<rest>.*)$")
_LONG = 12
"""Lines; what is longer is a README."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A document put right, with a sentence for each change, and for each thing that a person should look at."""

    document: Document
    repairs: tuple[str, ...]
    remarks: tuple[str, ...]


def repaired(generated: Document, ecosystem: str, python_min: str = "") -> Repaired:
    """The repaired document of a package of ``pypi``, ``cran``, ``cpan`` or ``luarocks``.

    ``python_min`` is what the tree's pins say is the oldest Python, empty where they do not say.
    """
    document: Document = {"schema_version": 1, **deepcopy(generated)}
    rules = [*_OF_PYPI, _python_min(python_min)] if ecosystem == "pypi" else _OF_CRAN if ecosystem == "cran" else []
    repairs = [sentence for rule in (*rules, *_OF_ALL) for sentence in rule(document)]
    remarks = list(_remarks(document)) if ecosystem == "pypi" else []
    return Repaired(document, tuple(repairs), tuple(remarks))


# Of every generator --------------------------------------------------------------------------------------------------


def _number(document: Document) -> Iterator[str]:
    build = document.setdefault("build", {})
    if "number" not in build:
        build["number"] = 0
        yield "build.number was missing: 0, as of a new version."


def _description(document: Document) -> Iterator[str]:
    about = document.get("about") or {}
    text = str(about.get("description") or "")
    if "${{" in text:
        del about["description"]
        yield "about.description held ${{, which the builder would take for an expression: left out."
    elif text.count("\n") > _LONG:
        del about["description"]
        yield f"about.description was a README of {text.count(chr(10))} lines: left out, for the summary says it."


# Of PyPI -------------------------------------------------------------------------------------------------------------


def _sources(document: Document) -> Iterator[dict[str, Any]]:
    found = document.get("source") or []
    yield from found if isinstance(found, list) else [found]


def _addresses(document: Document) -> Iterator[str]:
    """PyPI keeps each file under the digest of its content, so the path is the same wherever an index sends us."""
    version = str((document.get("context") or {}).get("version", ""))
    for source in _sources(document):
        plain = str(source.get("url", "")).replace("${{ version }}", version)
        hashed = _HASHED.match(plain)
        if hashed:
            source["url"] = f"{_FILES}{hashed['path']}"
            yield "The source's address was relative to the index: it names PyPI's own file now."


def _specs(document: Document) -> Iterator[str]:
    requirements = document.get("requirements") or {}
    for section in ("host", "run"):
        kept = []
        for written in requirements.get(section) or []:
            spec, sentence = _conda_spec(str(written))
            kept += [spec] if spec else []
            if sentence:
                yield f"{section}: {sentence}"
        if kept:
            requirements[section] = list(dict.fromkeys(kept))


def _conda_spec(written: str) -> tuple[str, str]:
    """A requirement of PEP 508 as a match spec; empty where it holds only under a condition. And what was changed."""
    found = _REQUIREMENT.match(written.strip())
    if not found:
        return written, ""
    if found["marker"]:
        return "", f"'{written}' was left out, for it holds only under a condition."
    spec = f"{found['name'].lower()} {''.join(found['bounds'].split())}".strip()
    if found["extras"]:
        return spec, f"'{written}' is '{spec}' now: conda has no extras; add what {found['extras']} brings."
    return spec, "" if spec == written else f"'{written}' is '{spec}' now, as a match spec is written."


def _python_in_run(document: Document) -> Iterator[str]:
    requirements = document.setdefault("requirements", {})
    run = requirements.setdefault("run", [])
    if not any(re.match(r"python\b(?![-_.])", spec) for spec in run):
        run.insert(0, "python")
        yield "run had no python, for the package names no version of it: it needs one all the same."


def _tests(document: Document) -> Iterator[str]:
    if not document.get("tests"):
        module = re.sub("[-.]+", "_", str(document["package"]["name"]))
        document["tests"] = [{"python": {"imports": [module], "pip_check": True}}]
        yield f"It had no tests: the import of {module} is one."


def _python_min(oldest: str) -> Callable[[Document], Iterator[str]]:
    """CFEP 25: a noarch package is built and tested with the oldest Python that it promises to run with."""

    def rule(document: Document) -> Iterator[str]:
        requirements = document["requirements"]
        python = next((found for spec in requirements["run"] if (found := _PYTHON.match(spec))), None)
        if not oldest or not python or document.get("build", {}).get("noarch") != "python":
            return
        if _numbers(python["floor"]) > _numbers(oldest):
            document.setdefault("context", {})["python_min"] = python["floor"]
        _set_python(requirements, "host", "python ${{ python_min }}.*")
        _set_python(requirements, "run", f"python >=${{{{ python_min }}}}{python['rest']}")
        for test in document["tests"]:
            if "python" in test:
                test["python"]["python_version"] = "${{ python_min }}.*"
        yield "It is noarch: built and tested with python_min of the tree's pins, as CFEP 25 has it."

    return rule


def _set_python(requirements: Document, section: str, spec: str) -> None:
    specs = requirements.get(section) or []
    requirements[section] = [spec if _PYTHON.match(old) or old == "python" else old for old in specs]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _remarks(document: Document) -> Iterator[str]:
    host = [spec.split()[0] for spec in (document["requirements"].get("host") or [])]
    if set(host) <= {"python", "pip"}:
        yield "host names no build backend. Where pyproject.toml names none either, it is setuptools (PEP 517)."
    if "noarch" not in document.get("build", {}) and not document["requirements"].get("build"):
        yield "It is compiled for each platform, and names no compiler: add ${{ compiler('c') }}, or what it needs."
    imports = [name for test in document["tests"] for name in (test.get("python") or {}).get("imports", [])]
    if imports:
        yield f"The test imports {', '.join(imports)}, which is a guess from the package's name."
    yield "Requirements go by their names on PyPI; a channel may name them otherwise."


# Of CRAN -------------------------------------------------------------------------------------------------------------


def _archive(document: Document) -> Iterator[str]:
    for source in _sources(document):
        urls = source["url"] if isinstance(source.get("url"), list) else []
        for place, url in enumerate(urls):
            old = _ARCHIVE.match(url)
            if old:
                urls[place] = f"{old['root']}/{old['name']}/{old['file']}"
                yield "CRAN's archive has a folder for each package: the source's second address names it now."


_OF_PYPI = (_addresses, _specs, _python_in_run, _tests)
_OF_CRAN = (_archive,)
_OF_ALL = (_number, _description)
