"""Contacts with customers: calls, mails, meetings, visits, each with the dimensions that its lead had then."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from metrics_svc.counting.dimensions import Placed, kept, read_kept
from metrics_svc.counting.fact import Fact
from metrics_svc.counting.measure import Measure
from metrics_svc.counting.merges import MERGES
from metrics_svc.counting.times import Calendar
from shared.access.kinds import LEAD_FIGURES
from shared.events import deal
from shared.events.envelope import Envelope
from shared.events.lead import (
    LeadCaptured,
    LeadInteractionCorrected,
    LeadInteractionLogged,
    LeadInteractionRemoved,
    LeadStubbed,
    LoggedAs,
)
from shared.stored import Stored

LANE = "activity"


@dataclass(slots=True)
class WorkedLead:
    """A lead with its contacts as they were told (at, kind, direction, and the dimensions), and the deals that it is a lead of.

    The contacts of one that was merged into another are contacts for that one's deals too. `corrections` says how a contact was told, and
    how it is right; nothing for one that was none. They may be told by the survivor of a merge, so before the contact is heard of.
    """

    id: UUID
    contacts: list[list[Any]] = field(default_factory=list)
    corrections: Annotated[list[list[Any]], Stored(default="'[]'")] = field(default_factory=list)
    deals: list[str] = field(default_factory=list)
    merged_into: UUID | None = None

    @property
    def standing(self) -> list[list[Any]]:
        """The contacts as they are right, with the dimensions that they were told with."""
        found = list(self.contacts)
        for was, now in self.corrections:
            n = next((n for n, told in enumerate(found) if told[:3] == was), None)
            if n is not None:
                found[n : n + 1] = [] if now is None else [[*now, *found[n][3:]]]
        return found

    @property
    def contacted(self) -> Iterator[datetime]:
        return (datetime.fromisoformat(at) for at, *_ in self.standing)


@dataclass(slots=True)
class InteractionFact(Placed):
    """A contact with the customer of a lead, whoever began it and whatever came of it."""

    lead_id: UUID
    n: int
    kind: str
    direction: str
    at: datetime


def _logged(row: WorkedLead, e: Envelope[LeadInteractionLogged], _: Calendar) -> None:
    row.contacts = [*row.contacts, [e.time.isoformat(), e.data.kind, e.data.direction, *kept(e.data)]]


def _corrected(row: WorkedLead, e: Envelope[LeadInteractionCorrected], _: Calendar) -> None:
    row.corrections = [*row.corrections, [_as_told(e.data.was), _as_told(e.data.now)]]


def _removed(row: WorkedLead, e: Envelope[LeadInteractionRemoved], _: Calendar) -> None:
    row.corrections = [*row.corrections, [_as_told(e.data.was), None]]


def _as_told(logged: LoggedAs) -> list[Any]:
    return [logged.at.astimezone(UTC).isoformat(), logged.kind, logged.direction]


def _of_deal(row: WorkedLead, e: Envelope[Any], _: Calendar) -> None:
    row.deals = sorted({*row.deals, str(e.subject)})


def derive(row: WorkedLead) -> Iterator[InteractionFact]:
    for n, (at, kind, direction, *who) in enumerate(row.standing):
        yield InteractionFact(*read_kept(who), lead_id=row.id, n=n, kind=kind, direction=direction, at=datetime.fromisoformat(at))


OF_DEAL = (deal.DealOpened, deal.DealLeadJoined, deal.DealHistoryCorrected)
"""What names a lead of a deal."""
SET_RIGHT = (LeadInteractionCorrected, LeadInteractionRemoved)

WORKED_LEAD = Fact(
    "worked_lead",
    WorkedLead,
    ("id",),
    lane=LANE,
    record="lead",
    figures=LEAD_FIGURES,
    hears={
        LeadInteractionLogged: _logged,
        LeadInteractionCorrected: _corrected,
        LeadInteractionRemoved: _removed,
        **MERGES,
        **dict.fromkeys(OF_DEAL, _of_deal),
    },
    through={**dict.fromkeys(OF_DEAL, "lead_id"), **dict.fromkeys(SET_RIGHT, "logged_for")},
    begins=(LeadCaptured, LeadStubbed),
    derive=derive,
    sparse=("merged_into",),
)

FACT = Fact(
    "interaction_fact",
    InteractionFact,
    ("lead_id", "n"),
    lane=LANE,
    record="lead",
    figures=LEAD_FIGURES,
    indexes=("kind at", "owner_id"),
)

CONTACTS = Measure("contacts", InteractionFact, at="at")
FROM_THEM = Measure("inbound_contacts", InteractionFact, at="at", where={"direction": "inbound"})
VISITS = Measure("visits", InteractionFact, at="at", where={"kind": "visit"})
MEETINGS = Measure("meetings", InteractionFact, at="at", where={"kind": "meeting"})
