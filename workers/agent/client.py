"""The contract spoken over HTTP.

What may be repeated is repeated until it is through, or until the controller says that the lease is lost:
heartbeats, log, uploads and the report are all idempotent. A claim is asked once: if its answer is lost, the
lease it granted lapses and the job is given away again.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import stamina
from pydantic import ValidationError

from workers.contract import paths
from workers.contract.leases import Claim, ClaimRequest, Heartbeat, HeartbeatAnswer, WorkerState
from workers.contract.reports import Receipt, Report

CHUNK = 4 * 1024 * 1024
"""Bytes of one piece of an upload."""
_BLOCK = 256 * 1024
_LOST = frozenset({401, 403, 404, 409, 410})
_BUSY = frozenset({408, 425, 429})
_UPLOAD_TRIES = 5
"""Refusals of an upload without progress after which it is given up."""


class ControllerError(Exception):
    """The controller refused, in its own words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{words} (HTTP {status})")
        self.status = status


class LeaseLostError(Exception):
    """Another attempt holds the job by now, or it is over: the work is to be dropped."""


class UploadRefusedError(Exception):
    """The controller does not take a file."""


class WrongContentError(Exception):
    """What came is not what its digest promised."""


class _OffsetError(Exception):
    """An upload stands elsewhere than thought."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often to try again; seconds. ``over`` is asked before each new try."""

    first: float = 0.1
    longest: float = 30.0
    total: float = 24 * 3600.0
    over: Callable[[], bool] = field(default=lambda: False)

    def attempts(
        self, also: tuple[type[Exception], ...] = (), over: Callable[[], bool] = lambda: False
    ) -> Iterable[Any]:
        """Context managers, one for each try; what is worth another try is swallowed."""
        return stamina.retry_context(
            on=lambda error: (_is_passing(error) or isinstance(error, also)) and not self.over() and not over(),
            attempts=None, timeout=self.total,
            wait_initial=self.first, wait_max=self.longest, wait_jitter=self.first * 5,
        )  # fmt: skip


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help: the controller is away, or busy."""
    if isinstance(error, ControllerError):
        return error.status >= 500 or error.status in _BUSY
    return isinstance(error, httpx2.TransportError)


class Controller:
    """The controller as a worker sees it. One for a worker; safe in its threads."""

    def __init__(self, url: str, token: Callable[[], str], seconds: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._http = httpx2.Client(base_url=self.url, timeout=seconds, headers={"User-Agent": "farm-worker"})

    def claim(self, request: ClaimRequest) -> Claim | None:
        """The best ready job, or None when there is none. Raises ControllerError or httpx2.TransportError."""
        answer = self._ask("POST", paths.CLAIMS, headers=self._bearer(), json=request.model_dump(mode="json"))
        try:
            return None if answer.status_code == 204 else Claim.model_validate_json(answer.content)
        except ValidationError as error:
            raise ControllerError(answer.status_code, f"Its claim cannot be understood: {error}") from error

    def announce(self, state: WorkerState, seconds: float = 5.0) -> None:
        """Say how this worker is. Raises ControllerError or httpx2.TransportError."""
        self._ask("POST", paths.WORKERS, headers=self._bearer(), json=state.model_dump(mode="json"), timeout=seconds)

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}

    def holding(self, claim: Claim, patience: Patience) -> "Holding":
        """The controller as the holder of a lease sees it."""
        return Holding(self, claim, patience)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        answer = self._http.request(method, path, **more)
        if answer.is_error:
            raise _refusal(answer)
        return answer

    def _stream(self, path: str, headers: Mapping[str, str]) -> Any:
        return self._http.stream("GET", path, headers=headers, follow_redirects=True)


def _seconds(said: str) -> float:
    """A number of seconds; none where an older controller says nothing of it."""
    try:
        return max(float(said), 0.0)
    except ValueError:
        return 0.0


def _refusal(answer: httpx2.Response) -> ControllerError | _OffsetError:
    try:
        said = answer.json()
        code, words = said.get("code", ""), f"{said.get('detail', '')} {said.get('remedy', '')}".strip()
    except (ValueError, AttributeError):
        code, words = "", answer.text[:500]
    if code == "upload_refused":
        return _OffsetError(words)
    return ControllerError(answer.status_code, words or answer.reason_phrase)


class Holding:
    """All that the holder of a lease may do. Everything raises LeaseLostError once the lease is lost."""

    def __init__(self, controller: Controller, claim: Claim, patience: Patience) -> None:
        self._controller = controller
        self._claim = claim
        self._patience = patience
        self._headers = {"Authorization": f"Bearer {claim.token}", paths.LEASE_HEADER: str(claim.lease)}
        self.log_pace = 0.0
        """Seconds that the controller wants between two pieces of the log."""

    @property
    def url(self) -> str:
        """The controller's address, without a slash at its end."""
        return self._controller.url

    def beat(self, phase: str, seconds: float) -> HeartbeatAnswer:
        """Renew the lease, once, within ``seconds``. Raises httpx2.TransportError when the controller is away."""
        body = Heartbeat(lease=self._claim.lease, phase=phase).model_dump(mode="json")
        answer = self._ask("POST", paths.heartbeat(self._claim.attempt), json=body, timeout=seconds)
        return HeartbeatAnswer.model_validate_json(answer.content)

    def send_log(self, offset: int, data: bytes, over: Callable[[], bool] = lambda: False) -> int:
        """Append to the log; answers the size kept, from which to go on. ``over`` is asked before each new try."""
        for attempt in self._patience.attempts(over=over):
            with attempt:
                answer = self._ask(
                    "POST", paths.log(self._claim.attempt), content=data, headers={paths.OFFSET_HEADER: str(offset)}
                )
        self.log_pace = _seconds(answer.headers.get(paths.PACE_HEADER, ""))
        return int(answer.headers[paths.OFFSET_HEADER])

    def fetch_blob(self, sha256: str, target: Path) -> None:
        """Fetch a blob that the order names. Raises WrongContentError."""
        try:
            self._fetch(paths.blob(self._claim.attempt, sha256), sha256, target)
        except ControllerError as error:
            raise self._meaning(error) from None

    def fetch_file(self, path: str, sha256: str, target: Path) -> None:
        """Fetch a file by its path below the controller's address. Raises WrongContentError, ControllerError."""
        self._fetch(path, sha256, target)

    def upload(self, path: Path, sha256: str) -> None:
        """Bring a file to the controller, from where an earlier try left off. Raises UploadRefusedError."""
        size, best, refusals = path.stat().st_size, -1, 0
        for attempt in self._patience.attempts(also=(_OffsetError,)):
            with attempt:
                at = self._kept(sha256)
                refusals = 0 if at > best else refusals + 1
                best = max(at, best)
                while at < size:
                    at = self._send_piece(path, sha256, at, size, refusals)

    def report(self, report: Report) -> Receipt:
        """Say what came of the attempt, until it is heard."""
        for attempt in self._patience.attempts():
            with attempt:
                answer = self._ask("POST", paths.report(self._claim.attempt), json=report.model_dump(mode="json"))
        return Receipt.model_validate_json(answer.content)

    def _kept(self, sha256: str) -> int:
        answer = self._ask("HEAD", paths.upload(self._claim.attempt, sha256))
        return int(answer.headers.get(paths.OFFSET_HEADER, "0"))

    def _send_piece(self, path: Path, sha256: str, at: int, size: int, refusals: int) -> int:
        """Append up to CHUNK bytes; answers the bytes kept."""
        with path.open("rb") as file:
            file.seek(at)
            piece = file.read(CHUNK)
        headers = {paths.OFFSET_HEADER: str(at), paths.LENGTH_HEADER: str(size)}
        try:
            answer = self._ask("PATCH", paths.upload(self._claim.attempt, sha256), content=piece, headers=headers)
        except _OffsetError as error:
            if refusals >= _UPLOAD_TRIES:
                raise UploadRefusedError(f"The controller does not take {path.name}: {error}") from None
            raise
        return int(answer.headers.get(paths.OFFSET_HEADER, at + len(piece)))

    def _fetch(self, path: str, sha256: str, target: Path) -> None:
        for attempt in self._patience.attempts():
            with attempt:
                found = self._fetch_once(path, target)
        if found != sha256:
            raise WrongContentError(f"{path} should have digest {sha256}, and has {found}.")

    def _fetch_once(self, path: str, target: Path) -> str:
        digest = hashlib.sha256()
        with self._controller._stream(path, self._headers) as answer, target.open("wb") as file:  # noqa: SLF001
            if answer.is_error:
                answer.read()
                raise _refusal(answer)
            for block in answer.iter_bytes(_BLOCK):
                digest.update(block)
                file.write(block)
        return digest.hexdigest()

    def _ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = self._headers | more.pop("headers", {})
        try:
            return self._controller._ask(method, path, headers=headers, **more)  # noqa: SLF001
        except (ControllerError, _OffsetError) as error:
            raise self._meaning(error) from None

    @staticmethod
    def _meaning(error: "ControllerError | _OffsetError") -> Exception:
        if isinstance(error, ControllerError) and error.status in _LOST:
            return LeaseLostError(str(error))
        return error
