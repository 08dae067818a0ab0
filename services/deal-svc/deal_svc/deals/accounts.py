"""Customers as lead-svc tells of them: their names for lists and search, and who sees them.

Their own reader reads them from the beginning of the log: what an older release kept lacks the owners.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, true, update
from sqlalchemy.dialects.postgresql import insert

from deal_svc.deals import queries
from deal_svc.deals.record import Account
from deal_svc.deals.tables import ACCOUNT_NAME, DEAL
from shared.access import members
from shared.access.kinds import ACCOUNTS
from shared.access.rows import Rows, Through
from shared.auth import Actor
from shared.db.query import Query, columns, rows_param
from shared.db.tx import Reader, Tx
from shared.errors import Invalid
from shared.events.envelope import Envelope, Event
from shared.events.lead import AccountCreated, AccountMemberAdded, AccountMemberRemoved, AccountUpdated
from shared.log.readers import folding

_NAMES = tuple(Account.__dataclass_fields__)
_given = rows_param(ACCOUNT_NAME, *_NAMES)
_put = insert(ACCOUNT_NAME).from_select(_NAMES, select(*[_given.c[n] for n in _NAMES]))
_KEEP = Query(
    _put.on_conflict_do_update(
        index_elements=[ACCOUNT_NAME.c.id],
        set_={n: _put.excluded[n] for n in _NAMES if n != "id"},
        where=ACCOUNT_NAME.c.told_version <= _put.excluded.told_version,
    ),
    UUID,
)
# A copy of what lead-svc told already, kept for lists and search: no change of the deal, so no event and no version.
_RENAME = Query(
    update(DEAL)
    .values(account_name=ACCOUNT_NAME.c.name)
    .where(
        DEAL.c.account_id == ACCOUNT_NAME.c.id,
        ACCOUNT_NAME.c.id == _given.c.id,
        DEAL.c.account_name.is_distinct_from(ACCOUNT_NAME.c.name),
    ),
    UUID,
)


async def _keep(tx: Tx, events: Sequence[Envelope[Event]]) -> None:
    """The last that a batch tells of each account, in the order of their ids."""
    told: dict[UUID, Account] = {}
    for e in events:
        data = e.data
        assert isinstance(data, AccountCreated | AccountUpdated)
        told[e.subject] = Account(
            id=e.subject, name=data.name, region=data.region, owner_id=data.owner_id, owner_known=True, told_version=e.version
        )
    rows = columns([told[id] for id in sorted(told)], _NAMES)
    await tx.run(_KEEP, **rows)
    await tx.run(_RENAME, **rows)
    for e in events:  # people enter few for others, and an import has an owner's colleagues see what they should by their roles
        who = e.data.actor
        if isinstance(e.data, AccountCreated) and not e.data.imported and who and who.type == "person" and who.id != e.data.owner_id:
            await members.add(tx, e.subject, who.id, members.Part.creator)


READER = folding("accounts", _keep, [AccountCreated, AccountUpdated], split_from=("deal-accounts",))
MEMBERS = members.hearing([AccountCreated, AccountUpdated, AccountMemberAdded, AccountMemberRemoved], split_from=("deal-parts",))
"""Who owns which account, and who is in its team: a customer success manager sees the won deals of those."""
REGION = Query(select(ACCOUNT_NAME.c.region).where(ACCOUNT_NAME.c.id == bindparam("id")), str)


@dataclass(frozen=True, slots=True)
class Customer:
    """What a new deal takes from its account."""

    name: str
    region: str | None


_of_deal = Through(queries.SEEN_ROWS, DEAL.c.account_id, shows=ACCOUNT_NAME.c.id)
SEEN_ROWS = Rows(ACCOUNTS, id=ACCOUNT_NAME.c.id, owner=ACCOUNT_NAME.c.owner_id, through=[_of_deal])
"""Who sees which accounts, as far as this service knows: their owners, those above them, their creators and members, and whoever sees
a deal of theirs. Who sees one through a lead is known to lead-svc alone: they convert the lead, which opens the deal."""


@lru_cache(maxsize=16)
def _seen(condition: ColumnElement[bool]) -> Query[Customer]:
    known = true() if condition is true() else ACCOUNT_NAME.c.owner_known
    one = select(ACCOUNT_NAME.c.name, ACCOUNT_NAME.c.region).where(ACCOUNT_NAME.c.id == bindparam("id"), known, condition)
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
