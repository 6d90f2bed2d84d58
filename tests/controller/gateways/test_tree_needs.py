"""What jobs ask of workers, as a tree's people write it."""

import pytest

from controller.domain.needs import Needs, NeedsRule
from controller.gateways.tree_file import TreeFileError, read_tree_file

WHOLE = b"""
[[tree.needs]]
packages = ["*tensorflow*", "jaxlib"]
kinds = ["build"]
cores = 8
memory = "16G"
disk = "100 GiB"

[[tree.needs]]
packages = ["cudnn"]
subdirs = ["linux-64"]
labels = ["gpu"]
gpus = 1
virtual = ["__cuda >=12"]
"""


def test_a_tree_says_what_its_jobs_ask_for() -> None:
    assert read_tree_file(WHOLE).policy.needs == (
        NeedsRule(
            ("*tensorflow*", "jaxlib"), Needs(cores=8, memory_bytes=16 * 2**30, disk_bytes=100 * 2**30), (), ("build",)
        ),
        NeedsRule(("cudnn",), Needs(labels=("gpu",), gpus=1, virtual=("__cuda >=12",)), ("linux-64",)),
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('ram = "1G"', "ram"), ('memory = "much"', "memory"), ("cores = -1", "cores"), ('labels = ["a b"]', "label"),
        ('virtual = ["cuda"]', "virtual"), ('kinds = ["promote"]', "kinds"), ("packages = 3", "packages"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_named(line: str, told: str) -> None:
    named = "" if line.startswith("packages") else 'packages = ["x"]\n'
    with pytest.raises(TreeFileError, match=told):
        read_tree_file(f"[[tree.needs]]\n{named}{line}\n".encode())


def test_needs_of_no_package_are_refused() -> None:
    with pytest.raises(TreeFileError, match="packages"):
        read_tree_file(b"[[tree.needs]]\ncores = 2\n")
