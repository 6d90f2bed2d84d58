"""Why a package is rebuilt, retested or left alone: one answer for the page, the API and the command line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.domain.errors import NotFoundError
from controller.domain.jobs import JobKind
from controller.domain.plans import Membership, Rule
from controller.domain.wording import MEMBERSHIP_WORDS
from controller.services.answers.batch_plans import Known, batch_plan, known_members
from controller.services.answers.jobs import job_line
from controller.services.answers.reasons import kept_member, member_shape
from controller.services.answers.shape import ReasonShape
from controller.services.answers.shapes import JobSummary, MemberShape
from controller.services.answers.why_pictures import Told, followers_of, picture_of
from controller.services.answers.why_shapes import WhyAnswer, WhyJob, WhyMember
from controller.services.answers.words import amount
from controller.services.farm import Farm
from controller.services.questions import Answered
from controller.storage import batches, jobs, lines
from controller.storage.database import Session

_LISTED = 300


def why(answered: Answered, name: str) -> WhyAnswer:
    """Every output of that name, what becomes of it and why; untouched ones too. Raises NotFoundError."""
    members = answered.plan.decision.members
    own = [member_shape(member) for member in members if member.output.name == name]
    if not own:
        raise NotFoundError(f"No recipe makes {name}.", remedy="See `farm recipe list --tree TREE`.")
    told = [
        Told(member.output.name, member.reasons[0].path, member.membership.value)
        for member in members
        if member.reasons and member.reasons[0].rule is not Rule.CURRENT
    ]
    return _Whole(name, own, told).answer()


def why_in_batch(farm: Farm, batch: str, name: str) -> WhyAnswer:
    """The same of a batch's plan as it stands, with the jobs that came of it. Raises NotFoundError."""
    with farm.reading() as session:
        row = batches.find_batch(session, batch)
        known = known_members(batch_plan(row).members)
        own = [kept_member(each.kept) for each in known if each.name == name] or _of_jobs(session, row.id or 0, name)
        if not own:
            raise NotFoundError(
                f"{row.name} reaches nothing named {name}.", remedy=_untouched(row.plan.get("current", 0), name)
            )
        whole = _Whole(name, own, [_told(each) for each in known], row.name)
        names = {node.name for node in whole.picture.nodes} | {name}
        whole.jobs = _by_name(lines.named(session, row.id or 0, names))
        return whole.answer()


def facts(reason: ReasonShape) -> tuple[tuple[str, str], ...]:
    """What stands behind a reason's sentence, each with its name: rule, spec, where that came from, path."""
    found = (
        ("rule", f"{reason.rule}: {reason.title}"),
        ("spec", reason.spec),
        ("source", reason.source),
        ("path", " → ".join(reason.path) if len(reason.path) > 1 else ""),
    )
    return tuple((name, text) for name, text in found if text)


def head(member: MemberShape) -> str:
    """``lib 2.0 (linux-64), recipe libs/lib``."""
    return f"{member.name} {member.version} ({member.subdir}), recipe {member.recipe}"


def following(found: WhyAnswer) -> str:
    """What follows from a package, in a sentence."""
    if not found.following:
        return "Nothing follows from it."
    return f"{amount(found.following, 'package')} {'follows' if found.following == 1 else 'follow'} from it."


def worst(member: WhyMember) -> str:
    """The category of its jobs that wants a look first; without jobs that of what the plan says."""
    return min((job.category for job in member.jobs), key=_WORST.index, default=member.category)


@dataclass
class _Whole:
    name: str
    own: list[MemberShape]
    told: Sequence[Told]
    batch: str = ""
    jobs: Mapping[str, Sequence[JobSummary]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        paths = [reason.path for member in self.own for reason in member.reasons]
        self.picture = picture_of(self.name, paths, self.told)

    def answer(self) -> WhyAnswer:
        """Everything together."""
        followers = followers_of(self.name, self.told)
        nodes = tuple(node.model_copy(update=self._state(node.name, node.label)) for node in self.picture.nodes)
        return WhyAnswer(
            name=self.name, batch=self.batch, members=tuple(self._member(member) for member in self.own),
            picture=self.picture.model_copy(update={"nodes": nodes}), followers=followers[:_LISTED],
            following=len(followers),
        )  # fmt: skip

    def _member(self, member: MemberShape) -> WhyMember:
        own = (job for job in self.jobs.get(self.name, ()) if job.subdir == member.subdir)
        return WhyMember(
            **dict(member), sentence=MEMBERSHIP_WORDS[Membership(member.membership)].sentence,
            jobs=tuple(_job(job) for job in own),
        )  # fmt: skip

    def _state(self, name: str, label: str) -> dict[str, str]:
        """In a batch a box shows how far its jobs are, the worst first."""
        there = sorted(self.jobs.get(name, ()), key=lambda job: _WORST.index(job.category))
        if not there:
            return {}
        return {"label": f"{label}, {there[0].label}", "mark": there[0].mark, "category": there[0].category}


_WORST = ("broken", "in_progress", "waiting", "done", "not_needed")


def _told(known: Known) -> Told:
    reasons = known.kept["reasons"]
    return Told(known.name, tuple(reasons[0]["path"]) if reasons else (), str(known.kept["membership"]))


def _job(job: JobSummary) -> WhyJob:
    return WhyJob(
        id=job.id, kind=job.kind, subdir=job.subdir, mark=job.mark, label=job.label, category=job.category
    )  # fmt: skip


def _by_name(found: Iterable[lines.JobLine]) -> dict[str, list[JobSummary]]:
    by_name: dict[str, list[JobSummary]] = {}
    for line in found:
        by_name.setdefault(line.name, []).append(job_line(line))
    return by_name


def _of_jobs(session: Session, number: int, name: str) -> list[MemberShape]:
    """What jobs say of a package that the plan, decided again, does not speak of any more."""
    return [
        kept_member({
            "output": job.outputs[0], "artifact": job.artifact, "reasons": job.reasons,
            "membership": (Membership.REBUILD if job.kind == JobKind.BUILD else Membership.RETEST).value,
        })
        for job in jobs.jobs_named(session, number, name)
        if job.kind != JobKind.TEST and job.outputs
    ]  # fmt: skip


def _untouched(current: int, name: str) -> str:
    others = f"{amount(current, 'output')} of its trees {'is' if current == 1 else 'are'} untouched. "
    return f"{others if current else ''}`farm why {name} --tree TREE` tells whether a recipe makes it."
