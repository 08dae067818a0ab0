"""Touches: what brought leads to us, each time, with the source, campaign and channel of that time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, kept, read_kept
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from shared.access.kinds import LEAD_FIGURES
from shared.events.envelope import Envelope
from shared.events.signal import LeadSignalRecorded, LeadTouched

LANE = "touches"


@dataclass(slots=True)
class TouchedLead:
    """A lead with its touches as they were told: at, the signal and its kind, and the dimensions. In the order of their times."""

    id: UUID
    touches: list[list[Any]] = field(default_factory=list)


@dataclass(slots=True)
class TouchFact(Placed):
    """Something brought a lead to us. `n` counts its touches from 0 by their times, so that each way to attribute can be counted."""

    lead_id: UUID
    n: int
    kind: str
    at: datetime


def _touched(row: TouchedLead, e: Envelope[LeadTouched], _: Calendar) -> None:
    told = [e.time.isoformat(), str(e.subject), e.data.kind, *kept(e.data)]
    row.touches = sorted([*row.touches, told], key=lambda touch: (datetime.fromisoformat(touch[0]), touch[1]))


def derive(row: TouchedLead) -> Iterator[TouchFact]:
    for n, (at, _, kind, *who) in enumerate(row.touches):
        yield TouchFact(*read_kept(who), lead_id=row.id, n=n, kind=kind, at=datetime.fromisoformat(at))


TOUCHED_LEAD = Fact(
    "touched_lead",
    TouchedLead,
    ("id",),
    lane=LANE,
    record="lead",
    figures=LEAD_FIGURES,
    hears={LeadTouched: _touched},
    through={LeadTouched: "lead_id"},
    begins=(LeadSignalRecorded,),
    derive=derive,
)

FACT = Fact("touch_fact", TouchFact, ("lead_id", "n"), lane=LANE, record="lead", figures=LEAD_FIGURES, indexes=("n at", "owner_id"))

TOUCHES = Measure("touches", TouchFact, at="at")
FIRST_TOUCHES = Measure("first_touches", TouchFact, at="at", where={"n": 0})
