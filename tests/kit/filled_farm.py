"""A farm in the middle of a day: batches in every state, one of them half-way, made by the real services.

Drawn jobs stand for a plan; claims, logs, uploads and reports are the real ones.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from controller.domain.batches import BatchState
from controller.domain.channels import STABLE, TESTING, Act
from controller.domain.jobs import JobKind, JobState
from controller.domain.plans import Member, Membership, Reason, Rule
from controller.domain.recipes import Output, Refusal
from controller.services import channels, leases, results, transfers, workers
from controller.services.farm import Farm
from controller.services.proposals import Proposal
from controller.storage import artifacts, jobs
from controller.storage.batches import BatchRow, ChangeRow
from controller.storage.database import Session
from controller.storage.jobs import AttemptRow, JobEdge, JobRow
from controller.storage.tables import to_json
from tests.kit.packages import Package
from workers.contract.leases import Claim, ClaimRequest, Heartbeat, WorkerState
from workers.contract.platforms import Machine
from workers.contract.reports import Outcome, Phase, ProducedFile, Report, TestOutcome

PARENTS: Mapping[str, tuple[str, ...]] = {
    "mkl": (),
    "mkl-devel": ("mkl",),
    "numpy": ("mkl-devel",),
    "scipy": ("numpy",),
    "numexpr": ("numpy",),
    "pytorch": ("mkl-devel",),
    "scikit-learn": ("scipy",),
    "torchvision": ("pytorch",),
    "xgboost": ("mkl-devel",),
}
SUBDIRS = ("linux-64", "win-64")
NOTES = ("intel-cmplr-notes", "mkl-docs")
VERSIONS = {"mkl": "2026.1", "mkl-devel": "2026.1", "numpy": "2.4.0", "scipy": "1.17.0", "pytorch": "2.13.0"}
HANDS = (("lin-01", "linux-64"), ("lin-02", "linux-64"), ("win-07", "win-64"), ("win-08", "win-64"))
HOLD = {("test", "scikit-learn", "linux-64"), ("test", "numexpr", "linux-64"), ("build", "torchvision", "win-64")}
"""Jobs that are still under way when the day is looked at."""
ROUNDS = 9
COLOUR = "\x1b[31merror:\x1b[0m"
EDIT = """\
diff --git a/libs/pypardiso/recipe.yaml b/libs/pypardiso/recipe.yaml
--- a/libs/pypardiso/recipe.yaml
+++ b/libs/pypardiso/recipe.yaml
@@ -9,3 +9,3 @@
 requirements:
   run:
-    - mkl <2026
+    - mkl <2027
"""
Clock = Callable[[float], None]


@dataclass
class Filled:
    """What was made: the batch that runs, its jobs by ``kind name subdir``, and a lease that still holds."""

    batch: str
    jobs: dict[str, str] = field(default_factory=dict)
    held: Claim | None = None
    settled: str = ""
    promoted: str = ""


def output(name: str, subdir: str, number: int = 1) -> Output:
    """An output as a plan would name it."""
    return Output(
        recipe=f"libs/{name}", name=name, version=VERSIONS.get(name, "1.4.2"), build=f"h5f1c3a_{number}",
        build_number=number, hash="5f1c3a", subdir=subdir, target_platform=subdir if subdir != "noarch" else "linux-64",
        noarch="generic" if subdir == "noarch" else "", tests=2,
    )  # fmt: skip


def fill(farm: Farm, forward: Clock) -> Filled:
    """Two settled batches, one promoted of them, and one that runs."""
    _meet_workers(farm)
    promoted = _settled(farm, "zlib 1.3.2: security release", BatchState.PROMOTED, ("zlib", "libpng"))
    forward(7200)
    settled = _settled(farm, "openssl 3.6", BatchState.PARTIAL, ("openssl", "curl", "krb5"))
    forward(5400)
    filled = _open(farm)
    filled.settled, filled.promoted = settled, promoted
    busy: set[str] = set()
    for _ in range(ROUNDS):
        forward(75)
        _work(farm, filled, busy)
    return filled


def _meet_workers(farm: Farm) -> None:
    for name, subdir, pools in (
        ("lin-01", "linux-64", ("linux-64",)),
        ("lin-02", "linux-64", ("linux-64", "linux-64.large")),
        ("win-07", "win-64", ("win-64",)),
        ("win-08", "win-64", ("win-64",)),
        ("mac-03", "osx-arm64", ("osx-arm64",)),
    ):
        workers.note_state(
            farm, WorkerState(worker=name, pools=pools, machine=machine(name, subdir), state="idle", version="0.1.0")
        )


def machine(name: str, subdir: str) -> Machine:
    """A machine that says of itself what such machines say."""
    system = {"win-64": "Windows", "osx-arm64": "Darwin"}.get(subdir, "Linux")
    return Machine(
        subdir=subdir, host=f"{name}.farm.lan", system=system, cores=16, memory_bytes=64 * 10**9,
        disk_free_bytes=410 * 10**9, python="3.12.8",
    )  # fmt: skip


# The settled ones ------------------------------------------------------------------------------------------------


def _settled(farm: Farm, title: str, state: BatchState, names: tuple[str, ...]) -> str:
    with farm.transaction() as session:
        batch = _batch(farm, session, title, "zlib" if "zlib" in title else "openssl", state, waves=2)
        rows = []
        for wave, name in enumerate(names):
            broken = state is BatchState.PARTIAL and name == names[-1]
            job = _job(farm, batch, JobKind.BUILD, output(name, "linux-64"), wave, waits=0)
            job.state = (JobState.FAILED if broken else JobState.PASSED).value
            job.started_at, job.ended_at = farm.now(), farm.now() + timedelta(minutes=4)
            job.failing = [_fault(3, "configure: error: no acceptable ld found in $PATH", "linker")] if broken else []
            session.add(job)
            session.flush()
            if broken:
                _try(farm, session, job)
            else:
                rows.append(_store(farm, session, job, output(name, "linux-64")))
        batch.published = [row.file for row in rows]
        batch.settled_at = farm.now() + timedelta(minutes=9)
        if state is BatchState.PARTIAL:
            file = f"linux-64/{output(names[-1], 'linux-64').file_name}"
            batch.stays = [{"file": file, "name": names[-1], "reason": "Its build failed.",
                            "blocked_by": [f"build of {names[-1]} for linux-64"]}]  # fmt: skip
        session.add(batch)
        channels.publish(farm, session, TESTING, rows, batch_id=batch.id, who="farm", why=f"{batch.name} settled")
        if state is BatchState.PROMOTED:
            channels.publish(
                farm, session, STABLE, rows, batch_id=batch.id, who="eva", why="fixes the inflate overflow",
                act=Act.PROMOTE,
            )  # fmt: skip
        return batch.name


def _try(farm: Farm, session: Session, job: JobRow) -> None:
    row = AttemptRow(
        id=f"{job.public}.1", job_id=job.id or 0, lease=1, worker="lin-02", state="failed", token_sha256="",
        outcome="failed", leased_at=farm.now(), lease_until=farm.now(), ended_at=job.ended_at,
    )  # fmt: skip
    session.add(row)
    farm.logs.append(row.id, 0, b"[farm] phase build\n./configure\nconfigure: error: no acceptable ld found in $PATH\n")


def _batch(farm: Farm, session: Session, title: str, tree: str, state: BatchState, waves: int) -> BatchRow:
    commit = hashlib.sha256(title.encode()).hexdigest()[:40]
    change = ChangeRow(
        key=f"push:{tree}:{commit}", kind="push", tree="/srv/recipes", commit=commit, summary=title, author="ana",
        at=farm.now(),
    )  # fmt: skip
    session.add(change)
    session.flush()
    batch = BatchRow(
        change_id=change.id or 0, state=state.value, title=title, author="ana", waves=waves, plan=_plan(),
        created_at=farm.now(),
    )  # fmt: skip
    session.add(batch)
    session.flush()
    return batch


def _plan() -> dict[str, Any]:
    kept = ("mkl", "mkl-devel")
    left_out = [
        ("sparse-dot-mkl", Membership.RETEST, Reason(Rule.R7, "mkl", "mkl >=2025,<2027", path=kept)),
        ("pypardiso", Membership.RETEST, Reason(Rule.R7, "mkl", "mkl >=2024", path=kept)),
        ("cblas-notes", Membership.NOTHING, Reason(Rule.R13, "mkl-devel", "mkl-devel", path=kept)),
    ]  # fmt: skip
    members = [Member(output(name, "noarch"), what, (why,), f"noarch/{name}.conda") for name, what, why in left_out]
    rebuilt = [*((name, subdir) for name in PARENTS for subdir in SUBDIRS), *((name, "noarch") for name in NOTES)]
    members += [Member(output(name, subdir), Membership.REBUILD, (_reason(name),)) for name, subdir in rebuilt]
    refusal = Refusal("libs/ipopt", "libs/ipopt/recipe.yaml", "mapping values are not allowed here", 14)
    return {
        "members": [to_json(Member, member) for member in members],
        "refusals": [to_json(Refusal, refusal)],
        "current": 171,
        "jobs": 40,
        "edits": [to_json(Proposal, Proposal("libs/pypardiso", EDIT, ("mkl ==2024.0",)))],
    }


def _store(farm: Farm, session: Session, job: JobRow, made: Output) -> artifacts.ArtifactRow:
    from controller.gateways.packages import inspect

    sha256 = farm.blobs.put_bytes(package_of(made).conda())
    found = inspect(farm.blobs.path(sha256), made.subdir, made.file_name)
    row = artifacts.add_artifact(session, found, job.batch_id, job.id or 0, farm.now())
    row.verdict = "passed"
    return row


def package_of(made: Output) -> Package:
    """A real, sound, small package file for an output."""
    noarch = made.subdir == "noarch"
    return Package(
        name=made.name, version=made.version, build=made.build, subdir=made.subdir,
        index={"noarch": "generic"} if noarch else {}, files={f"share/{made.name}.txt": made.name.encode()},
    )  # fmt: skip


# The one that runs -----------------------------------------------------------------------------------------------


def _open(farm: Farm) -> Filled:
    with farm.transaction() as session:
        batch = _batch(farm, session, "mkl 2025.3 → 2026.1", "mkl", BatchState.RUNNING, waves=5)
        filled = Filled(batch.name)
        rows = {}
        for subdir in SUBDIRS:
            for name, parents in PARENTS.items():
                _pair(
                    farm, session, batch, rows, output(name, subdir), [f"test {parent} {subdir}" for parent in parents]
                )
        for name in NOTES:
            _pair(farm, session, batch, rows, output(name, "noarch"), ["test mkl linux-64"])
        filled.jobs = {key: row.public for key, row in rows.items()}
        return filled


def _pair(
    farm: Farm, session: Session, batch: BatchRow, rows: dict[str, JobRow], made: Output, waits: list[str]
) -> None:
    """A build, and the test of what it builds."""
    wave = max((rows[key].wave + 1 for key in waits), default=0)
    build = _job(farm, batch, JobKind.BUILD, made, wave, len(waits))
    test = _job(farm, batch, JobKind.TEST, made, wave, 1)
    session.add_all([build, test])
    session.flush()
    rows[f"build {made.name} {made.subdir}"], rows[f"test {made.name} {made.subdir}"] = build, test
    session.add(JobEdge(parent_id=build.id or 0, child_id=test.id or 0))
    session.add_all(JobEdge(parent_id=rows[key].id or 0, child_id=build.id or 0) for key in waits)
    session.flush()


def _job(farm: Farm, batch: BatchRow, kind: JobKind, made: Output, wave: int, waits: int) -> JobRow:
    pool = "linux-64" if made.subdir == "noarch" else made.subdir
    order = {
        "kind": "build", "recipe": made.recipe, "source_sha256": "0" * 64, "variant_config": "",
        "target_platform": made.target_platform, "build_platform": pool, "build_number": 1, "files": [],
    }  # fmt: skip
    return JobRow(
        batch_id=batch.id or 0, plan_key=f"{kind}:{made.name}:{made.subdir}", kind=kind.value,
        state=(JobState.WAITING if waits else JobState.READY).value, recipe=made.recipe, name=made.name,
        subdir=made.subdir, pool=pool, wave=wave, rank=wave, open_parents=waits,
        order=order if kind is JobKind.BUILD else {}, outputs=[to_json(Output, made)],
        reasons=[to_json(Reason, _reason(made.name))],
        artifact="" if kind is JobKind.BUILD else f"{made.subdir}/{made.file_name}", created_at=farm.now(),
        ready_at=None if waits else farm.now(),
    )  # fmt: skip


def _reason(name: str) -> Reason:
    path = _path(name)
    if len(path) == 1:
        return Reason(Rule.CHANGED, name, path=path)
    return Reason(Rule.R1, path[0], f"{path[0]} >=2025.3,<2026.0a0", f"run_export of {path[-2]}", path)


def _path(name: str) -> tuple[str, ...]:
    parents = PARENTS.get(name, ("mkl",) if "mkl" in name or "intel" in name else ())
    return (*_path(parents[0]), name) if parents else (name,)


def _key(farm: Farm, claim: Claim) -> tuple[str, str, str]:
    with farm.reading() as session:
        job = jobs.find_job(session, claim.spec.job)
        return (job.kind, job.name, job.subdir)


def _work(farm: Farm, filled: Filled, busy: set[str]) -> None:
    """One round of all workers that have nothing."""
    for worker, pool in HANDS:
        if worker in busy:
            continue
        claim = leases.claim(
            farm, ClaimRequest(worker=worker, pools=(pool,), machine=machine(worker, pool), version="0.1.0")
        )
        if claim is None:
            continue
        if _key(farm, claim) in HOLD:
            _hold(farm, filled, claim)
            busy.add(worker)
        else:
            _finish(farm, claim)


def _hold(farm: Farm, filled: Filled, claim: Claim) -> None:
    phase = claim.spec.order.kind
    leases.heartbeat(farm, claim.attempt, claim.token, Heartbeat(lease=claim.lease, phase=phase))
    transfers.append_log(farm, claim.attempt, claim.token, 0, b"[farm] phase solve\nsolved\n[farm] phase build\n-- C")
    filled.held = claim


def _finish(farm: Farm, claim: Claim) -> None:
    with farm.reading() as session:
        job = jobs.find_job(session, claim.spec.job)
    fault = FAULTS.get((job.kind, job.name, job.subdir))
    log = (fault.log if fault else GOOD_LOG).encode()
    transfers.append_log(farm, claim.attempt, claim.token, 0, log)
    if fault:
        tests = (TestOutcome(index=0, kind="python", outcome=Outcome.FAILED, seconds=1.2, message=fault.message),)
        report = Report(
            lease=claim.lease, outcome=fault.outcome, phase=fault.phase, message=fault.message,
            phases=(Phase(name="solve", seconds=2.1), Phase(name=fault.phase, seconds=61.7)),
            tests=tests if fault.phase == "test" else (),
        )  # fmt: skip
    elif job.kind == JobKind.BUILD:
        report = _built(farm, claim, job)
    else:
        passed = tuple(
            TestOutcome(index=number, kind=kind, outcome=Outcome.PASSED, seconds=2.5)
            for number, kind in enumerate(("python", "commands"))
        )
        report = Report(lease=claim.lease, outcome=Outcome.PASSED, phase="test", tests=passed)
    results.report(farm, claim.attempt, claim.token, report)


def _built(farm: Farm, claim: Claim, job: JobRow) -> Report:
    made = output(job.name, job.subdir)
    data = package_of(made).conda()
    sha256 = hashlib.sha256(data).hexdigest()
    transfers.append_upload(farm, claim.attempt, claim.token, sha256, 0, len(data), iter([data]))
    file = ProducedFile(file_name=made.file_name, subdir=made.subdir, sha256=sha256, size=len(data))
    phases = (Phase(name="solve", seconds=3.4), Phase(name="build", seconds=412.0), Phase(name="upload", seconds=1.1))
    return Report(lease=claim.lease, outcome=Outcome.PASSED, phase="upload", phases=phases, files=(file,))


@dataclass(frozen=True)
class Fault:
    """How a job goes wrong, and what its log says of it."""

    outcome: Outcome
    phase: str
    message: str
    log: str


def _fault(line: int, text: str, kind: str) -> dict[str, Any]:
    return {"line": line, "text": text, "kind": kind, "signature": text}


_NOISE = "\n".join(f"[{n}/240] Building C object CMakeFiles/core.dir/src/kernel_{n}.c.o" for n in range(1, 60))
GOOD_LOG = (
    f"[farm] phase solve\nsolved in 3.4 s\n[farm] phase build\n{_NOISE}\n\x1b[32mdone\x1b[0m\n[farm] phase upload\n"
)
FAULTS = {
    ("build", "pytorch", "linux-64"): Fault(
        Outcome.FAILED, "build", "the script ended with 1",
        f"[farm] phase solve\nsolved in 9.1 s\n[farm] phase build\n{_NOISE}\n"
        f"CMake Error at cmake/Modules/FindMKL.cmake:88 (message):\n{COLOUR} MKL version must be < 2026, found 2026.1\n"
        "-- Configuring incomplete, errors occurred!\n",
    ),
    ("test", "scipy", "win-64"): Fault(
        Outcome.FAILED, "test", "ImportError: DLL load failed while importing _fblas: undefined symbol: cblas_zgemm3m",
        "[farm] phase test\nimport scipy.linalg\nTraceback (most recent call last):\n"
        "ImportError: DLL load failed while importing _fblas: undefined symbol: cblas_zgemm3m\n",
    ),
    ("build", "xgboost", "win-64"): Fault(
        Outcome.UNSOLVABLE, "solve",
        "Cannot solve the request because of: xgboost needs mkl-devel >=2024,<2026, which cannot be installed "
        "because there are no viable options:\n  mkl-devel 2026.1 is asked for",
        "[farm] phase solve\nCannot solve the request because of: mkl-devel >=2024,<2026\n",
    ),
}  # fmt: skip
