"""Whether somebody is a contact of the deal's account."""

from uuid import UUID

from sqlalchemy import bindparam, select

from deal_svc.contacts.tables import ACCOUNT_CONTACT
from deal_svc.deals.record import Deal
from deal_svc.discovery.tables import MEMBER
from shared.db.query import Query
from shared.db.tx import Reader
from shared.errors import Invalid

_OF_ACCOUNT = Query(
    select(ACCOUNT_CONTACT.c.contact_id).where(
        ACCOUNT_CONTACT.c.contact_id == bindparam("contact_id"), ACCOUNT_CONTACT.c.account_id == bindparam("account_id")
    ),
    UUID,
)
_ON_COMMITTEE = Query(
    select(MEMBER.c.contact_id).where(MEMBER.c.deal_id == bindparam("deal_id"), MEMBER.c.contact_id == bindparam("contact_id")), UUID
)


async def check(db: Reader, deal: Deal, contact_id: UUID, *, field: str) -> None:
    """Refuse (422) somebody who is no contact of the deal's account. Who is on its committee already stays known.

    A contact of another account and one that there is not are refused alike. One that was just entered is known here in a moment, so
    the refusal says when to ask again, and no idempotency key keeps it.
    """
    if await db.first(_OF_ACCOUNT, contact_id=contact_id, account_id=deal.account_id) is not None:
        return
    if await db.first(_ON_COMMITTEE, deal_id=deal.id, contact_id=contact_id) is not None:
        return
    says = "The deal's account has no such contact; enter it there first. One that was just entered is known here a moment later."
    raise Invalid(says, pointer=f"/{field}", code="unknown_contact", retry_after=1)
