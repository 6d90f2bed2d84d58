"""Where bells are heard: a Celery worker with one task, in a thread of its own.

The only module of a worker that knows of Celery. The task returns when this worker rests again, and a solo pool
fetches nothing while its task runs, so a busy worker holds no bell. Losing the broker stops nothing: Celery
connects again for ever, and meanwhile the worker asks for work by the clock.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery import Celery
from celery.worker import state

from workers.contract.bells import BELL_TASK, queue_of

log = structlog.get_logger(__name__)

_AGAIN = 2.0
"""Seconds before Celery is started anew, should it ever end by itself."""


def make_app(broker: str) -> Celery:
    """Celery as a doorbell: JSON only, no results, no remote control, acknowledged as soon as heard."""
    app = Celery("condafarm-worker", broker=broker, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=False,
        worker_concurrency=1,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_keepalive": True, "socket_connect_timeout": 5.0},
    )
    return app


class Doorbell:
    """Listens on the queues of the pools, from ``start`` on until the process ends."""

    def __init__(
        self,
        broker: str,
        name: str,
        pools: Sequence[str],
        ring: Callable[[], bool],
        wait_until_idle: Callable[[], None],
    ) -> None:
        self._app = make_app(broker)
        self._name = name
        self._pools = tuple(pools)
        self._ring = ring
        self._wait_until_idle = wait_until_idle
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="doorbell", daemon=True)
        self._app.task(name=BELL_TASK)(self._hear)

    def start(self) -> None:
        """Listen, in a thread."""
        for name in ("celery", "kombu"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._thread.start()

    def stop(self) -> None:
        """Listen no longer; does not wait for it."""
        self._stopped.set()
        state.should_stop = 0

    def _hear(self, pool: str = "", **_more: Any) -> None:
        """The task. A bell that comes while this worker works is given back, for somebody who rests."""
        log.debug("a bell", pool=pool)
        if not self._ring() and pool in self._pools:
            self._give_back(pool)
        self._wait_until_idle()

    def _give_back(self, pool: str) -> None:
        try:
            self._app.send_task(BELL_TASK, kwargs={"pool": pool}, queue=queue_of(pool), retry=False)
        except Exception as error:  # noqa: BLE001 -- a lost bell costs seconds, whatever lost it
            log.warning("a bell is lost", pool=pool, error=str(error))

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._run()
            except Exception:
                log.exception("the doorbell broke down, and is started again")
            self._stopped.wait(_AGAIN)

    def _run(self) -> None:
        """One life of the Celery worker, without its event loop.

        So it does the same on each system, and really acknowledges a bell before the task runs: the event loop
        puts that off until the loop goes round again, which is after the task.
        """
        worker = self._app.WorkController(
            app=self._app, hostname=f"{self._name}@farm", pool_cls="solo", concurrency=1, use_eventloop=False,
            queues=[queue_of(pool) for pool in self._pools], without_gossip=True, without_mingle=True,
            without_heartbeat=True,
        )  # fmt: skip
        worker.start()
