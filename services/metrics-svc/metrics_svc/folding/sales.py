"""The lane of leads, deals, contracts and payments: they derive from each other, a lead from its deals, what is due from its contract."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, or_, select

from metrics_svc.counting.times import Calendar
from metrics_svc.facts import deal as deals
from metrics_svc.facts import lead as leads
from metrics_svc.facts import milestone as milestones
from metrics_svc.facts import payment as payments
from metrics_svc.facts.contract import ContractFact
from metrics_svc.facts.deal import DealFact
from metrics_svc.facts.lead import LeadFact
from metrics_svc.facts.milestone import MilestoneFact
from metrics_svc.facts.payment import PaymentFact
from metrics_svc.folding.table import TABLES, FactTable, Key
from metrics_svc.folding.touched import Touched
from metrics_svc.sales.derive import derive
from metrics_svc.sales.history import REPLACES, Step, read_steps
from shared.db.query import Query, is_in
from shared.db.tx import Tx
from shared.events.deal import DealUpdated
from shared.events.envelope import Envelope

log = structlog.get_logger()

F = TypeVar("F")

_DEAL = TABLES[DealFact]


def _deals() -> Query[DealFact]:
    """These deals, and all deals of the leads involved: a lead is as far as its furthest deal."""
    c, known = _DEAL.table.c, _DEAL.table.alias("known")
    ids, of_leads = (bindparam(name, type_=ARRAY(Uuid)) for name in ("ids", "leads"))
    of_these = func.array(select(known.c.lead_id).where(known.c.id == any_(ids), known.c.lead_id.is_not(None)).scalar_subquery())
    chosen = or_(c.id == any_(ids), c.lead_id == any_(func.array_cat(of_leads, of_these)))
    return Query(select(*[c[n] for n in _DEAL.names]).where(chosen), DealFact)


def _of_contracts(table: FactTable[F]) -> Query[F]:
    """These records, and all of these contracts: whose they are depends on who had the contract."""
    c = table.table.c
    return Query(select(*[c[n] for n in table.names]).where(or_(is_in(c.id, "ids"), is_in(c.contract_id, "contracts"))), table.into)


_DEALS = _deals()
_MILESTONES, _PAYMENTS = _of_contracts(TABLES[MilestoneFact]), _of_contracts(TABLES[PaymentFact])


class Sales(Touched):
    """The leads, deals, contracts, milestones and payments that a batch changes."""

    def __init__(self, lane: str, calendar: Calendar) -> None:
        super().__init__(lane, calendar)
        self._steps: dict[UUID, list[Step]] = {}

    def wanted(self, events: Iterable[Envelope[Any]]) -> dict[type[Any], set[UUID]]:
        found = super().wanted(events)
        found.setdefault(LeadFact, set()).update(e.data.lead_id for e in events if isinstance(e.data, DealUpdated) and e.data.lead_id)
        found[_Parents] = {e.data.contract_id for e in events if e.data.aggregate in ("milestone", "payment")}
        return found

    async def fetch(self, tx: Tx, wanted: Mapping[type[Any], Iterable[UUID]]) -> None:
        """Load these records and what is derived together with them.

        That is a lead with all its deals, and a contract with all that is due and paid.
        """
        of = {kind: list(wanted.get(kind, ())) for kind in (*self.rows, _Parents)}
        rows = self.rows
        if of[LeadFact] or of[DealFact]:
            rows[DealFact] = {d.id: d for d in await tx.all(_DEALS, ids=of[DealFact], leads=of[LeadFact])}
        named = {d.lead_id for d in rows[DealFact].values() if d.lead_id}
        rows[LeadFact] = {f.id: f for f in await TABLES[LeadFact].load(tx, {*of[LeadFact], *named})}
        for kind, query in ((MilestoneFact, _MILESTONES), (PaymentFact, _PAYMENTS)):
            if of[ContractFact] or of[kind]:
                found: list[Any] = await tx.all(query, ids=of[kind], contracts=of[ContractFact])
                rows[kind] = {f.id: f for f in found}
        parts = [*rows[MilestoneFact].values(), *rows[PaymentFact].values()]
        known = {f.contract_id for f in parts if f.contract_id}
        rows[ContractFact] = {f.id: f for f in await TABLES[ContractFact].load(tx, known.union(of[ContractFact], of[_Parents]))}

    def hear(self, e: Envelope[Any]) -> None:
        if type(e.data) in REPLACES:
            self._steps.pop(e.subject, None)
        super().hear(e)

    def derive(self) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        of_leads: dict[UUID, list[leads.Reached]] = {}
        known_leads, contracts = self.rows[LeadFact], self.rows[ContractFact]
        for deal in self.rows[DealFact].values():
            made, reached = derive(deal, self._steps_of(deal), known_leads.get(deal.lead_id) if deal.lead_id else None)
            for row in made:
                found[type(row), deal.id, row.n] = row
            found[DealFact, deal.id, 0] = deal
            if reached is not None and deal.lead_id is not None:
                of_leads.setdefault(deal.lead_id, []).append(reached)
        for lead in known_leads.values():
            for goal in leads.derive(lead, of_leads.get(lead.id, ())):
                found[type(goal), lead.id, goal.n] = goal
            found[LeadFact, lead.id, 0] = lead
        for contract in contracts.values():
            found[ContractFact, contract.id, 0] = contract
        for milestone in self.rows[MilestoneFact].values():
            milestones.derive_milestone(milestone, contracts.get(milestone.contract_id))
            found[MilestoneFact, milestone.id, 0] = milestone
        for payment in self.rows[PaymentFact].values():
            for allocation in payments.derive(payment, contracts.get(payment.contract_id)):
                found[type(allocation), payment.id, allocation.n] = allocation
            found[PaymentFact, payment.id, 0] = payment
        return found

    def warn(self) -> None:
        """Log deals in a stage that this release does not know: their figures are incomplete until metrics-svc is upgraded."""
        for deal in self.rows[DealFact].values():
            if deals.UNKNOWN_STAGE in deal.flags:
                log.warning("unknown_stage", deal=str(deal.id), stage=deal.stage)

    def pages(self) -> Iterable[tuple[type[Any], Sequence[Any]]]:
        deal, contract = _DEAL.table.c, TABLES[ContractFact].table.c
        yield LeadFact, ()
        yield DealFact, [deal.lead_id.is_(None)]  # the others come with their leads
        yield ContractFact, ()
        for part in (MilestoneFact, PaymentFact):  # of contracts that nothing is known of
            yield part, [TABLES[part].table.c.contract_id.not_in(select(contract.id))]

    def _steps_of(self, deal: DealFact) -> list[Step]:
        """The steps of its history. Each entry is read once: a history only grows, until a correction replaces it."""
        steps = self._steps.setdefault(deal.id, [])
        steps += read_steps(deal.history[len(steps) :], steps[-1] if steps else None)
        return steps


class _Parents:
    """Stands for contracts of what may not be known yet."""
