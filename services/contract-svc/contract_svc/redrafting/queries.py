"""Which quotes can have another contract."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Date, Text, and_, bindparam, cast, exists, func, or_, select

from contract_svc.contracts.record import Contract, ContractState
from contract_svc.contracts.tables import CONTRACT
from contract_svc.redrafting.record import AcceptedQuote, Standing
from contract_svc.redrafting.tables import ACCEPTED_QUOTE
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.policy.company import COMPANY_POLICY

_other = CONTRACT.alias("other")
_closed_on = cast(func.timezone(bindparam("zone", type_=Text), _other.c.closed_at), Date)
FELL = or_(
    _other.c.state == ContractState.VOIDED.value,
    and_(_other.c.state == ContractState.TERMINATED.value, _closed_on < _other.c.starts_on),
)
"""It has never taken effect: it was voided, or terminated before the day on which it would have begun."""
_quotes = select(CONTRACT.c.quote_id).where(is_in(CONTRACT.c.quote_id, "quote_ids")).distinct().subquery("quotes")
_STANDING = Query(
    select(
        _quotes.c.quote_id,
        exists().where(_other.c.quote_id == _quotes.c.quote_id, ~FELL).label("stands"),
        ACCEPTED_QUOTE.c.id.is_not(None).label("known"),
        ACCEPTED_QUOTE.c.ended,
    ).select_from(_quotes.outerjoin(ACCEPTED_QUOTE, ACCEPTED_QUOTE.c.id == _quotes.c.quote_id)),
    Standing,
)
LAST_OF_QUOTE = Query(
    select(CONTRACT.c.id)
    .where(CONTRACT.c.quote_id == bindparam("quote_id"))
    .order_by(CONTRACT.c.drafted_at.desc(), CONTRACT.c.id.desc())
    .limit(1),
    UUID,
)
TOLD = Query(
    select(*[ACCEPTED_QUOTE.c[n] for n in AcceptedQuote.__dataclass_fields__])
    .where(ACCEPTED_QUOTE.c.id == bindparam("id"))
    .with_for_update(),
    AcceptedQuote,
)
"""Locked: of two who draft at once, the second one sees the contract of the first."""


async def standing_of(db: Reader, contracts: Sequence[Contract]) -> dict[UUID, Standing]:
    """By contract, for those that are voided or terminated."""
    closed = [c for c in contracts if c.state in (ContractState.VOIDED, ContractState.TERMINATED)]
    if not closed:
        return {}
    zone = db.policy(COMPANY_POLICY).zone
    found = {s.quote_id: s for s in await db.all(_STANDING, quote_ids=sorted({c.quote_id for c in closed}), zone=zone)}
    return {c.id: found[c.quote_id] for c in closed}
