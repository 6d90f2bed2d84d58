"""Failures that are remembered, and workers that get no more work because of theirs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from controller.services import draining, known_failures
from controller.services.answers import failures, workers
from controller.services.answers.failure_shapes import FlakeShape, ForgottenAnswer, KnownFailureShape
from controller.services.answers.shapes import WorkerShape
from controller.web.api.asked import Act, Items
from controller.web.asking import AskedFarm
from controller.web.guards import admin

router = APIRouter(tags=["failures"])

WorkerName = Annotated[str, Path(max_length=200, description="A worker, as `farm worker list` names it.")]


class Forget(Act):
    """Which failures to forget."""

    named: Annotated[str, Field(min_length=1, max_length=300, examples=["J-7", "numpy"])]
    """The job that failed, the recipe, the package, or the digest of the inputs."""


@router.get("/api/v1/failures")
def failure_list(farm: AskedFarm) -> Items[KnownFailureShape]:
    """Builds that are not run again with the same inputs, newest first."""
    return Items(items=tuple(failures.failure_list(farm)))


@router.get("/api/v1/flakes")
def flake_list(farm: AskedFarm) -> Items[FlakeShape]:
    """Tests that failed and passed when repeated alone, the most frequent first."""
    return Items(items=tuple(failures.flake_list(farm)))


@router.post("/api/v1/failures/forget", dependencies=[Depends(admin)])
def failure_forget(asked: Forget, farm: AskedFarm) -> ForgottenAnswer:
    """Let what failed be tried again."""
    number = known_failures.forget(farm, asked.named, who=asked.who, why=asked.why)
    return ForgottenAnswer(forgotten=number)


@router.post("/api/v1/workers/{worker}/resume", dependencies=[Depends(admin)])
def worker_resume(worker: WorkerName, act: Act, farm: AskedFarm) -> WorkerShape:
    """Give a drained worker work again."""
    draining.resume(farm, worker, who=act.who, why=act.why)
    return workers.one_worker(farm, worker)
