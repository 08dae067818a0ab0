"""Accounts beside the items of a list (`embed=account`), as a service that follows the directory knows them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from shared.db.query import Query, is_in
from shared.db.tables import PARTY_ACCOUNT
from shared.http.embed import Embedded, all_of


@dataclass(frozen=True, slots=True)
class AccountName:
    """An account of some of the items, as it is called now."""

    id: UUID
    name: str
    owner_id: UUID | None


_NAMES = Query(
    select(PARTY_ACCOUNT.c.id, PARTY_ACCOUNT.c.name, PARTY_ACCOUNT.c.owner_id)
    .where(is_in(PARTY_ACCOUNT.c.id, "ids"))
    .order_by(PARTY_ACCOUNT.c.name, PARTY_ACCOUNT.c.id),
    AccountName,
)
ACCOUNT = Embedded("account_id", "accounts", AccountName, all_of(_NAMES))
"""Whoever sees a record sees its account."""
