"""Whether the promises held: asked of the farm's own rules, of what really ran, and of a client of the channels."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import func
from sqlmodel import col, select

from controller.domain.batches import BatchState
from controller.domain.channels import STABLE, TESTING
from controller.domain.invariant_words import breach_sentence
from controller.domain.jobs import ENDED, AttemptState, JobKind, JobState
from controller.services import invariants
from controller.services.farm import Farm
from controller.storage import batches, channels
from controller.storage.artifacts import ArtifactRow
from controller.storage.batches import ChangeRow
from controller.storage.channels import ChannelFileRow
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobRow
from tests.nemesis.people import GRAPH, People
from tests.nemesis.stage import Stage
from workers.contract.reports import Outcome

_SUBDIRS = ("linux-64", "noarch")


def is_at_rest(farm: Farm) -> bool:
    """Whether nothing is left to do."""
    with farm.reading() as session:
        held = [
            number for state in (BatchState.RUNNING, BatchState.HELD) for number in batches.batches_in(session, state)
        ]
        return not held and not batches.to_begin_again(session, "due")


def broken_promises(stage: Stage, people: People, farm: Farm) -> list[str]:
    """A sentence for each; the farm is at rest and answers."""
    found = [*invariants.find_breaches(farm, deep=True), *invariants.find_unfinished(farm)]
    with farm.reading() as session:
        return [
            *map(breach_sentence, found),
            *_ended(session),
            *_blamed(session, people),
            *_one_effect(session),
            *_heard(session, people),
            *_really_tested(session, farm, people),
            *_readable(session, stage),
        ]


def _ended(session: Session) -> Iterator[str]:
    for job in session.exec(select(JobRow).where(col(JobRow.state).not_in([state.value for state in ENDED]))):
        yield f"{job.public} ({job.kind} of {job.name}) has not ended: it is {job.state}"


def _blamed(session: Session, people: People) -> Iterator[str]:
    """No recipe is said to be at fault for what the nemesis did: only tests that cannot pass may fail."""
    bad = tuple(f"{name}-{version}-" for name, version in people.tree.bad)
    for job in session.exec(select(JobRow).where(JobRow.state == JobState.FAILED.value)):
        if _was_overtaken(job):
            continue
        if job.kind == JobKind.BUILD.value or not job.artifact.partition("/")[2].startswith(bad):
            words = f"{job.failure or job.outcome}: {job.message}"
            yield f"{job.public} ({job.kind} of {job.name} {job.artifact}) failed, and its recipe is good: {words}"


def _was_overtaken(job: JobRow) -> bool:
    """A later batch published a newer build of what this one was to be built with: refused, and no fault of ours."""
    return job.outcome == Outcome.REFUSED.value and "in its host environment, as planned" in job.message


def count_overtaken(farm: Farm) -> int:
    """Jobs that were refused for it."""
    with farm.reading() as session:
        return sum(map(_was_overtaken, session.exec(select(JobRow)).all()))


def _one_effect(session: Session) -> Iterator[str]:
    passed = select(AttemptRow.job_id).where(AttemptRow.state == AttemptState.PASSED.value)
    for number in session.exec(passed.group_by(col(AttemptRow.job_id)).having(func.count() > 1)):
        yield f"J-{number} passed more than once"
    names = select(ArtifactRow.file_name).group_by(col(ArtifactRow.subdir), col(ArtifactRow.file_name))
    for name in session.exec(names.having(func.count() > 1)):
        yield f"{name} was made more than once"
    made = session.exec(select(ArtifactRow.file_name, ArtifactRow.sha256, AttemptRow.id, AttemptRow.report).where(
        AttemptRow.job_id == ArtifactRow.job_id, AttemptRow.state == AttemptState.PASSED.value
    ))  # fmt: skip
    for name, digest, attempt, report in made:
        if digest not in {file["sha256"] for file in report["files"]}:
            yield f"{name} is not what {attempt} reported"


def _heard(session: Session, people: People) -> Iterator[str]:
    """What people were answered is so: one commit is one batch, and it is there."""
    for rev, answered in people.pushed.items():
        rows = session.exec(select(ChangeRow.id).where(ChangeRow.commit == rev, ChangeRow.kind == "push")).all()
        if len(answered) != 1 or len(rows) != 1:
            yield f"commit {rev[:7]} was answered with {', '.join(sorted(answered))}, and {len(rows)} pushes are known"


def _really_tested(session: Session, farm: Farm, people: People) -> Iterator[str]:
    """Every build has a number of its own in its package, and only a test that was run to its end noted it."""
    noted = set(people.ledger.read_text(encoding="utf-8").split())
    rows = select(ChannelFileRow.channel, ArtifactRow).join(
        ArtifactRow, col(ArtifactRow.id) == col(ChannelFileRow.artifact_id)
    )
    for channel, row in session.exec(rows.where(col(ChannelFileRow.channel).in_([TESTING, STABLE]))).all():
        if (row.name, row.version) in people.tree.bad:
            yield f"{channel} had {row.file}, whose test cannot pass"
        elif (once := _once(farm.blobs.path(row.sha256), row)) not in noted:
            yield f"{channel} had {row.file} (built as {once}), of which no test was ever run to its end"


def _once(blob: Path, row: ArtifactRow) -> str:
    from rattler.package_streaming import extract

    with tempfile.TemporaryDirectory() as scratch:
        named = Path(scratch, row.file_name)
        named.symlink_to(blob)
        extract(named, Path(scratch, "content"))
        return Path(scratch, "content", "share", f"{row.name}.once").read_text(encoding="utf-8").strip()


def _readable(session: Session, stage: Stage) -> Iterator[str]:
    for channel in (TESTING, STABLE):
        number = channels.current_of(session, channel)
        wanted = (
            {f"{row.file} {row.sha256}" for row in channels.files_in(session, channel, number)} if number else set()
        )
        for name, url in stage.urls.items():
            for way, found in (("its records", _by_gateway(stage, f"{url}/channels/{channel}")),
                               ("its repodata.json", _by_repodata(f"{url}/channels/{channel}"))):  # fmt: skip
                if number and found != wanted:
                    yield f"{channel} by {name}: py-rattler reads in {way} otherwise: {sorted(found ^ wanted)}"


def _by_gateway(stage: Stage, url: str) -> set[str]:
    from rattler import Gateway
    from rattler.exceptions import GatewayError

    try:
        found = asyncio.run(
            Gateway(cache_dir=stage.root / "rattler").query([url], _SUBDIRS, list(GRAPH), recursive=False)
        )
    except GatewayError as error:
        return {f"nothing: {error}"}
    return {_words(record) for records in found for record in records}


def _by_repodata(url: str) -> set[str]:
    from rattler import Channel, SparseRepoData

    found: set[str] = set()
    for subdir in _SUBDIRS:
        answer = httpx2.get(f"{url}/{subdir}/repodata.json", timeout=20)
        if answer.status_code == 404:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "repodata.json")
            path.write_bytes(answer.content)
            with SparseRepoData(Channel("nemesis"), subdir, path) as index:
                found |= {_words(record) for name in index.package_names() for record in index.load_records(name)}
    return found


def _words(record: Any) -> str:
    return f"{record.subdir}/{record.file_name} {record.sha256.hex()}"
