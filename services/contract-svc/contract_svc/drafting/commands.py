"""Draft the contract of an accepted quote."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, bindparam
from sqlalchemy.dialects.postgresql import insert

from contract_svc.contracts import queries
from contract_svc.contracts.commands import about, change
from contract_svc.contracts.record import UNSIGNED, Contract, ContractState
from contract_svc.contracts.reviews import free
from contract_svc.contracts.rules import owned_by
from contract_svc.contracts.tables import CONTRACT_NUMBER, CONTRACTS
from contract_svc.drafting import rules
from contract_svc.milestones import commands as milestones
from contract_svc.milestones.record import Term, Trigger
from contract_svc.policy import DEAL_TERMS, POLICY
from shared.calendar import day_of
from shared.db.query import Query
from shared.db.tx import Tx
from shared.events.contract import ContractDrafted
from shared.events.deal import DealUpdated
from shared.events.envelope import Dimensions
from shared.events.quote import QuoteAccepted
from shared.handover.late import placed_now
from shared.handover.parts import UNSIGNED_CONTRACTS
from shared.ids import new_id
from shared.parties.people import team_of

_first = insert(CONTRACT_NUMBER).values(year=bindparam("year", type_=Integer), last=1)
_NEXT_NUMBER = Query(
    _first.on_conflict_do_update(index_elements=[CONTRACT_NUMBER.c.year], set_={"last": CONTRACT_NUMBER.c.last + 1}).returning(
        CONTRACT_NUMBER.c.last
    ),
    int,
)

_FROM_QUOTE = (*Dimensions.model_fields, "deal_id", "account_id", "account_name", "fx")


async def draft(tx: Tx, quote_id: UUID, quote: QuoteAccepted, *, at: datetime) -> Contract | None:
    """Draft a contract with the amounts and schedule of the quote; None when it has, or had, one."""
    if await tx.one(queries.OF_QUOTE, quote_id=quote_id):
        return None
    return await make(tx, quote_id, quote, at=at)


async def make(tx: Tx, quote_id: UUID, quote: QuoteAccepted, *, at: datetime) -> Contract:
    """The draft, whatever other contracts the quote has."""
    policy = tx.policy(POLICY)
    contract = Contract(
        id=new_id(),
        version=0,
        number=await _next_number(tx, at),
        revision=1,
        state=ContractState.DRAFT,
        quote_id=quote_id,
        total=quote.total.amount,
        net=quote.net.amount,
        tax=quote.tax.amount,
        currency=quote.total.currency,
        **{n: getattr(quote, n) for n in _FROM_QUOTE} | await placed_now(tx, UNSIGNED_CONTRACTS, quote, account_id=quote.account_id),
        lines=[line.model_dump(mode="json") for line in quote.lines],
        sections={},
        core_clauses=[section.value for section in policy.core_clauses],
        signers=[],
        drafted_at=at,
        policy_version=policy.version,
        acceptance_days=policy.acceptance_days,
        core_count=len(policy.core_clauses),
        review_parts=[part.value for part in policy.review_parts],
        sign_within_days=policy.sign_within_days,
        created_at=tx.now,
        updated_at=tx.now,
    )
    terms = [Term(Trigger(t.trigger), t.percent, t.due_days, t.due_on, t.amount) for t in quote.schedule]
    schedule = milestones.planned(contract, terms or rules.terms_of(tx.policy(DEAL_TERMS).payment_plan), tx.now)
    texts = rules.sections(contract.account_name, contract.lines, contract.total, contract.currency, schedule, policy)
    told = about(ContractDrafted, contract, milestones=[milestones.as_data(m) for m in schedule])
    contract = await tx.add(CONTRACTS, replace(contract, sections=texts), told, at=at)
    await milestones.add(tx, contract, schedule, at=at)
    return contract


async def follow(tx: Tx, contracts: Sequence[Contract], deal: DealUpdated, *, at: datetime) -> None:
    """Let contracts go with their deal, in any state, when its owner changes; a hand-over moves signed ones by itself.

    Unsigned ones also take the deal's other dimensions, as source, product and region. An owner that somebody gave a contract stays
    until then.
    """
    for contract in contracts:
        signed = contract.state not in UNSIGNED
        freed: Sequence[str] = ()
        now = {} if signed else {n: getattr(deal, n) for n in Dimensions.model_fields if n not in ("owner_id", "team_id")}
        if "owner_id" in deal.changed and not (signed and deal.hand_over_id):
            team = await team_of(tx, deal.owner_id) if signed and deal.owner_id else deal.team_id
            now |= owned_by(contract, deal.owner_id, team)
            freed = (await free(tx, [contract], deal.owner_id)).get(contract.id, ())
        elif "team_id" in deal.changed and not signed and contract.owner_id == deal.owner_id:
            now["team_id"] = deal.team_id
        last = contract.closed_at or contract.signed_at or contract.drafted_at
        await change(tx, contract, at=max(at, last), also=freed, **now)


async def _next_number(tx: Tx, at: datetime) -> str:
    """The next number of the year in which it is drafted, in the company's zone."""
    year = day_of(at, tx.settings.zone).year
    return f"C-{year}-{await tx.one(_NEXT_NUMBER, year=year):06d}"
