"""The names that a channel has, read out of its index."""

from pathlib import Path

import pytest

from controller.domain.errors import UpstreamError
from controller.gateways.provided import provided_names
from tests.kit.indexed import channel


def test_every_name_of_the_subdirs_and_of_noarch_is_provided(tmp_path: Path) -> None:
    one = channel(tmp_path / "one", noarch=["pure"], linux_64=["zlib"], osx_64=["libcxx"])
    two = channel(tmp_path / "two", linux_64=["bzip2"])
    assert provided_names([one, two], ["linux-64"]) == {"pure", "zlib", "bzip2"}
    assert provided_names([one], ["osx-64", "linux-64"]) == {"pure", "zlib", "libcxx"}


def test_a_folder_may_be_named_by_its_path(tmp_path: Path) -> None:
    channel(tmp_path / "one", noarch=["pure"])
    assert provided_names([str(tmp_path / "one")], ["linux-64"]) == {"pure"}


@pytest.mark.parametrize("named", ["/nowhere/at/all", "http://127.0.0.1:9/channel", "file:///nowhere"])
def test_a_channel_that_is_away_is_said(named: str) -> None:
    with pytest.raises(UpstreamError, match=r"The index of .* cannot be read"):
        provided_names([named], ["linux-64"])
