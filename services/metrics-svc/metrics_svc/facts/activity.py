"""Work with the customers of deals: how many contacts a win took, and when the deal was touched."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.times import Calendar
from metrics_svc.facts.interaction import LANE, WorkedLead
from metrics_svc.facts.quiet import quiet
from metrics_svc.sales.history import REPLACES, STEPS, Step, read_steps
from shared.events import deal
from shared.events.envelope import REGISTRY, Envelope, Event


@dataclass(slots=True)
class WorkedDeal:
    """A deal with its leads, its primary lead first, and its steps. Contacts with any of its leads are contacts for the deal.

    `touches`: when it was touched otherwise.
    """

    id: UUID
    leads: list[str] = field(default_factory=list)
    history: list[list[Any]] = field(default_factory=list)
    touches: list[str] = field(default_factory=list)


@dataclass(slots=True)
class WinFact(Placed):
    """A deal that came from a lead was won, after so many contacts with its customer."""

    deal_id: UUID
    n: int
    at: datetime
    contacts: int
    undone_at: datetime | None = None  # when this win was reversed


def _of_lead(row: WorkedDeal, e: Envelope[Any], _: Calendar) -> None:
    if e.data.lead_id is not None and str(e.data.lead_id) not in row.leads:
        row.leads = [*row.leads, str(e.data.lead_id)]


def _step(row: WorkedDeal, e: Envelope[Any], calendar: Calendar) -> None:
    if (replace := REPLACES.get(type(e.data))) is not None:
        row.leads, row.history = [], replace(e, row.history)
    else:
        row.history = [*row.history, STEPS[type(e.data)](e)]
    if isinstance(e.data, deal.DealOpened | deal.DealHistoryCorrected):
        _of_lead(row, e, calendar)


def _touched(row: WorkedDeal, e: Envelope[Any], _: Calendar) -> None:
    row.touches = sorted([*row.touches, e.time.isoformat()])


def _joined(row: WorkedDeal, e: Envelope[Any], calendar: Calendar) -> None:
    _of_lead(row, e, calendar)
    _touched(row, e, calendar)


def derive(row: WorkedDeal, leads: Iterable[WorkedLead]) -> list[Any]:
    """What follows of the deal from its own story and that of its leads."""
    contacts = sorted(at for lead in leads for at in lead.contacted)
    steps = read_steps(row.history, None)
    touched = [*map(datetime.fromisoformat, row.touches), *contacts]
    return [*_wins(row, steps, contacts), *quiet(row.id, steps, touched)]


def _wins(row: WorkedDeal, steps: Iterable[Step], contacts: list[datetime]) -> Iterator[WinFact]:
    if not row.leads:
        return
    n = 0
    standing: WinFact | None = None
    for step in steps:
        if standing is not None and step.kind in ("won", "reversed"):
            standing.undone_at = max(step.at, standing.at)
            yield standing
            standing = None
        if step.kind == "won":
            standing = WinFact(*step.who, deal_id=row.id, n=n, at=step.at, contacts=sum(at <= step.at for at in contacts))
            n += 1
    if standing is not None:
        yield standing


TOUCHES: list[type[Event]] = [
    e for e in REGISTRY.values() if e.touches and e not in STEPS and (e.aggregate == "deal" or "deal_id" in e.model_fields)
]
"""Touches that the deal itself is told of. The others are contacts with its leads."""

WORKED_DEAL = Fact(
    "worked_deal",
    WorkedDeal,
    ("id",),
    lane=LANE,
    record="deal",
    hears={
        **dict.fromkeys([*STEPS, *REPLACES], _step),
        **dict.fromkeys(TOUCHES, _touched),
        deal.DealLeadJoined: _joined,
    },
    through={e: "deal_id" for e in TOUCHES if e.aggregate != "deal"},
)

WIN = Fact("win_fact", WinFact, ("deal_id", "n"), lane=LANE, record="deal", indexes=("at", "owner_id"))

# Wins by when they were won, without those that were reversed since.
WON_AFTER = Measure("won_after_contacts", WinFact, at="at", cohort="at", value="contacts")
UNDONE_AFTER = Measure("undone_after_contacts", WinFact, at="undone_at", cohort="at", value="contacts")
