"""Recipes of the old format, really built and really tested: read, translated, ordered, built by a worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.gateways.pins import NO_PINS, Pins
from controller.gateways.v0.reading import read_v0, translations
from tests.kit.fake_controller import Attempt, RunningController
from tests.kit.old_recipes import old_recipe
from tests.kit.orders import HERE, build_order, check_order, publish
from workers.contract.jobs import JobSpec, PlannedFile
from workers.contract.reports import Outcome

Run = Callable[[JobSpec], Attempt]
pytestmark = pytest.mark.skipif(HERE.startswith("win-"), reason="the scripts are for a POSIX shell")


def order(controller: RunningController, folder: Path, pins: Pins = NO_PINS, number: int = 7) -> JobSpec:
    """The order that the controller writes for a recipe of the old format."""
    outputs = read_v0(folder, folder.name, pins, HERE, "", number)
    files = [
        PlannedFile(
            name=o.name, version=o.version, build=o.build, build_number=o.build_number, subdir=o.subdir,
            file_name=o.file_name, variant=dict(o.variant),
        )
        for o in outputs
    ]  # fmt: skip
    spec = build_order(controller, folder, number=number, files=files)
    translated = translations(folder, pins, HERE, outputs)
    return spec.model_copy(update={"order": spec.order.model_copy(update={"translations": translated})})


def built_and_tested(controller: RunningController, run: Run, spec: JobSpec) -> list[Attempt]:
    """Build what was ordered, publish it, run its tests; the attempts of the tests."""
    made = run(spec)
    assert made.report.outcome is Outcome.PASSED, made.text
    checks = publish(controller, list(controller.attempts)[-1])
    return [run(check_order(check)) for check in checks]


LIBRARY = """
{% set name = "libold" %}
{% set version = "1.2" %}
package:
  name: {{ name|lower }}
  version: {{ version }}
source:
  path: src
  patches:
    - answer.patch  # [unix]
    - windows.patch  # [win]
build:
  number: 3
  run_exports:
    - {{ pin_subpackage(name, max_pin="x.x") }}
test:
  commands:
    - test -f $PREFIX/lib/libold.a
    - test "$(cat $PREFIX/share/answer.txt)" = 42
about:
  license: MIT
"""
BUILD = """
set -eux
cc -c old.c -o old.o && ar rcs libold.a old.o
mkdir -p $PREFIX/lib $PREFIX/share && cp libold.a $PREFIX/lib/
cp answer.txt $PREFIX/share/
test "$PKG_NAME" = libold && test "$PKG_VERSION" = 1.2 && test "$PKG_BUILDNUM" = 7
test -f "$RECIPE_DIR/meta.yaml"
"""
PATCH = """--- a/answer.txt
+++ b/answer.txt
@@ -1 +1 @@
-41
+42
"""


def test_a_library_with_a_build_script_and_a_patch(controller: RunningController, tmp_path: Path, run: Run) -> None:
    folder = old_recipe(tmp_path / "libold", LIBRARY, build__sh=BUILD, answer__patch=PATCH)
    (folder / "src").mkdir()
    (folder / "src" / "old.c").write_text("int old(void) { return 42; }\n")
    (folder / "src" / "answer.txt").write_text("41\n")
    (check,) = built_and_tested(controller, run, order(controller, folder))
    assert check.report.outcome is Outcome.PASSED, check.text
    assert [test.kind for test in check.report.tests] == ["commands"]


SPLIT = """
package: {name: split, version: "2.0"}
build:
  number: 0
  script: mkdir -p $PREFIX/bin $PREFIX/share/split && echo lib > $PREFIX/share/split/a && echo run > $PREFIX/bin/split
outputs:
  - name: split-data
    files:
      - share/split
    test:
      commands:
        - test -f $PREFIX/share/split/a
        - test ! -e $PREFIX/bin/split
  - name: split-tools
    script: install-tools.sh
    requirements: {run: ["{{ pin_subpackage('split-data', exact=True) }}"]}
    test:
      commands:
        - test -f $PREFIX/bin/extra
        - test -f $PREFIX/share/split/a
  - name: split-meta
    build: {noarch: generic}
    requirements: {run: [split-tools]}
    test: {commands: [test -f $PREFIX/bin/extra]}
"""


def test_outputs_that_share_what_the_recipe_builds(controller: RunningController, tmp_path: Path, run: Run) -> None:
    script = "set -e\nmkdir -p $PREFIX/bin\necho extra > $PREFIX/bin/extra\n"
    folder = old_recipe(tmp_path / "split", SPLIT, **{"install-tools__sh": script})
    checks = built_and_tested(controller, run, order(controller, folder))
    assert [check.report.outcome for check in checks] == [Outcome.PASSED] * 3, "\n".join(c.text for c in checks)


VARIANTS = """
package: {name: taste, version: "1.0"}
build:
  number: 0
  script:
    - mkdir -p $PREFIX/share
    - echo '{% raw %}${{ x }}{% endraw %}' > $PREFIX/share/text
    - echo {{ flavour }} > $PREFIX/share/taste  # [flavour != "bitter"]
    - echo strong > $PREFIX/share/taste         # [flavour == "bitter"]
test:
  files:
    - expected.txt
  commands:
    - test -f $PREFIX/share/taste
    - grep -F '{% raw %}${{ x }}{% endraw %}' $PREFIX/share/text
"""


def test_two_variants_of_two_forms(controller: RunningController, tmp_path: Path, run: Run) -> None:
    folder = old_recipe(
        tmp_path / "taste", VARIANTS, expected__txt="strong\n",
        run_test__sh='grep -q "^s" $PREFIX/share/taste\ntest -f expected.txt\n',
    )  # fmt: skip
    pins = Pins({"flavour": ("sweet", "bitter")})
    checks = built_and_tested(controller, run, order(controller, folder, pins))
    assert len(checks) == 2
    assert [check.report.outcome for check in checks] == [Outcome.PASSED] * 2, "\n".join(c.text for c in checks)


LINKED = """
package: {name: linked, version: "1.0"}
build: {number: 0, noarch: generic}
test: {commands: [test -f $PREFIX/share/linked, test -f $PREFIX/bin/.linked-post-link.sh]}
"""


def test_a_post_link_script_is_packed_beside_what_the_build_makes(
    controller: RunningController, tmp_path: Path, run: Run
) -> None:
    files = {
        "build__sh": "mkdir -p $PREFIX/share; echo a > $PREFIX/share/linked\n",
        "post-link__sh": "#!/bin/sh\ntrue\n",
    }
    (check,) = built_and_tested(controller, run, order(controller, old_recipe(tmp_path / "linked", LINKED, **files)))
    assert check.report.outcome is Outcome.PASSED, check.text


def test_a_failing_test_of_an_old_recipe_fails(controller: RunningController, tmp_path: Path, run: Run) -> None:
    folder = old_recipe(
        tmp_path / "linked", LINKED, build__sh="mkdir -p $PREFIX/share; echo a > $PREFIX/share/linked\n"
    )
    (check,) = built_and_tested(controller, run, order(controller, folder))
    assert check.report.outcome is Outcome.FAILED
