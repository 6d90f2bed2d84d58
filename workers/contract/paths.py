"""The URLs of ``/agent/v1``, below the controller's address."""

ROOT = "/agent/v1"
CLAIMS = f"{ROOT}/claims"
WORKERS = f"{ROOT}/workers"

OFFSET_HEADER = "Upload-Offset"
LENGTH_HEADER = "Upload-Length"
PACE_HEADER = "Farm-Log-Pace"
"""Of an answer to a piece of a log: seconds after which the next is welcome. Many workers each send seldom."""
LEASE_HEADER = "Farm-Lease"


def heartbeat(attempt: str) -> str:
    """POST a Heartbeat; the answer is a HeartbeatAnswer."""
    return f"{ROOT}/attempts/{attempt}/heartbeat"


def log(attempt: str) -> str:
    """POST raw bytes with ``Upload-Offset``; the answer's ``Upload-Offset`` is the size kept so far."""
    return f"{ROOT}/attempts/{attempt}/log"


def upload(attempt: str, sha256: str) -> str:
    """HEAD tells ``Upload-Offset``; PATCH appends bytes there, with ``Upload-Length`` the whole size."""
    return f"{ROOT}/attempts/{attempt}/uploads/{sha256}"


def report(attempt: str) -> str:
    """POST a Report; the answer is a Receipt."""
    return f"{ROOT}/attempts/{attempt}/report"


def blob(attempt: str, sha256: str) -> str:
    """GET a blob that the attempt's order names, such as the recipe's source."""
    return f"{ROOT}/attempts/{attempt}/blobs/{sha256}"
