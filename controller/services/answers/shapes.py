"""The shapes of every answer, shared by pages, API and command line. Times are RFC 3339 in UTC."""

from datetime import datetime

from pydantic import Field

from controller.services.answers.case_shapes import JobRemarkShape, RemarkShape, TestedShape
from controller.services.answers.change_shapes import DifferenceShape, EditShape, RevisionShape
from controller.services.answers.forecast_shapes import ForecastShape
from controller.services.answers.idle_shapes import IdleShape
from controller.services.answers.leader_shapes import LeaderShape
from controller.services.answers.shape import NoticeShape, ReasonShape, Shape
from controller.services.answers.upstream_shapes import MoveShape, UpstreamView


class Counts(Shape):
    """Jobs by the five categories that carry the five colours."""

    waiting: int = 0
    in_progress: int = 0
    done: int = 0
    broken: int = 0
    not_needed: int = 0

    @property
    def total(self) -> int:
        """All jobs."""
        return self.waiting + self.in_progress + self.done + self.broken + self.not_needed


class BatchSummary(Shape):
    """A line in a list of batches."""

    id: str
    kind: str = "push"
    """What it came of: ``push``, ``request``, or ``upstream`` for what moved in a watched channel."""
    state: str
    title: str
    tree: str
    commit: str
    author: str
    created_at: datetime
    settled_at: datetime | None = None
    counts: Counts = Counts()
    verdict: str = ""
    """One line: where it stands."""
    actor: str = "nobody"
    """Who must act: ``nobody``, ``maintainer``, ``operator`` or ``release manager``."""
    mark: str = ""
    label: str = ""
    category: str = ""
    priority: str = "normal"
    """``emergency``, ``high``, ``normal``, ``low`` or ``background``."""


class JobSummary(Shape):
    """A line in a list of jobs."""

    id: str
    batch: str
    kind: str
    state: str
    category: str
    """``waiting``, ``in_progress``, ``done``, ``broken`` or ``not_needed``."""
    name: str
    recipe: str
    subdir: str
    pool: str
    wave: int
    stage: int = 0
    """Above 0: a build that carries a circle on to its next stage, and publishes nothing."""
    attempts: int = 0
    worker: str = ""
    phase: str = ""
    mark: str = ""
    label: str = ""
    """Its state in words; with the mark it always stands beside the colour."""
    actor: str = "nobody"
    sentence: str = ""
    """What its state means now, in words."""
    failing_line: int | None = None
    failing_text: str = ""
    failure: str = ""
    """Class of its last failed try, as ``memory``; empty where none failed."""
    remark: str = ""
    """What is said of how it ended, in a word, as ``failed_quarantined`` or ``now_passes``; empty where nothing is."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: ReasonShape | None = None


class OrderShape(Shape):
    """Where a job stands in the queue, in parts."""

    priority: str
    """Of its batch, in force: ``emergency``, ``high``, ``normal``, ``low`` or ``background``."""
    lane: str
    """``emergency``, ``ordinary`` or ``background``: none of a later lane goes before one of an earlier."""
    below_seconds: float
    """Of the longest chain that starts with it."""
    share: float
    """What its batch has of a share: 1 for a whole one."""
    since: datetime | None = None
    line: str = ""
    sentences: tuple[str, ...] = ()


class QueuedJob(JobSummary):
    """A ready job, and why it stands where it stands."""

    order: OrderShape


class BumpShape(Shape):
    """A person gave a batch another priority."""

    to: str
    before: str
    who: str
    why: str
    at: datetime
    sentence: str = ""


class MemberShape(Shape):
    """What the plan does about one output."""

    name: str
    version: str
    subdir: str
    recipe: str
    membership: str
    mark: str = ""
    label: str = ""
    category: str = ""
    file: str = ""
    reasons: tuple[ReasonShape, ...] = ()


class StaysShape(Shape):
    """A file that stays behind, and why."""

    file: str
    name: str
    reason: str
    blocked_by: tuple[str, ...] = ()


class GateShape(Shape):
    """A promotion gate's answer."""

    gate: str
    verdict: str
    passes: bool
    reasons: tuple[str, ...] = ()
    actor: str = "nobody"


class PromotionShape(Shape):
    """One move of a channel's pointer."""

    id: str
    channel: str
    act: str
    base: int
    snapshot: int
    added: int = 0
    removed: int = 0
    batch: str = ""
    who: str = ""
    why: str = ""
    at: datetime


class PushShape(Shape):
    """A push that waited for more of its branch, or does."""

    id: str
    tree: str
    commit: str
    summary: str
    author: str
    at: datetime
    due_at: datetime
    """When its batch is opened, or would have been."""
    sentence: str = ""
    """How long it still waits, or why."""


class BatchView(BatchSummary):
    """One batch, whole: what its page shows."""

    jobs: tuple[JobSummary, ...] = ()
    pushes: tuple[PushShape, ...] = ()
    """The pushes that became this batch, oldest first; none where one alone did and did not wait."""
    circles: tuple[str, ...] = ()
    """How packages that are built with each other are built, or why they are not, in sentences."""
    left_out: tuple[MemberShape, ...] = ()
    """Members that the plan retests, wants edited, or leaves alone though something touched them."""
    refusals: tuple[str, ...] = ()
    notices: tuple[NoticeShape, ...] = ()
    """Pins that stay behind what moved, and migrations that overlap, are done or are broken."""
    stays: tuple[StaysShape, ...] = ()
    again: str = ""
    """The batch in which the farm builds again what others overtook; ``due`` while something later is under way."""
    again_sentence: str = ""
    published: tuple[str, ...] = ()
    """``subdir/file name`` of what reached testing."""
    gates: tuple[GateShape, ...] = ()
    promotions: tuple[PromotionShape, ...] = ()
    waves: int = 0
    staging: str = ""
    untouched: int = 0
    """How many outputs of the tree nothing of this change reaches."""
    edits: tuple[EditShape, ...] = ()
    """What people would have to write, as diffs."""
    forecast: ForecastShape | None = None
    """What is left of it, while anything is."""
    expected: str = ""
    """What was forecast when it was opened, in words."""
    revisions: tuple[RevisionShape, ...] = ()
    """How the plan changed when it was decided again, oldest first."""
    moves: tuple[MoveShape, ...] = ()
    """What moved in watched channels, where it came of that."""
    bumps: tuple[BumpShape, ...] = ()
    """Who gave it another priority, oldest first."""
    differences: tuple[DifferenceShape, ...] = ()
    """What was built, beside what was there before; only what differs in something that others may notice."""
    remarks: tuple[JobRemarkShape, ...] = ()
    """Failures that break nothing, and why; what its trees expect to fail and now passes."""


class AttemptShape(Shape):
    """One try of a job."""

    id: str
    lease: int
    worker: str
    state: str
    outcome: str = ""
    phase: str = ""
    message: str = ""
    failure: str = ""
    """Its class, where it failed."""
    act: str = ""
    """What followed: ``elsewhere``, ``larger``, ``longer``, ``alone`` or ``nothing``."""
    consequence: str = ""
    """Class, act and why, in a sentence."""
    leased_at: datetime
    ended_at: datetime | None = None
    phases: dict[str, float] = Field(default_factory=dict)
    tests: tuple[dict[str, object], ...] = ()
    log_bytes: int = 0


class FailingLine(Shape):
    """A line the farm thinks tells the fault. ``line`` counts from 1."""

    line: int
    text: str
    kind: str


class FileShape(Shape):
    """A package file."""

    file: str
    name: str
    version: str
    build: str
    subdir: str
    size: int
    sha256: str
    verdict: str = ""


class JobView(JobSummary):
    """One job, whole."""

    reasons: tuple[ReasonShape, ...] = ()
    waits_for: tuple[JobSummary, ...] = ()
    waited_on_by: tuple[JobSummary, ...] = ()
    tries: tuple[AttemptShape, ...] = ()
    files: tuple[FileShape, ...] = ()
    failing: tuple[FailingLine, ...] = ()
    message: str = ""
    consequence: str = ""
    """What its last failed try was, and what was done about it, in a sentence."""
    suspects: str = ""
    """Of a broken one: which of the changes that came together can be the cause, as far as dependency settles it."""
    compared: str = ""
    """Of a test that did not pass: regression or not, and by what that is known, in a sentence."""
    control: str = ""
    """The job that is run for this one without the change, or for which this one is."""
    tested: TestedShape | None = None
    """How the cases of its tests went, where they were told."""
    remarks: tuple[RemarkShape, ...] = ()
    """Why its failure breaks nothing, or what nobody expected of its pass."""
    expected: tuple[str, ...] = ()
    """What its tree expects to fail of it, in sentences."""
    needs: str = ""
    """What it asks of a worker beyond its pool, in words."""
    why_not: tuple[str, ...] = ()
    """Why it is not running yet, one sentence each."""
    order: OrderShape | None = None
    """Why it stands where it stands in the queue, while it is to be done."""
    artifact: str = ""
    """``subdir/file name`` that a test or retest is about."""
    batch_title: str = ""
    commit: str = ""
    tree: str = ""
    added_by: int = 0
    """The re-decision of its batch that added it; 0 for what was planned at once."""


class WorkerShape(Shape):
    """A worker as the controller knows it."""

    name: str
    pools: tuple[str, ...]
    state: str
    job: str = ""
    host: str = ""
    system: str = ""
    cores: int = 0
    version: str = ""
    seen_at: datetime
    memory_bytes: int = 0
    disk_free_bytes: int = 0
    protocol: int = 0
    drained: str = ""
    """Why the farm gives it no more work; empty while it does."""


class PauseShape(Shape):
    """What a person keeps from starting."""

    kind: str
    """``batch``, ``recipe`` or ``pool``."""
    name: str
    author: str
    reason: str
    since: datetime
    until: datetime | None = None
    """None: until a person resumes it."""
    sentence: str = ""


class PoolShape(Shape):
    """A pool: who serves it and what waits for it."""

    name: str
    idle: int = 0
    busy: int = 0
    ready: int = 0
    running: int = 0
    oldest_ready_seconds: float = 0.0
    draining: int = 0
    lost: int = 0
    paused: str = ""
    """By whom, since when and why nothing of it starts; empty where it is not paused."""


class ChannelShape(Shape):
    """A channel and its current snapshot."""

    name: str
    snapshot: int
    files: int
    url: str


class SnapshotShape(Shape):
    """One state of a channel."""

    channel: str
    number: int
    act: str
    files: int
    added: int
    removed: int
    batch: str
    who: str
    why: str
    at: datetime
    current: bool = False


class FarmView(Shape):
    """The first page: the farm at a glance."""

    counts: Counts = Counts()
    batches: tuple[BatchSummary, ...] = ()
    newly_broken: tuple[JobSummary, ...] = ()
    pools: tuple[PoolShape, ...] = ()
    workers: tuple[WorkerShape, ...] = ()
    channels: tuple[ChannelShape, ...] = ()
    promotions: tuple[PromotionShape, ...] = ()
    upstream: UpstreamView = UpstreamView()
    leader: LeaderShape | None = None
    idle: tuple[IdleShape, ...] = ()
    """Where nothing starts though there is work."""
    at: datetime | None = None
    """When this was true."""
    latest_event: int = 0
    """The newest event this answer has seen."""


class MovePreview(Shape):
    """What a promotion or a restore would do, or did."""

    channel: str
    act: str
    base: int
    snapshot: int | None = None
    """The new snapshot's number; None for a dry run."""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    gates: tuple[GateShape, ...] = ()
    allowed: bool = True
    promotion: str = ""


class LogLines(Shape):
    """Lines of a log. ``first`` counts from 1; ``end`` is whether the log is complete at its last line."""

    attempt: str
    first: int
    lines: tuple[str, ...]
    total: int
    ended: bool


class PushAnswer(Shape):
    """What a push became. The same commit again answers the same batch with ``again``.

    While it waits for more pushes, ``batch`` is empty, and ``change`` names the push.
    """

    batch: str
    change: str
    commit: str
    again: bool = False
    state: str = ""
    jobs: int = 0
    waits_seconds: float = 0.0
    sentence: str = ""
    """How long it still waits, in words."""


class EventShape(Shape):
    """One fact from the outbox. ``id`` grows; use it as Last-Event-ID."""

    id: int
    at: datetime
    kind: str
    """For example ``job.state``, ``batch.state``, ``channel.moved``, ``worker.state``."""
    batch: str = ""
    job: str = ""
    data: dict[str, object] = Field(default_factory=dict)
