"""Deadlines: how those that ended did, whatever they are called and whatever record they are about, but for those of leads (prompt)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who, kept, read_kept
from metrics_svc.counting.ends import End, Told, ends
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from shared.events import deadlines as events
from shared.events.envelope import REGISTRY, Envelope

LANE = "deadlines"


@dataclass(slots=True)
class TimedRecord:
    """A record with what its deadlines told: deadline, its version, what, at, until when, when met, and the dimensions."""

    id: UUID
    record: str = ""
    deal_id: UUID | None = None
    told: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class DeadlineFact(Placed):
    """A deadline of a record ended: it was met in time, at `at`, or missed, and `at` is when it was due.

    One that was met after that was missed as well. It belongs to who had the record then; `record` is the record's kind.
    """

    record_id: UUID
    n: int
    record: str
    deal_id: UUID | None
    name: str
    at: datetime
    in_time: bool


_EVENTS = [event for event in REGISTRY.values() if issubclass(event, events.DeadlineData) and event.part_of != "lead_id"]
"""The events of the deadlines of all services. Those of leads are figures of leads, for other people: the first response."""

AGGREGATES = tuple(sorted({event.aggregate for event in _EVENTS}))


def _heard(row: TimedRecord, e: Envelope[Any], _: Calendar) -> None:
    data = e.data
    assert data.part_of is not None
    row.record, row.deal_id = data.part_of.removesuffix("_id"), getattr(data, "deal_id", None)
    met_at = data.met_at if isinstance(data, events.DeadlineMet) and data.in_time else None
    times = [None if at is None else at.isoformat() for at in (e.time, data.due_at, met_at)]
    told = [data.deadline, e.version, what(data), *times, *kept(data)]
    row.told = sorted([*row.told, told], key=lambda entry: entry[:2])


def what(data: events.DeadlineData) -> str:
    """Named here: what a row keeps must be readable whatever becomes of the classes."""
    match data:
        case events.DeadlineStarted():
            return data.why
        case events.DeadlineMet():
            return "met"
        case events.DeadlineMissed():
            return "missed"
        case events.DeadlinePaused():
            return "paused"
        case events.DeadlineStopped():
            return "stopped"
        case _:
            return "warned"


def _read(told: Iterable[list[Any]]) -> Iterator[Told]:
    time = datetime.fromisoformat
    for name, _, what, at, due_at, met_at, *who in told:
        yield Told(name, what, time(at), time(due_at), None if met_at is None else time(met_at), read_kept(who))


def derive(row: TimedRecord) -> list[DeadlineFact]:
    found = [end for _, told in groupby(_read(row.told), key=lambda one: one.name) for end in ends(told)]
    return [DeadlineFact(*_who(end), row.id, n, row.record, row.deal_id, end.name, end.at, end.in_time) for n, end in enumerate(found)]


def _who(end: End) -> Who:
    who: Who = end.said
    return who


TIMED_RECORD = Fact(
    "timed_record",
    TimedRecord,
    ("id",),
    lane=LANE,
    record="contract",
    hears=dict.fromkeys(_EVENTS, _heard),
    through={event: event.part_of for event in _EVENTS if event.part_of is not None},
    derive=derive,
)

FACT = Fact(
    "deadline_fact",
    DeadlineFact,
    ("record_id", "n"),
    lane=LANE,
    record="contract",
    indexes=("in_time at", "owner_id"),
)

MET = Measure("deadline_met", DeadlineFact, at="at", where={"in_time": True})
MISSED = Measure("deadline_missed", DeadlineFact, at="at", where={"in_time": False})
