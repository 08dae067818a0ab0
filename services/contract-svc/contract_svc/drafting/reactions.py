"""What contract-svc does when deal-svc tells of quotes and deals. Of a signed contract only the owner changes."""

from contract_svc.contracts.queries import OF_DEAL, UNSIGNED_OF_DEAL, UNSIGNED_OF_QUOTE
from contract_svc.drafting.commands import draft, follow
from contract_svc.signing.commands import give_up
from shared.db.tx import Tx
from shared.events.deal import DealLost, DealUpdated, QuoteAccepted, QuoteSuperseded, QuoteWithdrawn
from shared.events.envelope import Envelope
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting


@on(QuoteAccepted)
async def draft_contract(tx: Tx, e: Envelope[QuoteAccepted]) -> None:
    await draft(tx, e.subject, e.data, at=e.time)


@on(DealUpdated)
async def follow_deal(tx: Tx, e: Envelope[DealUpdated]) -> None:
    await follow(tx, await tx.all(OF_DEAL, deal_id=e.subject), e.data, at=e.time)


@on(DealLost)
async def deal_lost(tx: Tx, e: Envelope[DealLost]) -> None:
    await give_up(tx, await tx.all(UNSIGNED_OF_DEAL, deal_id=e.subject), f"The deal was lost: {e.data.reason}", at=e.time)


@on(QuoteWithdrawn)
async def quote_withdrawn(tx: Tx, e: Envelope[QuoteWithdrawn]) -> None:
    await give_up(tx, await tx.all(UNSIGNED_OF_QUOTE, quote_id=e.subject), f"The quote was withdrawn: {e.data.reason}", at=e.time)


@on(QuoteSuperseded)
async def quote_superseded(tx: Tx, e: Envelope[QuoteSuperseded]) -> None:
    await give_up(tx, await tx.all(UNSIGNED_OF_QUOTE, quote_id=e.subject), "A newer version replaced the quote", at=e.time)


READER = reacting("drafting", draft_contract, follow_deal, deal_lost, quote_withdrawn, quote_superseded, split_from=(WHOLE,))
