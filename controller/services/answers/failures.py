"""Failures that are remembered, as lists show them."""

from controller.services import known_failures
from controller.services.answers.failure_shapes import KnownFailureShape
from controller.services.farm import Farm


def failure_list(farm: Farm) -> list[KnownFailureShape]:
    """All that are believed now, newest first."""
    return [
        KnownFailureShape.model_validate({field: getattr(row, field) for field in KnownFailureShape.model_fields})
        for row in known_failures.known(farm)
    ]
