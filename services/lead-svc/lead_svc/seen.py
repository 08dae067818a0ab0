"""Who sees which leads, accounts and contacts: the rows behind every list, single read, timeline and change.

Seeing a record of a customer gives its account and contacts, so the rows of accounts look at leads, deals and contracts.
"""

from functools import lru_cache

from sqlalchemy import FromClause, select

from lead_svc.dealings.tables import DEALING
from lead_svc.index.tables import ENTRY
from lead_svc.leads.tables import LEAD
from lead_svc.parties.tables import ACCOUNT, CONTACT
from lead_svc.team.tables import PERSON
from shared.access.kinds import ACCOUNTS, CONTRACTS, DEALS, LEADS
from shared.access.rows import Rows, Through, Within

LEADS_SEEN = Rows(LEADS, id=LEAD.c.id, owner=LEAD.c.owner_id)
OWNERS_SEEN = Rows(LEADS, id=PERSON.c.id, owner=PERSON.c.id, members=())
"""The people whose leads one sees."""

_DEALS = Rows(DEALS, id=DEALING.c.id, owner=DEALING.c.owner_id)
_CONTRACTS = Rows(CONTRACTS, id=DEALING.c.id, owner=DEALING.c.owner_id, members=(DEALING.c.id, DEALING.c.deal_id))

ACCOUNTS_SEEN = Rows(
    ACCOUNTS,
    id=ACCOUNT.c.id,
    owner=ACCOUNT.c.owner_id,
    through=[
        Through(LEADS_SEEN, LEAD.c.account_id, shows=ACCOUNT.c.id),
        Through(_DEALS, DEALING.c.account_id, shows=ACCOUNT.c.id, only=DEALING.c.kind == DEALS.name),
        Through(_CONTRACTS, DEALING.c.account_id, shows=ACCOUNT.c.id, only=DEALING.c.kind == CONTRACTS.name),
    ],
)
CONTACTS_SEEN = Within(ACCOUNTS_SEEN, CONTACT.c.account_id)

_CONTRACT = ENTRY.alias("contract_entry")


@lru_cache(maxsize=64)
def deals_seen(of: FromClause) -> Rows:
    """Who sees which deals, as far as events tell of them in this part of the index."""
    of_it = select(_CONTRACT.c.id).where(_CONTRACT.c.deal_id == of.c.id, _CONTRACT.c.state == "in_review").correlate_except(_CONTRACT)
    return Rows(
        DEALS,
        id=of.c.id,
        owner=of.c.owner_id,
        account=of.c.account_id,
        account_if=of.c.state == "won",
        accounts=(ACCOUNT.c.id, ACCOUNT.c.owner_id),
        review=of_it.exists(),
    )
