"""Reads of price lists, and of all that may price some products."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import and_, bindparam, or_, select

from deal_svc.catalog.queries import PRICES_OF
from deal_svc.price_lists.fields import ListFields
from deal_svc.price_lists.record import Entry, ListState, PriceList
from deal_svc.price_lists.rules import Book, ListFacts
from deal_svc.price_lists.tables import PRICE_LIST, PRICE_LISTS
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.listing import Listing, described

LIST = Listing(
    PRICE_LIST,
    PriceList,
    filters={**described(PRICE_LIST, ListFields), **{n: PRICE_LIST.c[n] for n in ("id", "name", "revision", "state")}},
    sorts=("created_at", "name"),
    default="-created_at",
    search=(PRICE_LIST.c.name,),
)

_versions = select(*[PRICE_LIST.c[n] for n in PRICE_LISTS.names]).where(PRICE_LIST.c.name == bindparam("name"))
VERSIONS = Query(_versions.order_by(PRICE_LIST.c.revision), PriceList)
RIVALS = Query(
    select(*[PRICE_LIST.c[n] for n in PRICE_LISTS.names])
    .where(
        PRICE_LIST.c.state == ListState.ACTIVE.value,
        or_(
            PRICE_LIST.c.name == bindparam("name"),
            and_(
                PRICE_LIST.c.currency == bindparam("currency"),
                PRICE_LIST.c.customer_level.is_not_distinct_from(bindparam("customer_level")),
                PRICE_LIST.c.channel.is_not_distinct_from(bindparam("channel")),
            ),
        ),
        PRICE_LIST.c.id != bindparam("id"),
    )
    .order_by(PRICE_LIST.c.id)
    .with_for_update(),
    PriceList,
)

_ALIKE = Query(
    select(*[PRICE_LIST.c[n] for n in PRICE_LISTS.names]).where(
        or_(PRICE_LIST.c.state == ListState.ACTIVE.value, is_in(PRICE_LIST.c.name, "names"))
    ),
    PriceList,
)


async def facts_of(db: Reader, lists: Sequence[PriceList]) -> dict[UUID, ListFacts]:
    """What decides besides the lists themselves, by one statement."""
    others = await db.all(_ALIKE, names=[one.name for one in lists])
    return {one.id: _facts(one, others) for one in lists}


def _facts(one: PriceList, others: Sequence[PriceList]) -> ListFacts:
    rivals = [o for o in others if o.state is ListState.ACTIVE and o.id != one.id and _key(o) == _key(one)]
    return ListFacts(tuple(rivals), all(o.revision <= one.revision for o in others if o.name == one.name))


def _key(one: PriceList) -> tuple[str | None, ...]:
    return one.currency, one.customer_level, one.channel


_ENTRIES = """
SELECT l.id, l.customer_level, l.channel, l.currency, l.valid_from, l.valid_to, entry::text AS entry
FROM price_list l CROSS JOIN LATERAL jsonb_array_elements(l.entries) AS entry
WHERE l.state = 'active' AND (entry ->> 'product_id')::uuid = ANY($1::uuid[])
"""


async def book_of(db: Reader, product_ids: Collection[UUID]) -> Book:
    """All that may price these products, on whatever day: two statements, however many there are."""
    ids = list(product_ids)
    rows = await db.rows(_ENTRIES, ids)
    return Book([_entry(row) for row in rows], await db.all(PRICES_OF, product_ids=ids))


def _entry(row: Any) -> Entry:
    said = orjson.loads(row["entry"])
    return Entry(
        list_id=row["id"],
        **{n: row[n] for n in ("customer_level", "channel", "currency", "valid_from", "valid_to")},
        product_id=UUID(said["product_id"]),
        unit_price=Decimal(said["unit_price"]),
        floor=None if said["floor"] is None else Decimal(said["floor"]),
        tiers=said["tiers"],
        parts=said["parts"],
    )
