"""The projection: a batch of events, folded in memory, written with one statement per table.

What is counted is derived from all that is known of a lead, a deal or a payment, before the batch and after it; cells change by the
difference. So the order in which the events of different aggregates arrive does not matter, and a correction corrects everything.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, false, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert

from metrics_svc.cells.changes import CellChanges, Change
from metrics_svc.cells.commands import add
from metrics_svc.facts import deals, holders, leads, money
from metrics_svc.facts.history import REPLACES, STEPS, Step, read_steps
from metrics_svc.facts.money import Calendar
from metrics_svc.facts.rows import AllocationFact, ContractFact, DealFact, LeadFact, LeadGoalFact, MilestoneFact, PaymentFact
from metrics_svc.facts.tables import CONTRACTS, DEALS, FACTS, LEADS, MILESTONES, PAYMENTS, FactTable
from metrics_svc.past.queries import in_todays_currency, past_of
from metrics_svc.staging import BulkWrite
from shared.db.query import Query, is_in, rows_param
from shared.db.tx import Tx
from shared.events.envelope import REGISTRY, Envelope, Event, topic
from shared.log.reactions import Fold

log = structlog.get_logger()

F = TypeVar("F")

TOPICS = [topic(aggregate) for aggregate in ("lead", "deal", "contract", "milestone", "payment")]

TURN = "SELECT pg_advisory_xact_lock(4710001)"
"""Folds take turns. All of them change the same cells: side by side they would wait for each other, or deadlock."""

_NO_WAIT = "SET LOCAL synchronous_commit = off"
"""A fold need not wait for the disk. If it is lost, so is its offset, and the consumer reads those events again."""


def _deals() -> Query[DealFact]:
    """These deals, and all deals of the leads involved: a lead is as far as its furthest deal."""
    c, known = DEALS.table.c, DEALS.table.alias("known")
    ids, leads = (bindparam(name, type_=ARRAY(Uuid)) for name in ("ids", "leads"))
    of_these = func.array(select(known.c.lead_id).where(known.c.id == any_(ids), known.c.lead_id.is_not(None)).scalar_subquery())
    chosen = or_(c.id == any_(ids), c.lead_id == any_(func.array_cat(leads, of_these)))
    return Query(select(*[c[n] for n in DEALS.names]).where(chosen), DealFact)


_DEALS = _deals()


def _of_contracts(table: FactTable[F]) -> Query[F]:
    """These records, and all of these contracts: whose they are depends on who had the contract."""
    c = table.table.c
    return Query(select(*[c[n] for n in table.names]).where(or_(is_in(c.id, "ids"), is_in(c.contract_id, "contracts"))), table.into)


_MILESTONES, _PAYMENTS = _of_contracts(MILESTONES), _of_contracts(PAYMENTS)


def _seen() -> Query[Any]:
    """Note activity of deals. A deal that is not known yet waits for its opening."""
    names = ("id", "last_activity_at")
    empty = {"flags": _EMPTY, "history": _EMPTY, "payments": _EMPTY, "is_open": false()}
    given = rows_param(DEALS.table, *names)
    put = insert(DEALS.table).from_select([*names, *empty], select(*[given.c[n] for n in names], *empty.values()))
    later = func.greatest(DEALS.table.c.last_activity_at, put.excluded.last_activity_at)
    return Query(put.on_conflict_do_update(index_elements=["id"], set_={"last_activity_at": later}), int)


_TURNS = STEPS.keys() | REPLACES.keys()
"""The events of a deal that change its history."""
_EMPTY: ColumnElement[Any] = literal_column("'[]'::jsonb")
_SEEN = _seen()

TOLD = (LeadFact, DealFact, ContractFact, MilestoneFact, PaymentFact)
"""The facts that events change. All others are derived from these each time."""

_Key = tuple[type[Any], UUID, int]
"""Which fact: its kind, the record it belongs to, and its number among those of the kind."""


async def _fold(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """Apply a batch of events, from which the caller has removed duplicates."""
    await tx.execute(f"{_NO_WAIT}; {TURN}")
    past = await past_of(tx)
    events = await in_todays_currency(tx, past, events)
    touched = Touched(Calendar(tx.settings.zone, past.first_zone))
    await touched.load(tx, events)
    before = {key: as_it_is(fact) if type(fact) in TOLD else fact for key, fact in touched.derive().items()}
    for event in events:
        touched.hear(event)
    after = touched.derive()
    touched.warn()
    changed = [(fact, after.get(key)) for key, fact in before.items() if after.get(key) != fact]
    changed += [(None, fact) for key, fact in after.items() if key not in before]
    if changed:
        await _write(tx, changed)
    if touched.quiet:
        await tx.run(_SEEN, id=list(touched.quiet), last_activity_at=list(touched.quiet.values()))


async def write_facts(tx: Tx, facts: Iterable[Any]) -> None:
    """Insert these facts, or replace those that are there. The cells stay as they are."""
    of_kind: dict[type[Any], list[Any]] = {}
    for fact in facts:
        of_kind.setdefault(type(fact), []).append(fact)
    writing = BulkWrite(tx)
    await writing.begin()
    for kind, found in of_kind.items():
        await FACTS[kind].put(writing, found)
    await writing.finish()


async def _write(tx: Tx, changed: Sequence[Change]) -> None:
    writing = BulkWrite(tx)
    await writing.begin()
    for table in FACTS.values():
        await table.drop(tx, [old for old, new in changed if new is None and type(old) is table.into])
        await table.put(writing, [new for _, new in changed if type(new) is table.into])
    taking_over = asyncio.create_task(writing.finish())
    try:
        await asyncio.sleep(0)  # the statement is sent: Postgres merges the facts while the cells are counted here
        changes = CellChanges(tx.settings.zone)
        changes.take(changed)
    finally:
        await taking_over
    await add(writing, changes)
    await writing.finish()


_IN_FULL = [e for e in REGISTRY.values() if e.aggregate in ("deal", "milestone", "payment")]
fold = Fold(_fold, [*leads.APPLY, *deals.PAID, *holders.CONTRACTS, *_IN_FULL])


class Touched:
    """The leads, deals, contracts, milestones and payments that a batch changes, as they are known so far."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.leads: dict[UUID, LeadFact] = {}
        self.deals: dict[UUID, DealFact] = {}
        self.contracts: dict[UUID, ContractFact] = {}
        self.milestones: dict[UUID, MilestoneFact] = {}
        self.payments: dict[UUID, PaymentFact] = {}
        self.quiet: dict[UUID, datetime] = {}
        """Deals of which the batch shows activity only, and when: they need not be loaded for that."""
        self._steps: dict[UUID, list[Step]] = {}

    async def load(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        """What these events change."""
        wanted: dict[str, set[UUID]] = {"lead": set(), "deal": set(), "contract": set(), "milestone": set(), "payment": set()}
        parents: set[UUID] = set()
        for e in events:
            data = e.data
            kind = type(data)
            if kind in deals.PAID:
                wanted["deal"].add(data.deal_id)
            elif data.aggregate != "deal" or kind in _TURNS:
                wanted[data.aggregate].add(e.subject)
                if data.aggregate in ("milestone", "payment"):
                    parents.add(data.contract_id)
            if kind in leads.OF_DEALS and data.lead_id:
                wanted["lead"].add(data.lead_id)
        await self.fetch(tx, wanted["lead"], wanted["deal"], wanted["contract"], wanted["milestone"], wanted["payment"], parents)

    async def fetch(
        self,
        tx: Tx,
        leads: Collection[UUID] = (),
        deals: Collection[UUID] = (),
        contracts: Collection[UUID] = (),
        milestones: Collection[UUID] = (),
        payments: Collection[UUID] = (),
        parents: Collection[UUID] = (),
    ) -> None:
        """Load these records and what is derived together with them: a lead with all its deals, a contract with all that is due and paid.

        `parents` are contracts of what may not be known yet.
        """
        if leads or deals:
            self.deals = {d.id: d for d in await tx.all(_DEALS, ids=list(deals), leads=list(leads))}
        self.leads = {f.id: f for f in await LEADS.load(tx, {*leads, *(d.lead_id for d in self.deals.values() if d.lead_id)})}
        if contracts or milestones:
            self.milestones = {f.id: f for f in await tx.all(_MILESTONES, ids=list(milestones), contracts=list(contracts))}
        if contracts or payments:
            self.payments = {f.id: f for f in await tx.all(_PAYMENTS, ids=list(payments), contracts=list(contracts))}
        parts: list[MilestoneFact | PaymentFact] = [*self.milestones.values(), *self.payments.values()]
        known = {f.contract_id for f in parts if f.contract_id}
        self.contracts = {f.id: f for f in await CONTRACTS.load(tx, known.union(contracts, parents))}

    def hear(self, e: Envelope[Any]) -> None:
        data = e.data
        if data.aggregate == "lead":
            leads.APPLY[type(data)](_get(self.leads, e.subject, LeadFact), e)
        elif data.aggregate == "deal":
            if type(data) in _TURNS or e.subject in self.deals:
                deals.heard(_get(self.deals, e.subject, DealFact), e)
                if type(data) in REPLACES:
                    self._steps.pop(e.subject, None)
            else:
                self.quiet[e.subject] = max(self.quiet.get(e.subject, e.time), e.time)
            if (tell := leads.OF_DEALS.get(type(data))) is not None and data.lead_id:
                tell(_get(self.leads, data.lead_id, LeadFact), e)
        elif data.aggregate == "milestone":
            money.milestone_heard(_get(self.milestones, e.subject, MilestoneFact), e, self._calendar)
        elif data.aggregate == "payment":
            money.payment_heard(_get(self.payments, e.subject, PaymentFact), e, self._calendar)
        elif (tell_paid := deals.PAID.get(type(data))) is not None:
            tell_paid(_get(self.deals, data.deal_id, DealFact), e)
        else:
            holders.contract_heard(_get(self.contracts, e.subject, ContractFact), e)

    def derive(self) -> dict[_Key, Any]:
        """Bring the derived fields up to date, and return all facts as they are now."""
        found: dict[_Key, Any] = {}
        of_leads: dict[UUID, list[leads.Reached]] = {}
        for deal in self.deals.values():
            rows, reached = deals.derive(deal, self._steps_of(deal), self.leads.get(deal.lead_id) if deal.lead_id else None)
            for row in rows:
                found[type(row), deal.id, row.n] = row
            found[DealFact, deal.id, 0] = deal
            if reached is not None and deal.lead_id is not None:
                of_leads.setdefault(deal.lead_id, []).append(reached)
        for lead in self.leads.values():
            for goal in leads.derive(lead, of_leads.get(lead.id, ())):
                found[LeadGoalFact, lead.id, goal.n] = goal
            found[LeadFact, lead.id, 0] = lead
        for contract in self.contracts.values():
            found[ContractFact, contract.id, 0] = contract
        for milestone in self.milestones.values():
            money.derive_milestone(milestone, self._contract_of(milestone))
            found[MilestoneFact, milestone.id, 0] = milestone
        for payment in self.payments.values():
            for allocation in money.derive(payment, self._contract_of(payment)):
                found[AllocationFact, payment.id, allocation.n] = allocation
            found[PaymentFact, payment.id, 0] = payment
        return found

    def _contract_of(self, part: MilestoneFact | PaymentFact) -> ContractFact | None:
        return self.contracts.get(part.contract_id) if part.contract_id else None

    def warn(self) -> None:
        """Log deals in a stage that this release does not know: their figures are incomplete until metrics-svc is upgraded."""
        for deal in self.deals.values():
            if deals.UNKNOWN_STAGE in deal.flags:
                log.warning("unknown_stage", deal=str(deal.id), stage=deal.stage)

    def _steps_of(self, deal: DealFact) -> list[Step]:
        """The steps of its history. Each entry is read once: a history only grows, until a correction replaces it."""
        steps = self._steps.setdefault(deal.id, [])
        steps += read_steps(deal.history[len(steps) :], steps[-1] if steps else None)
        return steps


def _get(known: dict[UUID, Any], id: UUID, kind: type[Any]) -> Any:
    found = known.get(id)
    if found is None:
        found = known[id] = kind(id)
    return found


def as_it_is(fact: Any) -> Any:
    """A copy (`copy.copy` takes ten times as long)."""
    table = FACTS[type(fact)]
    return table.into(*table.values(fact))
