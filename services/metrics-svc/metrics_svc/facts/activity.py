"""Work with the customers of deals: how many contacts a win took."""

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
from metrics_svc.sales.history import REPLACES, STEPS, read_steps
from shared.events import deal
from shared.events.envelope import Envelope


@dataclass(slots=True)
class WorkedDeal:
    """A deal with its leads, its primary lead first, and its steps. Contacts with any of its leads are contacts for the deal."""

    id: UUID
    leads: list[str] = field(default_factory=list)
    history: list[list[Any]] = field(default_factory=list)


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
        row.leads, row.history = [], replace(e)
    else:
        row.history = [*row.history, STEPS[type(e.data)](e)]
    if isinstance(e.data, deal.DealOpened | deal.DealHistoryCorrected):
        _of_lead(row, e, calendar)


def derive(row: WorkedDeal, leads: Iterable[WorkedLead]) -> list[Any]:
    """What follows of the deal from its own story and that of its leads."""
    contacts = sorted(at for lead in leads for at in lead.contacted)
    return [*_wins(row, contacts)]


def _wins(row: WorkedDeal, contacts: list[datetime]) -> Iterator[WinFact]:
    if not row.leads:
        return
    n = 0
    standing: WinFact | None = None
    for step in read_steps(row.history, None):
        if standing is not None and step.kind in ("won", "reversed"):
            standing.undone_at = max(step.at, standing.at)
            yield standing
            standing = None
        if step.kind == "won":
            standing = WinFact(*step.who, deal_id=row.id, n=n, at=step.at, contacts=sum(at <= step.at for at in contacts))
            n += 1
    if standing is not None:
        yield standing


WORKED_DEAL = Fact(
    "worked_deal",
    WorkedDeal,
    ("id",),
    lane=LANE,
    record="deal",
    hears={**dict.fromkeys([*STEPS, *REPLACES], _step), deal.DealLeadJoined: _of_lead},
)

WIN = Fact("win_fact", WinFact, ("deal_id", "n"), lane=LANE, record="deal", indexes=("at", "owner_id"))

# Wins by when they were won, without those that were reversed since.
WON_AFTER = Measure("won_after_contacts", WinFact, at="at", cohort="at", value="contacts")
UNDONE_AFTER = Measure("undone_after_contacts", WinFact, at="undone_at", cohort="at", value="contacts")
