"""Ringing a pool: one Celery message that says only that there is work.

Bells may be lost, doubled or late, and no harm is done: the database holds the truth and the loop
rings again. So an unreachable broker is an answer here, never an error that stops a transaction.
"""

import redis
import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from workers.contract.bells import BELL_TASK, queue_of

log = structlog.get_logger(__name__)


class Bells:
    """The broker as the controller sees it."""

    def __init__(self, broker_url: str) -> None:
        self._app = Celery("condafarm-controller", broker=broker_url)
        self._app.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            broker_connection_retry_on_startup=True,
            broker_connection_timeout=2.0,
            broker_transport_options={"socket_timeout": 2.0, "socket_connect_timeout": 2.0, "max_retries": 0},
        )
        self._redis = redis.Redis.from_url(broker_url, socket_timeout=2.0, socket_connect_timeout=2.0)

    def outstanding(self, pool: str) -> int | None:
        """Bells that nobody has heard yet; None when the broker cannot be asked."""
        try:
            return int(self._redis.llen(queue_of(pool)))
        except redis.RedisError as error:
            log.warning("the broker cannot be asked for its bells", pool=pool, error=str(error))
            return None

    def ring(self, pool: str, times: int) -> int:
        """Ring ``times`` bells; answers how many reached the broker."""
        rung = 0
        try:
            for _ in range(times):
                self._app.send_task(BELL_TASK, kwargs={"pool": pool}, queue=queue_of(pool), retry=False)
                rung += 1
        except (OperationalError, redis.RedisError, ConnectionError, OSError) as error:
            log.warning("a bell did not reach the broker", pool=pool, error=str(error))
        return rung

    def close(self) -> None:
        """Give the connections back."""
        self._app.close()
        self._redis.close()
