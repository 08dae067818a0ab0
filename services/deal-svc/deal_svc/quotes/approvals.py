"""The approval of a quote that was submitted: whose it is, who sees it, what tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deal_svc.deals import queries as deals
from deal_svc.deals.record import Deal
from deal_svc.quotes.queries import SEEN
from deal_svc.quotes.record import Quote
from deal_svc.quotes.tables import QUOTES
from shared.access import kinds
from shared.approvals import commands
from shared.approvals.commands import Approvals
from shared.db.tx import Tx
from shared.events import quote as told
from shared.events.envelope import Dimensions


@dataclass(frozen=True, slots=True)
class Submitted:
    """A quote with its deal, whose owner and dimensions it has."""

    quote: Quote
    deal: Deal

    @property
    def id(self) -> UUID:
        return self.quote.id


def _about(of: Submitted) -> dict[str, Any]:
    quote, deal = of.quote, of.deal
    said = {"quote_id": quote.id, "deal_id": deal.id, "number": quote.number, "revision": quote.revision, "tier": quote.tier}
    return {**said, **{name: getattr(deal, name) for name in Dimensions.model_fields}}


async def both(tx: Tx, quote_id: UUID, expect: int | None) -> tuple[Deal, Quote]:
    """The quote and its deal, both locked, the deal first."""
    found = await SEEN.get(tx, tx.actor, quote_id)
    deal = await deals.SEEN.load(tx, found.deal_id)
    return deal, await tx.load(QUOTES, quote_id, expect)


async def _submitted(tx: Tx, quote_id: UUID) -> Submitted:
    deal, quote = await both(tx, quote_id, None)
    return Submitted(quote, deal)


QUOTE_APPROVALS = Approvals(
    kind="quote",
    seen=SEEN,
    access=kinds.DEALS,
    owner=lambda of: of.deal.owner_id,
    about=_about,
    load=_submitted,
    timer="quote_approval",
    requested=told.QuoteApprovalRequested,
    decided=told.QuoteApprovalDecided,
    delegated=told.QuoteApprovalDelegated,
    escalated=told.QuoteApprovalEscalated,
    reopened=told.QuoteApprovalReopened,
    withdrawn=told.QuoteApprovalWithdrawn,
)


async def end_approval(tx: Tx, quote: Quote, deal: Deal, reason: str | None, at: datetime) -> None:
    """End an approval of the quote that is open, undecided."""
    request = await commands.of_record(tx, QUOTE_APPROVALS, quote.id)
    if request is not None:
        await commands.withdraw(tx, QUOTE_APPROVALS, Submitted(quote, deal), request, at=at, reason=reason)


async def free(tx: Tx, deal: Deal, quotes: Sequence[Quote], owner_id: UUID, at: datetime) -> None:
    """Open again what the deal's new owner approved of these quotes."""
    for quote in quotes:
        request = await commands.of_record(tx, QUOTE_APPROVALS, quote.id)
        if request is not None:
            await commands.free(tx, QUOTE_APPROVALS, Submitted(quote, deal), request, owner_id, at=at)
