"""The one tree of errors. Each says what is wrong, why, and the next step; none knows of HTTP."""

from typing import ClassVar


class FarmError(Exception):
    """Something the farm refuses or cannot do, said for the person who meets it.

    ``code`` is stable and names the help page; ``remedy`` is the next step.
    """

    code: ClassVar[str] = "farm_error"

    def __init__(self, what: str, *, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class NotFoundError(FarmError):
    """No such thing."""

    code = "not_found"


class InvalidInputError(FarmError):
    """What was given cannot be read or makes no sense."""

    code = "invalid_input"


class IllegalMoveError(FarmError):
    """The thing is in a state from which this cannot happen."""

    code = "illegal_move"


class StaleLeaseError(FarmError):
    """A newer lease exists, or the attempt has ended: the holder must drop the work."""

    code = "stale_lease"


class UploadError(FarmError):
    """An upload does not fit what was kept so far or what it claims to be."""

    code = "upload_refused"


class ArtifactRefusedError(FarmError):
    """A package file is not what was ordered, or is not a sound package."""

    code = "artifact_refused"


class NameTakenError(FarmError):
    """A file name was used before; names are never reused."""

    code = "name_taken"


class GateRefusedError(FarmError):
    """A promotion gate answered no."""

    code = "gate_refused"


class NotPermittedError(FarmError):
    """Whoever asks may not do this, or did not say who they are."""

    code = "not_permitted"


class RecipeError(FarmError):
    """A recipe cannot be read; names file and, where known, line."""

    code = "recipe_unreadable"


class TreeError(FarmError):
    """A recipe tree or a commit of it cannot be read."""

    code = "tree_unreadable"


class BrokerError(FarmError):
    """The broker cannot be reached or started."""

    code = "broker_unavailable"


class DatabaseError(FarmError):
    """The database cannot be reached, or is none."""

    code = "database_unavailable"


class ServerError(FarmError):
    """The controller cannot be reached, or answered what cannot be understood."""

    code = "server_unreachable"


class UpstreamError(FarmError):
    """A package index or a channel outside of the farm cannot be reached, or gave what cannot be read."""

    code = "upstream_unreachable"


class DataFolderError(FarmError):
    """The data folder is in use, too new, or cannot be written."""

    code = "data_folder"


class PortTakenError(FarmError):
    """The port to listen on is taken."""

    code = "port_taken"


class PlanTooLargeError(FarmError):
    """A plan is far larger than usual and waits for a person."""

    code = "plan_too_large"


class BusyError(FarmError):
    """So much is asked that the farm asks for patience."""

    code = "too_busy"
