"""Figures for Prometheus, read from the database at each scrape: right after every restart, in every process."""

from collections.abc import Iterable, Iterator, Mapping

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.services.answers.figures import Figures, figures
from controller.web.asking import AskedFarm
from workers.contract.version import PROTOCOL, __version__

router = APIRouter(tags=["probes"])


@router.get("/metrics", response_class=Response)
def metric_list(farm: AskedFarm) -> Response:
    """All figures in the text format of Prometheus. Labels never name a package or a job."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(figures(farm)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Scrape(Collector):
    def __init__(self, found: Figures) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """Every family, once."""
        found = self._found
        yield from _gauges(found)
        yield _gauge(
            "farm_build_info", "Version of the controller; always 1.", ("version", "protocol"),
            {(__version__, str(PROTOCOL)): 1},
        )  # fmt: skip


def _gauges(found: Figures) -> Iterator[Metric]:
    yield _gauge("farm_jobs", "Jobs of running batches.", ("pool", "kind", "state"), found.jobs)
    yield _gauge("farm_pool_workers", "Workers by what they said last.", ("pool", "state"), found.workers)
    yield _gauge(
        "farm_queue_oldest_job_age_seconds", "How long the oldest ready job has waited.", ("pool",), found.oldest
    )
    yield _gauge(
        "farm_heartbeat_age_seconds_max", "Since when the most silent worker has not spoken.", ("pool",), found.silence
    )
    yield _gauge("farm_batches", "Batches that are not settled.", ("state",), found.batches)
    yield _gauge("farm_channel_files", "Package files in the current snapshot.", ("channel",), found.files)
    yield _gauge("farm_channel_snapshot", "Number of the current snapshot.", ("channel",), found.snapshots)
    yield _gauge("farm_leader", "Whether a loop leads the farm.", (), found.leads)
    yield _gauge("farm_leader_epoch", "Grows each time that a loop begins to lead.", (), found.epoch)
    yield _gauge("farm_loop_tick_age_seconds", "Since when the leader has not looked at everything.", (), found.ticked)
    yield _gauge("farm_idle", "Pools in which nothing starts though there is work.", ("pool", "cause"), found.idle)


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
