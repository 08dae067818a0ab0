"""A contract comes from an accepted quote (D25)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, bindparam
from sqlalchemy.dialects.postgresql import insert

from contract_svc.contracts import queries
from contract_svc.contracts.commands import about
from contract_svc.contracts.rules import Contract, State
from contract_svc.contracts.tables import CONTRACT_NUMBER, CONTRACTS
from contract_svc.drafting import rules
from contract_svc.milestones import commands as milestones
from contract_svc.milestones.rules import DEFAULT_SCHEDULE, Term, Trigger
from shared.calendar import day_of
from shared.db.query import Query
from shared.db.tx import Tx
from shared.events.contract import ContractDrafted
from shared.events.deal import QuoteAccepted
from shared.ids import new_id

_first = insert(CONTRACT_NUMBER).values(year=bindparam("year", type_=Integer), last=1)
_NEXT_NUMBER = Query(
    _first.on_conflict_do_update(index_elements=[CONTRACT_NUMBER.c.year], set_={"last": CONTRACT_NUMBER.c.last + 1}).returning(
        CONTRACT_NUMBER.c.last
    ),
    int,
)


async def draft(tx: Tx, quote_id: UUID, quote: QuoteAccepted, *, at: datetime) -> Contract | None:
    """One contract for the quote, with its totals and its schedule; None when the quote has, or had, one."""
    if await tx.one(queries.OF_QUOTE, quote_id=quote_id):
        return None
    contract = Contract(
        id=new_id(),
        version=0,
        number=await _next_number(tx, at),
        revision=1,
        state=State.DRAFT,
        deal_id=quote.deal_id,
        quote_id=quote_id,
        account_id=quote.account_id,
        account_name=quote.account_name,
        owner_id=quote.owner_id,
        team_id=quote.team_id,
        source=quote.source,
        product=quote.product,
        region=quote.region,
        total=quote.total.amount,
        currency=quote.total.currency,
        fx=quote.fx,
        lines=[line.model_dump(mode="json") for line in quote.lines],
        sections={},
        core_clauses=[s.value for s in rules.CORE],
        signers=[],
        sign_by=None,
        committed_go_live_on=None,
        starts_on=None,
        ends_on=None,
        content_hash=None,
        submitted_by=None,
        reviews={},
        drafted_at=at,
        signed_at=None,
        live_on=None,
        live_at=None,
        acceptance_due_day=None,
        acceptance_due_at=None,
        acceptance_overdue=False,
        accepted_at=None,
        paid_at=None,
        closed_at=None,
        close_reason=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    terms = [Term(Trigger(t.trigger), t.percent, t.due_days, t.due_on) for t in quote.schedule] or DEFAULT_SCHEDULE
    schedule = milestones.planned(contract, terms, tx.now)
    texts = rules.sections(contract.account_name, contract.lines, contract.total, contract.currency, schedule)
    told = ContractDrafted(**about(contract), milestones=[milestones.as_data(m) for m in schedule])
    contract = await tx.add(CONTRACTS, replace(contract, sections=texts), told, at=at)
    await milestones.add(tx, contract, schedule, at=at)
    return contract


async def _next_number(tx: Tx, at: datetime) -> str:
    """The year is that of the drafting, where the company is."""
    year = day_of(at, tx.settings.zone).year
    return f"C-{year}-{await tx.one(_NEXT_NUMBER, year=year):06d}"
