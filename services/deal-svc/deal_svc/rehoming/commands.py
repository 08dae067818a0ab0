"""Giving a deal to the account that it is really with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select

from deal_svc.contacts.tables import ACCOUNT_CONTACT
from deal_svc.deals.accounts import customer
from deal_svc.deals.commands import change
from deal_svc.deals.queries import SEEN
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEALS
from deal_svc.discovery.tables import MEMBER
from deal_svc.quotes.facts import facts_of
from deal_svc.rehoming.rules import CORRECT_ACCOUNT
from shared.db.query import Query
from shared.db.tx import Tx
from shared.events.deal import DealContactRemoved
from shared.occurred import happened

_of_account = select(ACCOUNT_CONTACT.c.contact_id).where(ACCOUNT_CONTACT.c.account_id == bindparam("account_id"))
_LEAVE = Query(
    delete(MEMBER).where(MEMBER.c.deal_id == bindparam("deal_id"), MEMBER.c.contact_id.not_in(_of_account)).returning(MEMBER.c.contact_id),
    UUID,
)


async def correct_account(tx: Tx, deal_id: UUID, *, account_id: UUID, expect: int | None, at: datetime | None) -> Deal:
    """The deal, with the right account and without the committee of the wrong one. The same account again changes nothing."""
    deal = await SEEN.load(tx, deal_id, expect)
    CORRECT_ACCOUNT.check(deal, tx.actor, facts=(await facts_of(tx, [deal_id]))[deal_id])
    if deal.account_id == account_id:
        return deal
    account = await customer(tx, tx.actor, account_id)
    when = happened(tx, at, since=deal.opened_at)
    for contact_id in sorted(await tx.all(_LEAVE, deal_id=deal_id, account_id=account_id)):
        confirmed = {"needs_confirmed_by": None} if contact_id == deal.needs_confirmed_by else {}
        deal = await tx.save(DEALS, deal, DealContactRemoved(contact_id=contact_id), at=when, **confirmed)
    return await change(tx, deal, at=when, account_id=account_id, account_name=account.name)
