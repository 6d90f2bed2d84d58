"""What a file records of its making is compared with what was planned, by the controller too."""

import pytest

from controller.domain.artifacts import Artifact, UsedPackage
from controller.domain.errors import ArtifactRefusedError
from controller.services.results import _expect_parents
from workers.contract.jobs import BuildOrder, PlannedParent

FILE = "app-1.0-h0_0.conda"
PARENT = PlannedParent(name="lib", file_name="lib-2.0-h1_3.conda", section="host", needed_by=(FILE,))
ORDER = BuildOrder(
    recipe="app", source_sha256="0" * 64, variant_config="", target_platform="linux-64", build_platform="linux-64",
    build_number=0, files=(), parents=(PARENT,),
)  # fmt: skip


def made_with(section: str, version: str) -> Artifact:
    lib = UsedPackage(section=section, name="lib", version=version, build="h1_3", subdir="linux-64", direct=True)
    return Artifact(
        file_name=FILE, subdir="linux-64", name="app", version="1.0", build="h0_0", build_number=0, sha256="1" * 64,
        md5="2" * 32, size=1, timestamp_ms=0, used=(lib,),
    )  # fmt: skip


def test_a_file_made_with_its_planned_parent_is_taken() -> None:
    _expect_parents(ORDER, made_with("host", "2.0"))


@pytest.mark.parametrize(("section", "version"), [("host", "1.9"), ("build", "2.0")])
def test_a_file_made_with_another_is_refused_and_says_which_was_planned(section: str, version: str) -> None:
    with pytest.raises(ArtifactRefusedError, match=r"lib-2\.0-h1_3\.conda in host"):
        _expect_parents(ORDER, made_with(section, version))
