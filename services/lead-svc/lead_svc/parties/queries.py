"""Reads of accounts and contacts. A contact is seen by whoever sees its account."""

from functools import lru_cache

from sqlalchemy import ColumnElement, bindparam, exists, select

from lead_svc.parties.rules import Account, Contact
from lead_svc.parties.tables import ACCOUNT, ACCOUNTS, CONTACT, CONTACTS
from shared.auth import Actor
from shared.db import scope
from shared.db.query import Query
from shared.db.scoped import Scoped
from shared.http.listing import Listing

ACCOUNTS_LIST = Listing(
    ACCOUNT,
    Account,
    filters={
        "external_id": ACCOUNT.c.external_id,
        "owner_id": ACCOUNT.c.owner_id,
        "region": ACCOUNT.c.region,
        "industry": ACCOUNT.c.industry,
        "size": ACCOUNT.c.size,
        "tier": ACCOUNT.c.tier,
        "imported": ACCOUNT.c.imported,
        "created_at": ACCOUNT.c.created_at,
    },
    sorts=("created_at", "name"),
    default="-created_at",
    search=(ACCOUNT.c.name, ACCOUNT.c.external_id),
)
CONTACTS_LIST = Listing(
    CONTACT,
    Contact,
    filters={
        "external_id": CONTACT.c.external_id,
        "account_id": CONTACT.c.account_id,
        "email": CONTACT.c.email,
        "created_at": CONTACT.c.created_at,
    },
    sorts=("created_at",),
    default="-created_at",
    search=(CONTACT.c.name, CONTACT.c.email),
    personal=(CONTACT.c.name, CONTACT.c.email),
)


def account_visible(actor: Actor) -> ColumnElement[bool]:
    return scope.visible(actor, ACCOUNT.c.owner_id)


def contact_visible(actor: Actor) -> ColumnElement[bool]:
    return _of_account(account_visible(actor))


@lru_cache(maxsize=16)
def _of_account(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(ACCOUNT.c.id == CONTACT.c.account_id, condition)


MOST_ALIKE = 20


@lru_cache(maxsize=16)
def accounts_named(condition: ColumnElement[bool]) -> Query[Account]:
    """The accounts of one name in whatever spelling that meet the condition, the oldest first."""
    of_name = select(*[ACCOUNT.c[n] for n in ACCOUNTS.names]).where(ACCOUNT.c.compared == bindparam("compared"), condition)
    return Query(of_name.order_by(ACCOUNT.c.created_at, ACCOUNT.c.id).limit(MOST_ALIKE), Account)


SEEN_ACCOUNTS = Scoped(ACCOUNTS, account_visible)
SEEN_CONTACTS = Scoped(CONTACTS, contact_visible)
