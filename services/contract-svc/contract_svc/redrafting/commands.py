"""Draft a contract of an accepted quote whose contract fell."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from contract_svc.contracts import queries as contracts
from contract_svc.contracts.record import Contract
from contract_svc.drafting.commands import make
from contract_svc.payments.queries import facts_of
from contract_svc.redrafting import queries
from contract_svc.redrafting.rules import DRAFT_AGAIN
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound
from shared.events.envelope import Dimensions
from shared.events.quote import QuoteAccepted
from shared.occurred import happened

_AS_IT_IS_NOW = (*Dimensions.model_fields, "account_id", "account_name")
"""What the last contract of the quote says better than what was told when it was accepted: it has gone with its deal since."""


async def draft_again(tx: Tx, quote_id: UUID, *, at: datetime | None) -> Contract:
    """Another contract with the lines, totals and schedule that the customer accepted.

    422 for a quote of which the actor sees no contract.
    """
    told = await tx.first(queries.TOLD, id=quote_id)
    last = await _last(tx, quote_id)
    facts = replace(await facts_of(tx, last.id), quote=(await queries.standing_of(tx, [last])).get(last.id))
    DRAFT_AGAIN.check(last, tx.actor, facts=facts)
    assert told is not None, "an act on a quote that is not known is refused"
    quote = QuoteAccepted.model_validate(told.told)
    quote = quote.model_copy(update={name: getattr(last, name) for name in _AS_IT_IS_NOW})
    return await make(tx, quote_id, quote, at=happened(tx, at, since=last.closed_at))


async def _last(tx: Tx, quote_id: UUID) -> Contract:
    found = await tx.first(queries.LAST_OF_QUOTE, quote_id=quote_id)
    try:
        if found is not None:
            return await contracts.SEEN.load(tx, found)
    except NotFound:
        pass
    says = "There is none with a contract, or you may not see it. The contract of a quote that was just accepted is there a moment later."
    raise Invalid(says, pointer="/quote_id", code="unknown_quote", retry_after=1)
