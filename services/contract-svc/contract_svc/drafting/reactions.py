"""What contract-svc does when deal-svc tells of quotes and deals. A signed contract does not change."""

from collections.abc import Sequence

from contract_svc.contracts import queries
from contract_svc.contracts.commands import change
from contract_svc.contracts.record import Contract, ContractState
from contract_svc.drafting.commands import draft
from contract_svc.signing.commands import give_up
from contract_svc.signing.rules import reviews_without
from shared.db.tx import Tx
from shared.events.deal import DealLost, DealUpdated, QuoteAccepted, QuoteSuperseded, QuoteWithdrawn
from shared.events.envelope import Envelope
from shared.log.reactions import on


@on(QuoteAccepted)
async def draft_contract(tx: Tx, e: Envelope[QuoteAccepted]) -> None:
    await draft(tx, e.subject, e.data, at=e.time)


@on(DealUpdated)
async def follow_deal(tx: Tx, e: Envelope[DealUpdated]) -> None:
    """Until it is signed, the contract has the owner, team, source, product and region of its deal.

    A review that the new owner gave is void: somebody else gives it again.
    """
    now = e.data.model_dump(include={"owner_id", "team_id", "source", "product", "region"})
    for contract in await tx.all(queries.UNSIGNED_OF_DEAL, deal_id=e.subject):
        reviews = reviews_without(contract, e.data.owner_id) if contract.state is ContractState.IN_REVIEW else contract.reviews
        await change(tx, contract, at=max(e.time, contract.drafted_at), **now, reviews=reviews)


@on(DealLost)
async def deal_lost(tx: Tx, e: Envelope[DealLost]) -> None:
    await _give_up(tx, await tx.all(queries.UNSIGNED_OF_DEAL, deal_id=e.subject), f"The deal was lost: {e.data.reason}", e)


@on(QuoteWithdrawn)
async def quote_withdrawn(tx: Tx, e: Envelope[QuoteWithdrawn]) -> None:
    await _give_up(tx, await tx.all(queries.UNSIGNED_OF_QUOTE, quote_id=e.subject), f"The quote was withdrawn: {e.data.reason}", e)


@on(QuoteSuperseded)
async def quote_superseded(tx: Tx, e: Envelope[QuoteSuperseded]) -> None:
    await _give_up(tx, await tx.all(queries.UNSIGNED_OF_QUOTE, quote_id=e.subject), "A newer version replaced the quote", e)


async def _give_up(
    tx: Tx, contracts: Sequence[Contract], reason: str, e: Envelope[DealLost] | Envelope[QuoteWithdrawn] | Envelope[QuoteSuperseded]
) -> None:
    for contract in contracts:
        await give_up(tx, contract, reason, at=max(e.time, contract.drafted_at))


REACTIONS = (draft_contract, follow_deal, deal_lost, quote_withdrawn, quote_superseded)
