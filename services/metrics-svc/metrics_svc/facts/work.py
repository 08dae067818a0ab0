"""Open work about leads, deals and contracts: one row for each item, as `shared.worklist` declares the kinds.

It is for the owner of its record, and goes with the record to another owner: that the record's own events say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from metrics_svc.counting.fact import Fact, Hear
from metrics_svc.counting.times import Calendar
from shared.events import contract, deal, lead
from shared.events.envelope import Envelope, Event
from shared.ids import read_id
from shared.worklist.items import Hear as HearItem
from shared.worklist.items import Item, Source
from shared.worklist.kinds import SOURCES

LANE = "work"


@dataclass(slots=True)
class WorkedRecord:
    """A record that work can be about, with its open items. `known`: it has told its owner itself; before that its parts do."""

    id: UUID
    subject: str | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    account_id: UUID | None = None
    deal_id: UUID | None = None
    name: str | None = None
    known: bool = False
    items: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class WorkItem:
    """Something that somebody has to do about a record; it is open.

    `what` is the part of an approval, `content_hash` what is to be approved, and `quote_id` of which quote, if it is about one. `roles`,
    `people`: who is asked for it, one of them is enough, and `not_by` who may not; none for what the owner has to do. `assignee_id`: the
    owner, or whom an approval was delegated to. `amount` is what is outstanding.
    """

    record_id: UUID
    n: int
    id: UUID
    kind: str
    subject: str
    assignee_id: UUID | None
    owner_id: UUID | None
    team_id: UUID | None
    account_id: UUID | None
    deal_id: UUID | None
    name: str | None
    what: str | None
    since: datetime
    due_at: datetime | None
    overdue: bool
    escalated: bool
    approval_id: UUID | None
    roles: list[str]
    people: list[str]
    not_by: list[str]
    content_hash: str | None
    quote_id: UUID | None
    amount: Decimal | None
    currency: str | None


def derive(row: WorkedRecord) -> Iterator[WorkItem]:
    time = datetime.fromisoformat
    for n, item in enumerate(item for item in row.items if item["open"]):
        approval, delegate = item.get("approval"), item.get("delegate")
        yield WorkItem(
            record_id=row.id,
            n=n,
            id=read_id(item["id"]),
            kind=item["kind"],
            subject=row.subject or "",
            assignee_id=row.owner_id if approval is None else delegate and read_id(delegate),
            owner_id=row.owner_id,
            team_id=row.team_id,
            account_id=row.account_id,
            deal_id=row.deal_id,
            name=row.name,
            what=item.get("what"),
            since=time(item["since"]),
            due_at=None if item["due_at"] is None else time(item["due_at"]),
            overdue=item["overdue"],
            escalated=item["escalated"],
            approval_id=approval and read_id(approval),
            roles=item.get("roles", []),
            people=item.get("people", []),
            not_by=item.get("not_by", []),
            content_hash=item.get("content"),
            quote_id=item.get("quote") and read_id(item["quote"]),
            amount=None if item.get("amount") is None else Decimal(item["amount"]),
            currency=item.get("currency"),
        )


def _part(told: Source, hear: HearItem, row: WorkedRecord, e: Envelope[Any], _: Calendar) -> None:
    """Something about the record. It says whose the record was then, which counts until the record says it itself."""
    row.subject = told.subject
    row.deal_id = getattr(e.data, "deal_id", None) or row.deal_id if told.subject == "contract" else row.deal_id
    if not row.known:
        row.owner_id, row.team_id = e.data.owner_id, e.data.team_id
    before: Mapping[str, Item] = {item["id"]: item for item in row.items}
    after = hear(before, e)
    if after is not before:
        row.items = [{**item, "id": id} for id, item in sorted(after.items())]


def _told(subject: str, row: WorkedRecord, e: Envelope[Any], _: Calendar) -> None:
    """The record itself, with its owner. What an event does not name stays."""
    data: Any = e.data
    row.subject, row.known = subject, True
    row.owner_id, row.team_id = getattr(data, "owner_id", None), getattr(data, "team_id", None)
    row.account_id = getattr(data, "account_id", None) or row.account_id
    row.name = getattr(data, "number", None) or getattr(data, "account_name", None) or row.name
    if subject == "contract":
        row.deal_id = data.deal_id


_OWN: Mapping[str, tuple[type[Event], ...]] = {
    "lead": (lead.LeadCaptured, lead.LeadStubbed, lead.LeadUpdated, lead.LeadAssigned, lead.LeadMerged, lead.LeadUnmerged),
    "deal": (deal.DealOpened, deal.DealUpdated, deal.DealHistoryCorrected),
    "contract": (contract.ContractDrafted, contract.ContractChanged),
}
"""The events by which a record gets its owner, or another one."""

_PARTS: dict[type[Event], Hear] = {event: partial(_part, told, hear) for told in SOURCES for event, hear in told.hears.items()}
_THROUGH = {event: told.through for told in SOURCES for event in told.hears}

WORKED_RECORD = Fact(
    "worked_record",
    WorkedRecord,
    ("id",),
    lane=LANE,
    record="lead",
    hears={**_PARTS, **{event: partial(_told, subject) for subject, events in _OWN.items() for event in events}},
    through=_THROUGH,
    derive=derive,
    fillfactor=80,
)

FACT = Fact(
    "work_item",
    WorkItem,
    ("record_id", "n"),
    lane=LANE,
    record="lead",
    indexes=("due_at id", "assignee_id due_at id", "team_id due_at id", "overdue due_at id", "owner_id"),
    sparse=("approval_id", "deal_id", "account_id"),
)
