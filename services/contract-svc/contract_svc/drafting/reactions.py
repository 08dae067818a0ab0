"""What contract-svc does when deal-svc tells of quotes and deals. Of a signed contract only the owner changes."""

from contract_svc.contracts.queries import OF_DEAL, UNSIGNED_OF_DEAL, UNSIGNED_OF_QUOTE
from contract_svc.drafting.commands import draft, follow
from contract_svc.signing.commands import give_up
from shared.db.tx import Tx
from shared.events.deal import DealLost, DealUpdated
from shared.events.envelope import Envelope
from shared.events.quote import QuoteAccepted, QuoteSuperseded, QuoteWithdrawn
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting


@on(QuoteAccepted)
async def draft_contract(tx: Tx, e: Envelope[QuoteAccepted]) -> None:
    """Drafts the contract: `contract.drafted`, and `milestone.planned` for each term of the schedule."""
    await draft(tx, e.subject, e.data, at=e.time)


@on(DealUpdated)
async def follow_deal(tx: Tx, e: Envelope[DealUpdated]) -> None:
    """Lets the contract go with the deal to another owner, in every state: `contract.changed`.
    Until the signature it also follows source, product and region.
    """
    await follow(tx, await tx.all(OF_DEAL, deal_id=e.subject), e.data, at=e.time)


@on(DealLost)
async def deal_lost(tx: Tx, e: Envelope[DealLost]) -> None:
    """Gives the contract up, as long as it is not signed: `contract.voided`."""
    await give_up(tx, await tx.all(UNSIGNED_OF_DEAL, deal_id=e.subject), f"The deal was lost: {e.data.reason}", at=e.time)


@on(QuoteWithdrawn)
async def quote_withdrawn(tx: Tx, e: Envelope[QuoteWithdrawn]) -> None:
    """Gives the quote's contract up, as long as it is not signed: `contract.voided`."""
    await give_up(tx, await tx.all(UNSIGNED_OF_QUOTE, quote_id=e.subject), f"The quote was withdrawn: {e.data.reason}", at=e.time)


@on(QuoteSuperseded)
async def quote_superseded(tx: Tx, e: Envelope[QuoteSuperseded]) -> None:
    """Gives the quote's contract up, as long as it is not signed: `contract.voided`."""
    await give_up(tx, await tx.all(UNSIGNED_OF_QUOTE, quote_id=e.subject), "A newer version replaced the quote", at=e.time)


READER = reacting("drafting", draft_contract, follow_deal, deal_lost, quote_withdrawn, quote_superseded, split_from=(WHOLE,))
