"""A batch seen two ways."""

from controller.services.answers.matrix import matrix, waves
from controller.services.answers.shapes import JobSummary


def job(name: str, subdir: str, category: str = "done", wave: int = 0, kind: str = "build") -> JobSummary:
    return JobSummary(
        id="J-1", batch="B-1", kind=kind, state="", category=category, name=name, recipe=f"libs/{name}", subdir=subdir,
        pool=subdir, wave=wave,
    )  # fmt: skip


JOBS = [
    job("mkl", "linux-64"), job("mkl", "win-64"), job("mkl", "win-64", kind="test"),
    job("scipy", "linux-64", "broken", 2), job("numpy", "linux-64", "waiting", 1), job("docs", "noarch", "waiting", 1),
]  # fmt: skip


def test_every_recipe_has_a_row_in_waves_and_every_platform_a_column() -> None:
    found = matrix(JOBS)
    assert found.subdirs == ("linux-64", "noarch", "win-64")
    assert [(row.name, row.wave) for row in found.rows] == [("mkl", 0), ("docs", 1), ("numpy", 1), ("scipy", 2)]
    assert [job.kind for job in found.rows[0].cells["win-64"]] == ["build", "test"]
    assert found.rows[0].cells["noarch"] == ()


def test_exceptions_alone_leave_out_what_is_done_and_keep_the_broken_first() -> None:
    found = matrix(JOBS, most=2)
    assert [row.name for row in found.rows] == ["docs", "scipy"]
    assert (found.hidden, found.cut) == (1, 1)


def test_waves_are_in_order_with_their_counts_and_names() -> None:
    found = waves(JOBS)
    assert [(wave.number, wave.counts.total, wave.names) for wave in found] == [
        (0, 3, ("mkl",)), (1, 2, ("docs", "numpy")), (2, 1, ("scipy",)),
    ]  # fmt: skip
    assert found[2].counts.broken == 1


def test_nothing_is_nothing() -> None:
    assert matrix([]).rows == ()
    assert waves([]) == []
