"""Hashes of quotes made again from what is kept, for `clinch verify`: what was submitted is what the quote still says."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, select

from deal_svc.quotes.record import Quote
from deal_svc.quotes.tables import QUOTE, QUOTES
from deal_svc.quotes.tiers import content_hash
from shared.db.database import Database
from shared.db.query import Query

BATCH = 1000

_SUBMITTED = Query(
    select(*[QUOTE.c[n] for n in QUOTES.names])
    .where(QUOTE.c.content_hash.is_not(None), QUOTE.c.id > bindparam("after", type_=Uuid))
    .order_by(QUOTE.c.id)
    .limit(bindparam("most", type_=Integer)),
    Quote,
)


async def differing(db: Database) -> AsyncIterator[tuple[int, Sequence[str]]]:
    """Batch by batch: how many hashes were made again, and the quotes whose kept one is another."""
    after = UUID(int=0)
    while True:
        async with db.read() as reader:
            quotes = await reader.all(_SUBMITTED, after=after, most=BATCH)
        yield len(quotes), [str(one.id) for one in quotes if content_hash(one) != one.content_hash]
        if len(quotes) < BATCH:
            return
        after = quotes[-1].id
