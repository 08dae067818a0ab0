"""Reads of accounts and contacts. A contact is seen by those who see its account."""

from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, select

from lead_svc.index.queries import Indexed
from lead_svc.index.record import Found
from lead_svc.parties.embedded import EMBEDDED_ACCOUNT
from lead_svc.parties.fields import AccountFields, ContactFields
from lead_svc.parties.record import Account
from lead_svc.parties.tables import ACCOUNT, ACCOUNTS, CONTACT, CONTACTS
from lead_svc.seen import ACCOUNTS_SEEN, CONTACTS_SEEN
from lead_svc.team.embedded import OWNER
from shared.access import kinds
from shared.access.scoped import Scoped
from shared.db.query import Query
from shared.fields import personal, searched
from shared.http.answer import Identified
from shared.http.listing import Listing, described


class AccountItem(AccountFields, Identified):
    """`imported`: named by an import, and entered by nobody yet."""

    owner_id: UUID | None
    imported: bool
    version: int


class _OfAccount(Identified):
    account_id: UUID


class ContactItem(ContactFields, _OfAccount):
    """Name, email and phone are masked for roles that see accounts masked."""

    version: int


ACCOUNTS_LIST = Listing(
    ACCOUNT,
    AccountItem,
    filters={**described(ACCOUNT, AccountFields), **{n: ACCOUNT.c[n] for n in ("external_id", "owner_id", "imported", "created_at", "id")}},
    sorts=("created_at", "name"),
    default="-created_at",
    search=(ACCOUNT.c.name, ACCOUNT.c.external_id),
    index=Indexed(Found.ACCOUNT, ACCOUNT.c.id),
    embeds={"owner": OWNER},
)
CONTACTS_LIST = Listing(
    CONTACT,
    ContactItem,
    filters={**described(CONTACT, ContactFields), **{n: CONTACT.c[n] for n in ("external_id", "account_id", "email", "created_at", "id")}},
    sorts=("created_at",),
    default="-created_at",
    search=[CONTACT.c[n] for n in searched(ContactFields)],
    index=Indexed(Found.CONTACT, CONTACT.c.id),
    personal=[CONTACT.c[n] for n in personal(ContactFields)],
    kind=kinds.ACCOUNTS,
    embeds={"account": EMBEDDED_ACCOUNT},
)


@lru_cache(maxsize=64)
def unmerged(table: Table, seen: ColumnElement[bool]) -> ColumnElement[bool]:
    """Without those that were merged into others. The same object each time: by that a compiled statement is found again."""
    return table.c.merged_into.is_(None) & seen


MOST_ALIKE = 20


@lru_cache(maxsize=16)
def accounts_named(condition: ColumnElement[bool]) -> Query[Account]:
    """The accounts of one name in whatever spelling that meet the condition, the oldest first."""
    of_name = select(*[ACCOUNT.c[n] for n in ACCOUNTS.names]).where(
        ACCOUNT.c.compared == bindparam("compared"), unmerged(ACCOUNT, condition)
    )
    return Query(of_name.order_by(ACCOUNT.c.created_at, ACCOUNT.c.id).limit(MOST_ALIKE), Account)


SEEN_ACCOUNTS = Scoped(ACCOUNTS, ACCOUNTS_SEEN)
SEEN_CONTACTS = Scoped(CONTACTS, CONTACTS_SEEN)
