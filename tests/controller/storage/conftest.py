"""A batch with no jobs yet, on every database."""

from collections.abc import Iterator

import pytest

from controller.storage import schema
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Database
from tests.kit.rows import NOW


@pytest.fixture
def one_batch(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    schema.upgrade(database)
    with database.writing() as session:
        session.add(ChangeRow(key="push:t:c", kind="push", tree="t", commit="c", at=NOW))
        session.flush()
        session.add(BatchRow(change_id=1, state="running", title="t", created_at=NOW))
    yield database
    database.close()
