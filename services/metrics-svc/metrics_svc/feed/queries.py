"""Reading the feed: the events behind a position, as far as the reader may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, Uuid, any_, bindparam, not_, or_, select, true

from metrics_svc.feed import seen
from metrics_svc.feed.records import WHOSE, Record
from metrics_svc.feed.rules import EVERYTHING, FeedEvent, Gone, Wanted, sees_others
from metrics_svc.feed.tables import FEED, HEAD, OWNER
from shared.access.told import hidden_from
from shared.auth import SYSTEM, Actor
from shared.db.query import Query, is_in
from shared.db.tables import MEMBERSHIP
from shared.db.tx import Reader

WINDOW = 5000
"""Positions that one statement looks at, so that a reader to whom little is visible costs no more than others."""

OWNED = FEED.outerjoin(OWNER, OWNER.c.id == FEED.c.belongs_to)


@dataclass(frozen=True, slots=True)
class Head:
    """`oldest` is the lowest position that can be read on from, `latest` that of the last event."""

    oldest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The events found, and where to go on: that is `latest` when there is nothing more, and can be behind the last of `items`."""

    items: list[FeedEvent]
    next_after: int
    oldest: int
    latest: int


_SHOWN = sorted(aggregate for aggregate, whose in WHOSE.items() if whose.audience != "operations")
"""The aggregates that are not for those who run the system alone."""

_HEAD = Query(select(HEAD.c.oldest, HEAD.c.latest), Head)


async def head(db: Reader) -> Head:
    return await db.first(_HEAD) or Head(0, 0)


async def after(db: Reader, position: int, *, actor: Actor = SYSTEM, wanted: Wanted = EVERYTHING, limit: int = 100) -> Slice:
    """Up to `limit` events behind `position`, of a stretch of `WINDOW` positions. `Gone` when what comes next is deleted.

    No event is ever passed over: a position can be read only when all lower ones can, and the bounds are of the same snapshot.
    """
    hidden = sorted(hidden_from(actor))
    query = _query(
        None if seen.sees_everything(actor) else seen.conditions(actor),
        sees_others(actor),
        wanted.types is not None,
        wanted.aggregates is not None,
        wanted.subject is not None,
        bool(hidden),
    )
    given = {
        "types": list(map(_like, wanted.types or ())),
        "aggregates": list(wanted.aggregates or ()),
        "subject": wanted.subject,
        "hidden": hidden,
    }
    asked = {name: value for name, value in given.items() if value}
    params = {"after": position, "until": position + WINDOW, "limit": limit, **asked, **seen.params(actor)}
    rows = await db.records(query, **params)
    found = Head(rows[0]["oldest"], rows[0]["latest"]) if rows else Head(0, 0)
    if not found.oldest <= position <= found.latest:
        raise Gone(position, found.oldest, found.latest)
    items = [FeedEvent._make(row[name] for name in FeedEvent._fields) for row in rows if row["position"] is not None]
    end = items[-1].position if len(items) == limit else min(found.latest, position + WINDOW)
    return Slice(items, end, found.oldest, found.latest)


@lru_cache(maxsize=64)
def _query(
    by_kind: tuple[ColumnElement[bool], ...] | None, others: bool, types: bool, aggregates: bool, subject: bool, hidden: bool
) -> Query[int]:
    """One row of nulls when nothing is found, so that the bounds always come along."""
    after, until = bindparam("after", type_=BigInteger), bindparam("until", type_=BigInteger)
    rows = select(*[FEED.c[name] for name in FeedEvent._fields]).where(FEED.c.position > after, FEED.c.position <= until)
    if by_kind is not None:
        visible = seen.visible(by_kind)
        rows = rows.select_from(OWNED).where(or_(visible, FEED.c.aggregate.not_in(_SHOWN)) if others else visible)
    elif not others:
        rows = rows.where(is_in(FEED.c.aggregate, _SHOWN))
    if types:
        rows = rows.where(FEED.c.type.like(any_(bindparam("types", type_=ARRAY(Text)))))
    if aggregates:
        rows = rows.where(is_in(FEED.c.aggregate, "aggregates"))
    if hidden:
        rows = rows.where(not_(is_in(FEED.c.type, "hidden")))
    if subject:
        rows = rows.where(FEED.c.subject == bindparam("subject", type_=Uuid))
    found = rows.order_by(FEED.c.position).limit(bindparam("limit", type_=BigInteger)).subquery()
    bounds = select(HEAD.c.oldest, HEAD.c.latest, *[found.c[name] for name in FeedEvent._fields])
    return Query(bounds.select_from(HEAD.outerjoin(found, true())).order_by(found.c.position), int)


def _like(type: str) -> str:
    return type.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")


_record = [OWNER.c[n] for n in ("id", "kind", "owner_id", "account_id", "deal_id", "won")]
_RECORDS = Query(select(*_record, seen.in_review(OWNER.c.id).label("in_review")).where(is_in(OWNER.c.id, "ids")), Record)
_OF_ACCOUNTS = Query(select(*_record, seen.in_review(OWNER.c.id).label("in_review")).where(is_in(OWNER.c.account_id, "accounts")), Record)


async def records(db: Reader, ids: Collection[UUID]) -> list[Record]:
    """These records, as far as they are known."""
    return await db.all(_RECORDS, ids=list(ids)) if ids else []


async def records_of_accounts(db: Reader, accounts: Collection[UUID]) -> list[Record]:
    """What belongs to these accounts, and shows them."""
    return await db.all(_OF_ACCOUNTS, accounts=list(accounts)) if accounts else []


@dataclass(frozen=True, slots=True)
class _Part:
    person_id: UUID
    record_id: UUID


_PARTS = Query(select(MEMBERSHIP.c.person_id, MEMBERSHIP.c.record_id).where(is_in(MEMBERSHIP.c.person_id, "people")), _Part)


async def parts(db: Reader, people: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """The records that each of these people has a part in."""
    found: dict[UUID, set[UUID]] = {person: set() for person in people}
    for part in await db.all(_PARTS, people=list(people)) if people else ():
        found[part.person_id].add(part.record_id)
    return found
