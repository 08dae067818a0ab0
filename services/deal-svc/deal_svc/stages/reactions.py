"""What the fate of a contract means for its deal."""

from deal_svc.deals.pipeline import Stage
from deal_svc.deals.tables import DEALS
from deal_svc.stages import commands
from shared.calendar import day_of
from shared.db.tx import Tx
from shared.events.contract import ContractSigned, ContractTerminated, ContractVoided
from shared.events.envelope import Envelope
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting


@on(ContractSigned)
async def win(tx: Tx, e: Envelope[ContractSigned]) -> None:
    """Wins the deal with what was signed, without tax: `deal.won`."""
    deal = await tx.first(DEALS.lock, id=e.data.deal_id)
    if deal is not None:
        await commands.win_by_contract(tx, deal, e.data, contract_id=e.subject)


@on(ContractVoided)
async def voided(tx: Tx, e: Envelope[ContractVoided]) -> None:
    """After a signature, takes the win back: `deal.win_reversed`."""
    deal = await tx.first(DEALS.lock, id=e.data.deal_id)
    if deal is not None and e.data.was_signed and deal.stage is Stage.WON and deal.contract_id == e.subject:
        await commands.reverse_win(tx, deal, reason=e.data.reason, at=e.time)


@on(ContractTerminated)
async def terminated(tx: Tx, e: Envelope[ContractTerminated]) -> None:
    """Before the contract's start day, takes the win back: `deal.win_reversed`."""
    deal = await tx.first(DEALS.lock, id=e.data.deal_id)
    if deal is None or deal.stage is not Stage.WON or deal.contract_id != e.subject or deal.contract_starts_on is None:
        return
    if day_of(e.time, tx.settings.zone) < deal.contract_starts_on:
        await commands.reverse_win(tx, deal, reason=e.data.reason, at=e.time)


READER = reacting("stages", win, voided, terminated, split_from=(WHOLE,))
