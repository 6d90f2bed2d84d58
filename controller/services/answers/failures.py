"""Failures that are remembered, as lists show them."""

from controller.services import flakes, known_failures
from controller.services.answers.failure_shapes import FlakeShape, KnownFailureShape
from controller.services.farm import Farm


def failure_list(farm: Farm) -> list[KnownFailureShape]:
    """All that are believed now, newest first."""
    return [
        KnownFailureShape.model_validate({field: getattr(row, field) for field in KnownFailureShape.model_fields})
        for row in known_failures.known(farm)
    ]


def flake_list(farm: Farm) -> list[FlakeShape]:
    """Tests that came and went, the most frequent first."""
    return [
        FlakeShape.model_validate({field: getattr(row, field) for field in FlakeShape.model_fields})
        for row in flakes.seen(farm)
    ]
