"""What deals take from the directory's accounts: their names for lists and search, and who may open a deal on one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, true, update

from deal_svc.deals import queries
from deal_svc.deals.tables import DEAL
from shared.access import members
from shared.access.kinds import ACCOUNTS
from shared.access.rows import Rows, Through
from shared.auth import Actor
from shared.db.query import Query, is_in
from shared.db.tables import PARTY_ACCOUNT
from shared.db.tx import Reader, Tx
from shared.errors import Invalid
from shared.events.envelope import Envelope
from shared.events.party import AccountCreated, AccountMemberAdded, AccountMemberRemoved, AccountTold, AccountUpdated

# Lists and search read the name in the deal's row. It says nothing of the deal itself, so there is no event and no version.
_RENAME = Query(
    update(DEAL)
    .values(account_name=PARTY_ACCOUNT.c.name)
    .where(
        DEAL.c.account_id == PARTY_ACCOUNT.c.id,
        is_in(PARTY_ACCOUNT.c.id, "ids"),
        DEAL.c.account_name.is_distinct_from(PARTY_ACCOUNT.c.name),
    ),
    UUID,
)


async def follow(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Shows on deals the names that accounts have now; whoever enters an account for somebody else sees it."""
    told = [e for e in events if isinstance(e.data, AccountTold)]
    if told:
        await tx.run(_RENAME, ids=sorted({e.subject for e in told}))
    for e in told:  # people enter few for others, and an import has an owner's colleagues see what they should by their roles
        who = e.data.actor
        if isinstance(e.data, AccountCreated) and not e.data.imported and who and who.type == "person" and who.id != e.data.owner_id:
            await members.add(tx, e.subject, who.id, members.Part.creator)


MEMBERS = members.hearing([AccountCreated, AccountUpdated, AccountMemberAdded, AccountMemberRemoved], split_from=("deal-parts",))
"""Who owns which account, and who is in its team: a customer success manager sees the won deals of those."""


@dataclass(frozen=True, slots=True)
class Customer:
    """What a new deal takes from its account."""

    name: str
    region: str | None


_of_deal = Through(queries.SEEN_ROWS, DEAL.c.account_id, shows=PARTY_ACCOUNT.c.id)
SEEN_ROWS = Rows(ACCOUNTS, id=PARTY_ACCOUNT.c.id, owner=PARTY_ACCOUNT.c.owner_id, through=[_of_deal])
"""Who sees which accounts, as far as this service knows: their owners, those above them, their creators and members, and whoever sees
a deal of theirs. Who sees one through a lead is known to lead-svc alone: they convert the lead, which opens the deal."""


@lru_cache(maxsize=16)
def _seen(condition: ColumnElement[bool]) -> Query[Customer]:
    known = true() if condition is true() else PARTY_ACCOUNT.c.version > 0
    one = select(PARTY_ACCOUNT.c.name, PARTY_ACCOUNT.c.region).where(PARTY_ACCOUNT.c.id == bindparam("id"), known, condition)
    return Query(one, Customer)


async def customer(db: Reader, by: Actor, account_id: UUID) -> Customer:
    """The account, if the actor sees it.

    One that is hidden and one that there is not are refused alike. One that was just created is known here in a moment, so the
    refusal says when to ask again, and no idempotency key keeps it.
    """
    found = await db.first(_seen(SEEN_ROWS.visible(by)), id=account_id, **SEEN_ROWS.params(by))
    if found is None:
        says = (
            "There is none, or you may not see it. One that was just created is known here a moment later; one that you know from a lead "
            "gets its deal by converting the lead."
        )
        raise Invalid(says, pointer="/account_id", code="unknown_account", retry_after=1)
    return found
