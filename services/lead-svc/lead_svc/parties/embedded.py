"""The accounts and contacts of the items of a list, beside them: `embed=account,contact`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from lead_svc.parties.tables import ACCOUNT, CONTACT
from shared.access import kinds
from shared.access.kinds import unmasked
from shared.auth import Actor
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.embed import Embedded, all_of
from shared.masking import masked_name
from shared.parties.embedded import AccountName


@dataclass(frozen=True, slots=True)
class ContactName:
    """A contact of some of the items. The name is masked for roles that see accounts masked."""

    id: UUID
    name: str
    account_id: UUID


_ACCOUNTS = Query(
    select(ACCOUNT.c.id, ACCOUNT.c.name, ACCOUNT.c.owner_id).where(is_in(ACCOUNT.c.id, "ids")).order_by(ACCOUNT.c.name, ACCOUNT.c.id),
    AccountName,
)
_CONTACTS = Query(
    select(CONTACT.c.id, CONTACT.c.name, CONTACT.c.account_id).where(is_in(CONTACT.c.id, "ids")).order_by(CONTACT.c.id), ContactName
)


async def _contacts(db: Reader, by: Actor, ids: list[UUID]) -> Sequence[ContactName]:
    found = await db.all(_CONTACTS, ids=ids)
    return found if unmasked(kinds.ACCOUNTS, by) else [replace(one, name=masked_name(one.name)) for one in found]


EMBEDDED_ACCOUNT = Embedded("account_id", "accounts", AccountName, all_of(_ACCOUNTS))
EMBEDDED_CONTACT = Embedded("contact_id", "contacts", ContactName, _contacts)
"""Whoever sees a record sees its account and its contact."""
