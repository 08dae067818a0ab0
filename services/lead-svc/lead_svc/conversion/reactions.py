"""What lead-svc does when deal-svc has opened, joined or refused a deal, or imported one."""

from uuid import UUID

from lead_svc.conversion import commands
from lead_svc.parties.commands import Named, name_accounts
from lead_svc.team.commands import name_people
from shared.db.tx import Tx
from shared.events.deal import ConversionRefused, DealHistoryCorrected, DealLeadJoined, DealOpened, DealWon
from shared.events.envelope import Envelope
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting
from shared.parties.references import made_id, told_id


@on(DealOpened)
async def deal_opened(tx: Tx, e: Envelope[DealOpened]) -> None:
    """Confirms the conversion, or takes in a deal that was imported.
    `lead.conversion_confirmed`, after `account.created` and `contact.created` where they are new. Of an imported deal: stubs for what it
    names (`lead.stubbed`, `account.created`, `person.added`), and `lead.flagged` where its history is odd.
    """
    deal = e.data
    if deal.imported:
        account_id = await _name_parties(tx, deal)
        lead_id = told_id("lead", deal.lead_id, deal.lead_external_id)
        if lead_id is not None:
            key = deal.lead_external_id
            await commands.learn_of_deal(tx, lead_id, e.subject, external_id=key, account_id=account_id, at=e.time)
    elif deal.lead_id and deal.conversion_id:
        await commands.confirm(tx, deal.lead_id, e.subject, deal.conversion_id, e.time, account_name=deal.account_name)


@on(DealHistoryCorrected)
async def history_corrected(tx: Tx, e: Envelope[DealHistoryCorrected]) -> None:
    """Stubs as for an imported deal, `lead.flagged` and `lead.unflagged`."""
    deal = e.data
    account_id = await _name_parties(tx, deal)
    if deal.lead_id is None:
        return
    key = deal.lead_external_id
    await commands.learn_of_deal(tx, deal.lead_id, e.subject, external_id=key, account_id=account_id, at=deal.opened_at)
    won_at = deal.closed_at if deal.outcome == "won" else None
    await commands.learn_of_correction(tx, deal.lead_id, e.subject, deal.opened_at, won_at)


async def _name_parties(tx: Tx, deal: DealOpened | DealHistoryCorrected) -> UUID | None:
    """Stubs for an owner and an account that nobody has entered yet; the account's id."""
    if deal.owner_external_id or deal.owner_id:
        key = deal.owner_external_id or str(deal.owner_id)
        await name_people(tx, {key: deal.owner_id or made_id("person", key)})
    name = deal.account_name or deal.account_external_id
    if name is None:
        return deal.account_id
    id = deal.account_id or made_id("account", deal.account_external_id or name)
    await name_accounts(tx, [Named(id, deal.account_external_id, name)])
    return id


@on(DealWon)
async def deal_won(tx: Tx, e: Envelope[DealWon]) -> None:
    """Of an imported deal: `lead.flagged` where it was won before the first contact."""
    if e.data.imported and e.data.lead_id:
        await commands.learn_of_win(tx, e.data.lead_id, e.subject, e.time)


@on(DealLeadJoined)
async def lead_joined(tx: Tx, e: Envelope[DealLeadJoined]) -> None:
    """Confirms the conversion: `lead.conversion_confirmed`."""
    await commands.confirm(tx, e.data.lead_id, e.subject, e.data.conversion_id, e.time)


@on(ConversionRefused)
async def conversion_refused(tx: Tx, e: Envelope[ConversionRefused]) -> None:
    """Takes the conversion back: `lead.conversion_refused`."""
    await commands.refuse(tx, e.data.lead_id, e.data.deal_id, e.subject, e.data.reason, e.time)


READER = reacting("conversion", deal_opened, deal_won, history_corrected, lead_joined, conversion_refused, split_from=(WHOLE,))
