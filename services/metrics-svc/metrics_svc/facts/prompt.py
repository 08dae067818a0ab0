"""What was due about leads: first responses and follow-ups, each with when it was due, and whether it was done by then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who, kept, read_kept
from metrics_svc.counting.ends import Told, ends
from metrics_svc.counting.fact import Fact, Hear
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from metrics_svc.facts import deadline
from metrics_svc.histogram import bucket_of
from shared.access.kinds import LEAD_FIGURES
from shared.events import cadence, lead
from shared.events.envelope import Envelope, Event

LANE = "prompt"
RESPONSE, FOLLOW_UP = "first_response", "follow_up"
GRADES = ("A", "B", "C")
"""The grades of leads, the hottest first."""

_MINUTE = 60_000_000


@dataclass(slots=True)
class PromptedLead:
    """A lead with what its follow-ups and first responses told, one after the other.

    Of each: which one, its version, what it is, what became of it, when, until when, when it was done in time, the lead's grade, the
    response with its working minutes, and the dimensions.
    """

    id: UUID
    told: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class PromptFact(Placed):
    """Something was due at `due_at`. It was done in time, at `at`, or was not, and `at` is when it was due.

    It belongs to who had the lead then, like the lead's `grade`. Of a first response, `done_at` is when there was one, in time or later,
    and `work_us` the working time that it took.
    """

    lead_id: UUID
    n: int
    kind: str
    grade: str | None
    due_at: datetime
    at: datetime
    in_time: bool
    done_at: datetime | None = None
    work_us: int | None = None
    work_bucket: int | None = None


_TASKS: dict[type[Event], str] = {
    lead.LeadTaskSet: "started",
    lead.LeadTaskDue: "missed",
    lead.LeadTaskDone: "met",
    lead.LeadTaskDropped: "stopped",
}
"""A follow-up in the words of deadlines. One that has another time now starts anew, and the time before it counts if it had come."""


def _task(row: PromptedLead, e: Envelope[Any], _: Calendar) -> None:
    if e.data.kind == FOLLOW_UP:
        done_at = e.time if isinstance(e.data, lead.LeadTaskDone) and e.time <= e.data.due_at else None
        _keep(row, e, FOLLOW_UP, _TASKS[type(e.data)], done_at, None)


def _response(row: PromptedLead, e: Envelope[Any], _: Calendar) -> None:
    if e.data.deadline == RESPONSE:
        met = e.data if isinstance(e.data, cadence.LeadFirstResponded) else None
        in_time = met.met_at if met is not None and met.in_time else None
        _keep(row, e, RESPONSE, deadline.what(e.data), in_time, None if met is None else [met.met_at.isoformat(), met.minutes])


def _keep(row: PromptedLead, e: Envelope[Any], kind: str, what: str, done_at: datetime | None, responded: list[Any] | None) -> None:
    times = [None if at is None else at.isoformat() for at in (e.time, e.data.due_at, done_at)]
    told = [str(e.subject), e.version, kind, what, *times, e.data.grade, responded, *kept(e.data)]
    row.told = sorted([*row.told, told], key=lambda entry: entry[:2])


class _Said(NamedTuple):
    grade: str | None
    responded: list[Any] | None
    """When, and after how many working minutes."""
    who: Who


def _read(told: list[list[Any]]) -> Iterator[tuple[str, Told]]:
    time = datetime.fromisoformat
    for subject, _, kind, what, at, due_at, done_at, grade, responded, *who in told:
        said = _Said(grade, responded, read_kept(who))
        yield subject, Told(kind, what, time(at), time(due_at), None if done_at is None else time(done_at), said)


def derive(row: PromptedLead) -> Iterator[PromptFact]:
    n = 0
    for _, told in groupby(_read(row.told), key=lambda one: one[0]):
        for end in ends(one for _, one in told):
            said: _Said = end.said
            made = PromptFact(*said.who, row.id, n, end.name, said.grade, end.due_at, end.at, end.in_time)
            if end.met is not None and (responded := end.met.responded) is not None:
                made.done_at, made.work_us = datetime.fromisoformat(responded[0]), responded[1] * _MINUTE
                made.work_bucket = bucket_of(made.work_us)
            yield made
            n += 1


_RESPONSES = (
    cadence.LeadDeadlineStarted,
    cadence.LeadDeadlineStopped,
    cadence.LeadFirstResponded,
    cadence.LeadFirstResponseMissed,
)
AGGREGATES = ("lead_deadline", "lead_task")
_HEARD: Mapping[type[Event], Hear] = {**dict.fromkeys(_TASKS, _task), **dict.fromkeys(_RESPONSES, _response)}

PROMPTED_LEAD = Fact(
    "prompted_lead",
    PromptedLead,
    ("id",),
    lane=LANE,
    record="lead",
    figures=LEAD_FIGURES,
    hears=_HEARD,
    through=dict.fromkeys(_HEARD, "lead_id"),
    derive=derive,
)

FACT = Fact("prompt_fact", PromptFact, ("lead_id", "n"), lane=LANE, record="lead", figures=LEAD_FIGURES, indexes=("kind at", "owner_id"))


def _by_grade(kind: str, of: str, **where: Any) -> dict[str, Measure]:
    return {g: Measure(f"{of}_{g.lower()}", PromptFact, at="at", where={"kind": kind, "grade": g, **where}) for g in GRADES}


RESPONDED = _by_grade(RESPONSE, "responded", in_time=True)
NOT_RESPONDED = _by_grade(RESPONSE, "not_responded", in_time=False)
RESPONSE_TIME = {
    g: Measure(f"response_time_{g.lower()}", PromptFact, at="done_at", seconds="work", where={"kind": RESPONSE, "grade": g}) for g in GRADES
}
FOLLOWED_UP = _by_grade(FOLLOW_UP, "followed_up", in_time=True)
NOT_FOLLOWED_UP = _by_grade(FOLLOW_UP, "not_followed_up", in_time=False)
