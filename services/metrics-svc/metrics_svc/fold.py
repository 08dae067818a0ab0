"""The projection: a batch of events, folded in memory, written with one statement per table (architecture §6).

What is counted is derived from all that is known of a lead, a deal or a payment, before the batch and after it; cells change by the
difference. So the order in which the events of different aggregates arrive does not matter, and a correction corrects everything.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from metrics_svc.cells.changes import CellChanges
from metrics_svc.cells.commands import add
from metrics_svc.facts import deals, leads, money
from metrics_svc.facts.rows import DealFact, LeadFact, MilestoneFact, PaymentFact
from metrics_svc.facts.tables import CHILDREN, DEALS, LEADS, MILESTONES, PAYMENTS
from shared.db import Query, Tx, is_in
from shared.events.deal import DealLeadJoined, DealOpened
from shared.events.envelope import Envelope, Event, topic

TOPICS = [topic(aggregate) for aggregate in ("lead", "deal", "contract", "milestone", "payment")]

TURN = "SELECT pg_advisory_xact_lock(4710001)"
"""Folds take turns: all of them change the same cells, so side by side they would wait for each other anyway, and deadlock."""

_DEALS = Query(
    select(*[DEALS.table.c[n] for n in DEALS.names]).where(or_(is_in(DEALS.table.c.id, "ids"), is_in(DEALS.table.c.lead_id, "leads"))),
    DealFact,
)


async def fold(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Let a batch take effect. Each event must be news: who calls has passed over duplicates."""
    await tx.conn.execute(TURN)
    touched = _Touched()
    await touched.load(tx, events)
    changes = CellChanges(tx.settings.zone)
    before = touched.derive()
    changes.take(touched.counted(before))
    for event in events:
        touched.hear(event)
    after = touched.derive()
    changes.add(touched.counted(after))
    await touched.save(tx, before, after)
    await add(tx, changes)


class _Touched:
    """The leads, deals, milestones and payments that a batch changes, as they are known so far."""

    def __init__(self) -> None:
        self.leads: dict[UUID, LeadFact] = {}
        self.deals: dict[UUID, DealFact] = {}
        self.milestones: dict[UUID, MilestoneFact] = {}
        self.payments: dict[UUID, PaymentFact] = {}

    async def load(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        wanted: dict[str, set[UUID]] = {"lead": set(), "deal": set(), "milestone": set(), "payment": set()}
        moving: set[UUID] = set()
        for e in events:
            data = e.data
            if data.aggregate in wanted:
                wanted[data.aggregate].add(e.subject)
            elif type(data) in deals.PAID:
                wanted["deal"].add(data.deal_id)
            if isinstance(data, leads.MOVES_DEALS):
                moving.add(e.subject)
            elif isinstance(data, DealOpened | DealLeadJoined) and data.lead_id:
                wanted["lead"].add(data.lead_id)
        if wanted["deal"] or moving:
            self.deals = {d.id: d for d in await tx.all(_DEALS, ids=list(wanted["deal"]), leads=list(moving))}
        wanted["lead"].update(d.lead_id for d in self.deals.values() if d.lead_id)
        self.leads = {f.id: f for f in await LEADS.load(tx, wanted["lead"])}
        self.milestones = {f.id: f for f in await MILESTONES.load(tx, wanted["milestone"])}
        self.payments = {f.id: f for f in await PAYMENTS.load(tx, wanted["payment"])}

    def hear(self, e: Envelope[Any]) -> None:
        data = e.data
        if data.aggregate == "lead":
            if (apply := leads.APPLY.get(type(data))) is not None:
                apply(_get(self.leads, e.subject, LeadFact), e)
        elif data.aggregate == "deal":
            deals.heard(_get(self.deals, e.subject, DealFact), e)
            if (tell := leads.OF_DEALS.get(type(data))) is not None and data.lead_id:
                tell(_get(self.leads, data.lead_id, LeadFact), e)
        elif data.aggregate == "milestone":
            money.milestone_heard(_get(self.milestones, e.subject, MilestoneFact), e)
        elif data.aggregate == "payment":
            money.payment_heard(_get(self.payments, e.subject, PaymentFact), e)
        elif (pay := deals.PAID.get(type(data))) is not None:
            pay(_get(self.deals, data.deal_id, DealFact), e)

    def derive(self) -> dict[UUID, list[Any]]:
        """Bring the derived fields up to date, and give the visits, outcomes, amounts and allocations of each deal and payment."""
        for lead in self.leads.values():
            leads.settle(lead)
        derived = {d.id: deals.derive(d, self.leads.get(d.lead_id) if d.lead_id else None) for d in self.deals.values()}
        derived |= {p.id: money.derive(p) for p in self.payments.values()}
        return derived

    def counted(self, derived: dict[UUID, list[Any]]) -> Iterator[Any]:
        for rows in (self.leads, self.deals, self.milestones, self.payments):
            yield from rows.values()
        for children in derived.values():
            yield from children

    async def save(self, tx: Tx, before: dict[UUID, list[Any]], after: dict[UUID, list[Any]]) -> None:
        await LEADS.put(tx, list(self.leads.values()))
        await DEALS.put(tx, list(self.deals.values()))
        await MILESTONES.put(tx, list(self.milestones.values()))
        await PAYMENTS.put(tx, list(self.payments.values()))
        changed = [(id, rows) for id, rows in after.items() if before.get(id, []) != rows]
        for table in CHILDREN:
            await table.drop(tx, [id for id, _ in changed if any(type(row) is table.into for row in before.get(id, ()))])
            await table.put(tx, [row for _, rows in changed for row in rows if type(row) is table.into])


def _get(known: dict[UUID, Any], id: UUID, kind: type[Any]) -> Any:
    found = known.get(id)
    if found is None:
        found = known[id] = kind(id)
    return found
