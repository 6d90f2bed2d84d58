"""The shapes of why: what a plan does about a package, the way there, and what follows from it."""

from controller.services.answers.shape import Shape
from controller.services.answers.shapes import MemberShape


class WhyJob(Shape):
    """A job of a batch that does what the plan says."""

    id: str
    kind: str
    subdir: str
    mark: str
    label: str
    category: str


class WhyMember(MemberShape):
    """One output, what the plan does about it, and what that means."""

    sentence: str = ""
    jobs: tuple[WhyJob, ...] = ()


class PictureNode(Shape):
    """A package on the way. ``lane`` counts from the change on, ``place`` within the lane."""

    name: str
    lane: int
    place: int
    label: str
    mark: str = ""
    category: str = ""
    here: bool = False
    known: bool = True
    """Whether the plan says something about it; not so for a package of another channel, or for a pin."""


class Picture(Shape):
    """The because-paths as boxes and arrows: what led here, and the next that follow."""

    nodes: tuple[PictureNode, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    cut: int = 0
    """How many of the next are left out of it."""


class WhyAnswer(Shape):
    """What becomes of a package, why, and what follows."""

    name: str
    members: tuple[WhyMember, ...]
    batch: str = ""
    """Empty where no batch was asked about."""
    picture: Picture = Picture()
    followers: tuple[str, ...] = ()
    """Packages whose because-path leads through this one; the first few hundred."""
    following: int = 0
    """How many these are."""
