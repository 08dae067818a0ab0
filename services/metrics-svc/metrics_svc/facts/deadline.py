"""Deadlines: how those that ended did, whatever they are called and whatever record they are about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, Who, kept, read_kept
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


_EVENTS = [event for event in REGISTRY.values() if issubclass(event, events.DeadlineData)]
"""The events of all deadlines of all services."""

AGGREGATES = tuple(sorted({event.aggregate for event in _EVENTS}))


def _heard(row: TimedRecord, e: Envelope[Any], _: Calendar) -> None:
    data = e.data
    assert data.part_of is not None
    row.record, row.deal_id = data.part_of.removesuffix("_id"), getattr(data, "deal_id", None)
    met_at = data.met_at if isinstance(data, events.DeadlineMet) and data.in_time else None
    times = [None if at is None else at.isoformat() for at in (e.time, data.due_at, met_at)]
    told = [data.deadline, e.version, _what(data), *times, *kept(data)]
    row.told = sorted([*row.told, told], key=lambda entry: entry[:2])


def _what(data: events.DeadlineData) -> str:
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


class _Told(NamedTuple):
    name: str
    what: str
    at: datetime
    due_at: datetime
    met_at: datetime | None
    who: Who


def _read(told: Iterable[list[Any]]) -> Iterator[_Told]:
    time = datetime.fromisoformat
    for name, _, what, at, due_at, met_at, *who in told:
        yield _Told(name, what, time(at), time(due_at), None if met_at is None else time(met_at), read_kept(who))


class _End(NamedTuple):
    name: str
    at: datetime
    in_time: bool
    who: Who


def _ends(told: Iterable[_Told]) -> Iterator[_End]:
    """The ends of one deadline, of which it has several if it started anew. A miss holds until something gives it time again."""
    missed: _End | None = None
    due_at: datetime | None = None  # while it runs
    for one in told:
        match one.what:
            case "missed":
                missed = _End(one.name, one.due_at, False, one.who)
            case "met":
                late = missed or _End(one.name, one.due_at, False, one.who)
                yield late if one.met_at is None else _End(one.name, one.met_at, True, one.who)
                missed, due_at = None, None
            case "started" | "stopped":
                if missed is None and due_at is not None:  # nobody had told
                    missed = _End(one.name, due_at, False, one.who)
                if missed is not None and one.at >= missed.at:
                    yield missed
                missed, due_at = None, one.due_at if one.what == "started" else None
            case "paused":
                missed, due_at = None, None
            case "resumed" | "moved":
                due_at = one.due_at
                if missed is not None:
                    missed = missed._replace(at=one.due_at) if one.due_at <= one.at else None
    if missed is not None:
        yield missed


def derive(row: TimedRecord) -> list[DeadlineFact]:
    ends = [end for _, told in groupby(_read(row.told), key=lambda one: one.name) for end in _ends(told)]
    return [
        DeadlineFact(*end.who, record_id=row.id, n=n, record=row.record, deal_id=row.deal_id, name=end.name, at=end.at, in_time=end.in_time)
        for n, end in enumerate(ends)
    ]


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
