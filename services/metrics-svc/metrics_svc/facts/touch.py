"""Touches: what brought leads to us, each time, with the source, campaign and channel of that time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, kept, read_kept
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.merges import MERGES
from metrics_svc.counting.times import Calendar
from shared.access.kinds import LEAD_FIGURES
from shared.events.envelope import Envelope
from shared.events.lead import LeadCaptured, LeadStubbed
from shared.events.signal import LeadSignalRecorded, LeadTouched

LANE = "touches"


@dataclass(slots=True)
class TouchedLead:
    """A lead with its touches as they were told: at, the signal and its kind, and the dimensions. In the order of their times.

    Those of a lead that was merged into another one are counted as that one's.
    """

    id: UUID
    touches: list[list[Any]] = field(default_factory=list)
    merged_into: UUID | None = None


@dataclass(slots=True)
class TouchFact(Placed):
    """Something brought a lead to us. `n` counts its touches from 0 by their times, so that each way to attribute can be counted."""

    lead_id: UUID
    n: int
    kind: str
    at: datetime


def _touched(row: TouchedLead, e: Envelope[LeadTouched], _: Calendar) -> None:
    told = [e.time.isoformat(), str(e.subject), e.data.kind, *kept(e.data)]
    row.touches = sorted([*row.touches, told], key=_order)


def _order(touch: list[Any]) -> tuple[datetime, str]:
    return datetime.fromisoformat(touch[0]), touch[1]


def derive(lead_id: UUID, rows: Sequence[TouchedLead]) -> Iterator[TouchFact]:
    """The touches of a lead, with those of the leads that were merged into it."""
    touches = rows[0].touches if len(rows) == 1 else sorted((touch for row in rows for touch in row.touches), key=_order)
    for n, (at, _, kind, *who) in enumerate(touches):
        yield TouchFact(*read_kept(who), lead_id=lead_id, n=n, kind=kind, at=datetime.fromisoformat(at))


TOUCHED_LEAD = Fact(
    "touched_lead",
    TouchedLead,
    ("id",),
    lane=LANE,
    record="lead",
    figures=LEAD_FIGURES,
    hears={LeadTouched: _touched, **MERGES},
    through={LeadTouched: "lead_id"},
    begins=(LeadSignalRecorded, LeadCaptured, LeadStubbed),
    sparse=("merged_into",),
)

FACT = Fact("touch_fact", TouchFact, ("lead_id", "n"), lane=LANE, record="lead", figures=LEAD_FIGURES, indexes=("n at", "owner_id"))

TOUCHES = Measure("touches", TouchFact, at="at")
FIRST_TOUCHES = Measure("first_touches", TouchFact, at="at", where={"n": 0})
