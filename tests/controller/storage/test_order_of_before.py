"""What an older database had in its queue keeps its order, and its heights, when it is brought up to date."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from controller.storage import schema, shares
from controller.storage.database import Database
from tests.controller.storage.test_planned_names import AT, BATCH, CHANGE, JOB

OUTPUTS = "[]"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    schema.upgrade(database, "0002")
    with database.engine.begin() as connection:
        connection.execute(text(CHANGE), {"at": AT})
        connection.execute(text(BATCH), {"at": AT})
        for number, rank in ((1, -500), (2, -7), (3, -90)):
            job = {"id": number, "kind": "build", "late": False, "outputs": OUTPUTS, "at": AT}
            connection.execute(text(JOB), job)
            connection.execute(text("UPDATE job SET rank = :rank WHERE id = :id"), {"rank": rank, "id": number})
    yield database
    database.close()


def test_jobs_of_before_keep_their_order_and_their_heights(database: Database) -> None:
    schema.upgrade(database)
    with database.writing() as session:
        assert [found.share for found in shares.sharing(session)] == [{}], "the loop ranks it when it first looks"
        shares.rank_anew(session, 1, ["linux-64"], 2**48, 4)
    with database.engine.begin() as connection:
        rows = connection.execute(text("SELECT id, height FROM job ORDER BY rank")).all()
        assert [tuple(row) for row in rows] == [(1, 500), (3, 90), (2, 7)]
        assert connection.execute(text("SELECT min(rank) FROM job")).scalar_one() > 2**48


def test_ranks_of_before_come_back_with_the_schema_of_before(database: Database) -> None:
    schema.upgrade(database)
    schema.downgrade(database, "0008")
    with database.engine.begin() as connection:
        ranks = connection.execute(text("SELECT rank FROM job ORDER BY id")).scalars().all()
    assert ranks == [-500, -7, -90]
