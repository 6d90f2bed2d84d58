"""Small real packages, built by the real builder, for tests that must see what it really writes."""

from collections.abc import Sequence
from pathlib import Path

from rattler_build import JinjaConfig, PlatformConfig, RenderConfig, Stage0Recipe, ToolConfiguration, VariantConfig

_EMPTY = '{"info":{"subdir":"noarch"},"packages":{},"packages.conda":{}}'

LIBRARY = """
recipe: {name: libtoy, version: 0.3.1}
build: {number: 2}
outputs:
  - package: {name: libtoy}
    build: {script: ["mkdir -p $PREFIX/etc && echo hi > $PREFIX/etc/toy && ln -s toy $PREFIX/etc/toy2"]}
    requirements:
      run_exports:
        weak: ["${{ pin_subpackage('libtoy', upper_bound='x.x') }}"]
        strong_constraints: [foo <3]
  - package: {name: libtoy-devel}
    build: {script: ["mkdir -p $PREFIX/include && echo hi > $PREFIX/include/toy.h"]}
    requirements:
      host: ["${{ pin_subpackage('libtoy', exact=True) }}"]
      run: ["${{ pin_subpackage('libtoy', exact=True) }}"]
      run_constraints: [bar >2]
about: {license: MIT, license_family: MIT}
"""
TOOL = """
package: {name: toytool, version: "1.0"}
build: {script: ["mkdir -p $PREFIX/bin && echo hi > $PREFIX/bin/toytool"]}
requirements: {run_exports: {strong: [toyrt >=1], noarch: [toyrt]}}
"""
RUNTIME = """
package: {name: toyrt, version: "1.5"}
build: {noarch: generic, script: ["mkdir -p $PREFIX/bin && echo hi > $PREFIX/bin/toyrt"]}
"""
PINNED = """
package: {name: zoo, version: "1.9.3"}
build: {number: 4, script: ["mkdir -p $PREFIX/bin && echo hi > $PREFIX/bin/zoo"]}
"""
PROGRAM = """
package: {name: toyapp, version: "2.0"}
build: {script: ["mkdir -p $PREFIX/bin && echo hi > $PREFIX/bin/toyapp"]}
requirements:
  build: [toytool]
  host: [libtoy, libtoy-devel, zoo >=1]
  run:
    - toyrt
    - ${{ pin_compatible('zoo', upper_bound='x') }}
    - ${{ pin_compatible('libtoy', exact=True) }}
    - __glibc >=2.17
  run_constraints: [cons >=1]
tests:
  - script: ["true"]
  - script: ["true"]
    requirements: {run: [toyrt]}
about: {license: BSD-3-Clause}
"""


def build(channel: Path, work: Path, *recipes: str, variants: str = "", channels: Sequence[str] = ()) -> None:
    """Build each recipe for linux-64 into ``channel``, which the later ones see before ``channels``."""
    _make_channel(channel)
    platform = PlatformConfig(target_platform="linux-64", build_platform="linux-64", host_platform="linux-64")
    for number, recipe in enumerate(recipes):
        folder = work / str(number)
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(recipe)
        (folder / "variants.yaml").write_text(variants)
        names = [str(folder / "variants.yaml")] if variants else []
        config = VariantConfig.from_files_with_context(names, JinjaConfig(platform=platform))
        for variant in Stage0Recipe.from_file(str(folder / "recipe.yaml")).render(
            config, RenderConfig(platform=platform)
        ):
            variant.run_build(
                ToolConfiguration(test_strategy="skip"),
                output_dir=str(channel), channels=[channel.as_uri(), *channels], package_format="conda:3",
            )  # fmt: skip


def _make_channel(channel: Path) -> None:
    (channel / "noarch").mkdir(parents=True, exist_ok=True)
    if not (channel / "noarch" / "repodata.json").exists():
        (channel / "noarch" / "repodata.json").write_text(_EMPTY)
