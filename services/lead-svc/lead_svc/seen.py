"""Who sees which leads, accounts and contacts: the rows behind every list, single read, timeline and change.

Seeing a record of a customer gives its account and contacts, so the rows of accounts look at leads, deals and contracts.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, any_, exists, func, select, true

from lead_svc.dealings.tables import DEALING
from lead_svc.leads.tables import LEAD
from lead_svc.parties.tables import ACCOUNT, CONTACT
from lead_svc.team.tables import PERSON
from shared.access.kinds import ACCOUNTS, CONTRACTS, DEALS, LEADS, Kind
from shared.access.rows import Condition, Rows, Within

LEADS_SEEN = Rows(LEADS, id=LEAD.c.id, owner=LEAD.c.owner_id)
OWNERS_SEEN = Rows(LEADS, id=PERSON.c.id, owner=PERSON.c.id, members=())
"""The people whose leads one sees."""

_DEALS = Rows(DEALS, id=DEALING.c.id, owner=DEALING.c.owner_id)
_CONTRACTS = Rows(CONTRACTS, id=DEALING.c.id, owner=DEALING.c.owner_id, members=(DEALING.c.id, DEALING.c.deal_id))

_Through = Callable[[ColumnElement[Any], Condition, Kind | None], Condition]


def _one(account_id: ColumnElement[Any], seen: Condition, kind: Kind | None = None) -> Condition:
    """By the records of each account: for one of them, or a few."""
    return exists().where(account_id == ACCOUNT.c.id, _is(kind), seen)


def _many(account_id: ColumnElement[Any], seen: Condition, kind: Kind | None = None) -> Condition:
    """By the accounts of all records that one sees, collected once: for lists. Who sees all records soon finds one of an account."""
    if seen is true():
        return _one(account_id, seen, kind)
    of_mine = select(account_id).where(account_id.is_not(None), _is(kind), seen).scalar_subquery()
    return ACCOUNT.c.id == any_(func.array(of_mine))


def _is(kind: Kind | None) -> Condition:
    return true() if kind is None else DEALING.c.kind == kind.name


def _accounts(through: _Through) -> Rows:
    of_leads = Within(LEADS_SEEN, lambda seen: through(LEAD.c.account_id, seen, None))
    of_deals = Within(_DEALS, lambda seen: through(DEALING.c.account_id, seen, DEALS))
    of_contracts = Within(_CONTRACTS, lambda seen: through(DEALING.c.account_id, seen, CONTRACTS))
    return Rows(ACCOUNTS, id=ACCOUNT.c.id, owner=ACCOUNT.c.owner_id, through=[of_leads, of_deals, of_contracts])


def _contacts(accounts: Rows) -> Within:
    return Within(accounts, lambda seen: exists().where(ACCOUNT.c.id == CONTACT.c.account_id, seen))


ACCOUNTS_SEEN = _accounts(_one)
ACCOUNTS_LISTED = _accounts(_many)
"""The same accounts as `ACCOUNTS_SEEN`, found otherwise."""
CONTACTS_SEEN = _contacts(ACCOUNTS_SEEN)
CONTACTS_LISTED = _contacts(ACCOUNTS_LISTED)
