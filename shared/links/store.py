"""The links of a record."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, bindparam, insert, update

from shared.db.query import Query
from shared.db.tables import LINK
from shared.db.tx import Tx
from shared.http.listing import Listing
from shared.links.record import Link

_ADD = Query(insert(LINK).values({c.name: bindparam(c.name) for c in LINK.c}).returning(*LINK.c), Link)
LIST = Listing(LINK, Link, filters={}, sorts=("created_at",), default="created_at")
"""All that were made, also those that are over."""
OF_RECORD: ColumnElement[bool] = and_(LINK.c.kind == bindparam("kind", type_=Text), LINK.c.record_id == bindparam("record_id", type_=Uuid))
_REVOKE = Query(
    update(LINK)
    .where(OF_RECORD, LINK.c.revoked_at.is_(None), LINK.c.expires_at > bindparam("now"))
    .values(revoked_at=bindparam("now"))
    .returning(LINK.c.id),
    UUID,
)


async def add(tx: Tx, link: Link) -> Link:
    return await tx.one(_ADD, **{name: getattr(link, name) for name in Link.__dataclass_fields__})


async def revoke(tx: Tx, kind: str, record_id: UUID, now: datetime) -> list[UUID]:
    """End all links of the record that still work; their ids."""
    return sorted(await tx.all(_REVOKE, kind=kind, record_id=record_id, now=now))
