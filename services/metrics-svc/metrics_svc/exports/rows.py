"""Reading an export: one statement, through a cursor in the database, so that memory holds a batch and no more."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam

from metrics_svc.exports.export import Export
from metrics_svc.figures.access import visible_facts
from metrics_svc.figures.question import Question
from metrics_svc.folding.table import TABLES
from shared.access.kinds import reach
from shared.auth import Actor
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tables import At
from shared.db.tx import Reader

BATCH = 1000


@asynccontextmanager
async def one_moment(db: Database) -> AsyncIterator[tuple[Reader, Any]]:
    """A reader and its connection, on which everything is read as of one moment.

    Postgres cuts it off when nobody takes anything for as long as the pool lets a transaction be idle.
    """
    async with db.connection() as conn:
        await db.policies.refresh(conn)
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            yield Reader(conn, db.policies.active), conn


async def read(conn: Any, export: Export, actor: Actor, asked: Question, owner: UUID | None) -> AsyncIterator[Sequence[Any]]:
    """The rows that count for the actor, in batches, in the order of the key; the first one is empty where there are none."""
    bounds = {"since": asked.start, "until": asked.end}
    values: dict[str, Any] = {name: asked.instant(day) for name, day in bounds.items() if day is not None}
    if owner is not None:
        values["owner"] = owner
    seen = visible_facts(export.of, actor)
    query = _query(export, frozenset(values), seen)
    if not reach(export.fact.figures, actor).everything:
        values["seen_by"] = actor.id
    cursor = await conn.cursor(query.sql, *query.args(values))
    while batch := await cursor.fetch(BATCH):
        yield batch


@lru_cache(maxsize=256)
def _query(export: Export, given: frozenset[str], seen: ColumnElement[bool]) -> Query[Any]:
    c = TABLES[export.of].table.c
    found = export.select.where(seen)
    if "since" in given:
        found = found.where(export.day_of >= bindparam("since", type_=At))
    if "until" in given:
        found = found.where(export.day_of < bindparam("until", type_=At))
    if "owner" in given:
        found = found.where(c.owner_id == bindparam("owner", type_=Uuid))
    return Query(found.order_by(*[c[name] for name in export.key]), UUID)
