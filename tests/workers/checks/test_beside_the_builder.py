"""The same packages tested by py-rattler-build's own runner: what it finds, the farm finds, but for what 0019 names."""

import sys
from pathlib import Path

import pytest
from rattler_build import Package

from tests.kit.checked import carrying, channel_of, checked, program, python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the packages' programs are shell scripts")

AT = "etc/conda/test-files/toy/0"
OTHERS = (
    python("3.10.2"), python("3.11.4"), program("pip", "exit ${PIP_VERDICT:-0}"), program("tool", "echo ready"),
    program("perl", "! grep -q No::Such $1"), program("r-base", "! grep -q nothing $1", program="Rscript"),
    program("ruby", "! grep -q nothing $1"), carrying({"script": {"content": "toy"}}, name="user", depends=("toy",)),
    carrying({"script": {"content": "toy | grep other"}}, name="strict-user", depends=("toy",)),
)  # fmt: skip
TESTS = {
    "true": {"script": {"content": "true"}},
    "false": {"script": {"content": "false"}},
    "false in a list": {"script": {"content": ["false", "true"]}},
    "false in a pipe": {"script": {"content": "false | cat"}},
    "unset variable": {"script": {"content": 'test -z "$NO_SUCH_VARIABLE"'}},
    "exit": {"script": {"content": "exit 3"}},
    "killed": {"script": {"content": "kill -9 $$"}},
    "its own program": {"script": {"content": "toy | grep mine"}},
    "prefix": {"script": {"content": ['test "$PREFIX" = "$CONDA_PREFIX"', "test -x $PREFIX/bin/toy"]}},
    "package variables": {"script": {"content": 'test "$PKG_NAME $PKG_VERSION $PKG_BUILDNUM" = "toy 1.0 0"'}},
    "state": {"script": {"content": 'test "$CONDA_BUILD_STATE $SUBDIR $target_platform" = "TEST linux-64 linux-64"'}},
    "site-packages": {"script": {"content": 'test "$SP_DIR" = "$PREFIX/lib/python3.11/site-packages"'}},
    "locale": {"script": {"content": 'test "$LC_ALL" = C.UTF-8'}},
    "farm's variables": {"script": {"content": 'test -z "$RATTLER_CACHE_DIR$PYTHONPATH"'}},
    "variant": {"script": {"content": 'test "$cxx_compiler" = gxx && test -z "$numpy"'}},
    "files": {"script": {"content": ["grep 1 data.txt", "test ! -e info"], "cwd": AT}},
    "no such files": {"script": {"content": "true", "cwd": "etc/nowhere"}},
    "env": {"script": {"content": 'test "$LEVEL" = "a  \'b\'"', "env": {"LEVEL": "a  'b'"}}},
    "a tool": {"script": {"content": "tool"}, "requirements": {"run": ["tool"]}},
    "without the tool": {"script": {"content": "tool"}},
    "build tool": {
        "script": {"content": ["tool", "test ! -e $PREFIX/bin/tool", 'test -n "$BUILD_PREFIX" || true']},
        "requirements": {"build": ["tool"]},
    },
    "python script": {"script": {"interpreter": "python", "content": "import sys; sys.exit(0)"}},
    "python script that fails": {"script": {"interpreter": "python", "content": "import sys\nsys.exit(4)"}},
    "unknown interpreter": {"script": {"interpreter": "fortran", "content": "x"}},
    "missing interpreter": {"script": {"interpreter": "nu", "content": "x"}},
    "import": {"python": {"imports": ["json"]}},
    "import without pip": {"python": {"imports": ["json", "csv"], "pip_check": False}},
    "import of nothing": {"python": {"imports": ["nothing_of_the_kind"], "pip_check": False}},
    "two versions": {"python": {"imports": ["json"], "python_version": ["3.10.*", "3.11.*"]}},
    "one version": {"python": {"imports": ["json"], "python_version": "3.10"}},
    "no such version": {"python": {"imports": ["json"], "python_version": "2.7.*"}},
    "perl": {"perl": {"uses": ["strict"]}},
    "perl without": {"perl": {"uses": ["strict", "No::Such"]}},
    "r": {"r": {"libraries": ["stats"]}},
    "r without": {"r": {"libraries": ["nothing"]}},
    "ruby": {"ruby": {"requires": ["json"]}},
    "ruby without": {"ruby": {"requires": ["nothing"]}},
    "unsolvable": {"script": {"content": "true"}, "requirements": {"run": ["no-such-tool"]}},
}


def test_every_kind_of_test_has_the_verdict_that_the_builder_gives(tmp_path: Path, cache: Path) -> None:
    info = {"info/hash_input.json": b'{"cxx_compiler": "gxx", "numpy": "2.0"}'}
    files = {"bin/toy": b"#!/bin/sh\necho mine\n", f"{AT}/data.txt": b"1\n"}
    package = carrying(*TESTS.values(), info=info, files=files, depends=("python",))
    channel = channel_of(tmp_path / "channel", *OTHERS)
    path = package.write(tmp_path / "package")
    archive = Package.from_file(path)
    theirs = {name: archive.run_test(number, channel=[channel]).success for number, name in enumerate(TESTS)}
    done = checked(path, tmp_path / "run", (channel,))
    ours = {name: end.outcome == "passed" for name, end in zip(TESTS, done.result.tests, strict=True)}
    assert {name: good for name, good in ours.items() if good != theirs[name]} == {}, done.text
    assert 12 <= sum(theirs.values()) <= len(TESTS) - 12, "both verdicts are there"


@pytest.mark.parametrize("dependent", ["user", "strict-user"])
def test_a_downstream_test_has_the_verdict_that_the_builder_gives(tmp_path: Path, cache: Path, dependent: str) -> None:
    """Alone in its package: elsewhere the builder runs of the dependent's tests the one at the same place, or fails."""
    package = carrying({"downstream": dependent}, files={"bin/toy": b"#!/bin/sh\necho mine\n"})
    channel = channel_of(tmp_path / "channel", *OTHERS)
    path = package.write(tmp_path / "package")
    theirs = Package.from_file(path).run_test(0, channel=[channel]).success
    done = checked(path, tmp_path / "run", (channel,))
    assert (done.outcomes == ["passed"]) == theirs == (dependent == "user"), done.text
