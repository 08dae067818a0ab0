"""The links of a record."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from shared.db.query import Query
from shared.db.tables import LINK
from shared.db.tx import Reader, Tx
from shared.links.record import Link

_ADD = Query(insert(LINK).values({c.name: bindparam(c.name) for c in LINK.c}).returning(*LINK.c), Link)
_of = (LINK.c.kind == bindparam("kind"), LINK.c.record_id == bindparam("record_id"))
_OF_RECORD = Query(select(LINK).where(*_of).order_by(LINK.c.id), Link)
_REVOKE = Query(
    update(LINK)
    .where(*_of, LINK.c.revoked_at.is_(None), LINK.c.expires_at > bindparam("now"))
    .values(revoked_at=bindparam("now"))
    .returning(LINK.c.id),
    UUID,
)


async def add(tx: Tx, link: Link) -> Link:
    return await tx.one(_ADD, **{name: getattr(link, name) for name in Link.__dataclass_fields__})


async def of_record(db: Reader, kind: str, record_id: UUID) -> list[Link]:
    """All that were made, oldest first, also those that are over."""
    return await db.all(_OF_RECORD, kind=kind, record_id=record_id)


async def revoke(tx: Tx, kind: str, record_id: UUID, now: datetime) -> list[UUID]:
    """End all links of the record that still work; their ids."""
    return sorted(await tx.all(_REVOKE, kind=kind, record_id=record_id, now=now))
