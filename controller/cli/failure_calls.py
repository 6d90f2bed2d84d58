"""What the client asks about failures: those that are known, what comes and goes, what is quarantined and expected."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeVar

from controller.services.answers.case_shapes import ExpectationShape, QuarantineShape, ReleasedAnswer
from controller.services.answers.failure_shapes import FlakeShape, ForgottenAnswer, KnownFailureShape
from controller.services.answers.shape import Shape

S = TypeVar("S", bound=Shape)


class FailureCalls(ABC):
    """The part of a client that is about failures."""

    @abstractmethod
    def _many(self, shape: type[S], path: str, **params: Any) -> list[S]: ...

    @abstractmethod
    def _read(self, shape: type[S], answer: Any) -> S: ...

    @abstractmethod
    def _send(self, method: str, path: str, **more: Any) -> Any: ...

    def failures(self) -> list[KnownFailureShape]:
        """Builds that are not run again with the same inputs, newest first."""
        return self._many(KnownFailureShape, "/api/v1/failures")

    def flakes(self) -> list[FlakeShape]:
        """Tests that failed and passed when repeated alone, the most frequent first."""
        return self._many(FlakeShape, "/api/v1/flakes")

    def forget_failures(self, named: str, *, who: str, why: str) -> ForgottenAnswer:
        """Let what failed be tried again."""
        body = {"named": named, "who": who, "why": why}
        return self._read(ForgottenAnswer, self._send("POST", "/api/v1/failures/forget", json=body))

    def expectations(self) -> list[ExpectationShape]:
        """What trees expect to fail, and how it came out last; what passes now first."""
        return self._many(ExpectationShape, "/api/v1/expectations")

    def quarantines(self) -> list[QuarantineShape]:
        """Tests whose failures break nothing for a while, the oldest first."""
        return self._many(QuarantineShape, "/api/v1/quarantines")

    def quarantine(
        self, name: str, case: str, subdir: str, *, who: str, why: str, end: Mapping[str, Any]
    ) -> QuarantineShape:
        """Quarantine a test or a case; ``end`` holds ``until`` or ``seconds``, or nothing."""
        body = {"name": name, "case": case, "subdir": subdir, "who": who, "why": why, **end}
        return self._read(QuarantineShape, self._send("POST", "/api/v1/quarantines", json=body))

    def release_quarantine(self, name: str, case: str, subdir: str, *, who: str, why: str) -> ReleasedAnswer:
        """End what is quarantined."""
        body = {"name": name, "case": case, "subdir": subdir, "who": who, "why": why}
        return self._read(ReleasedAnswer, self._send("POST", "/api/v1/quarantines/release", json=body))
