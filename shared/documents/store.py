"""Documents that went out, as they were."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from shared.db.query import Query
from shared.db.tables import DOCUMENT
from shared.db.tx import Reader, Tx
from shared.documents.record import Language
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as it went out."""

    id: UUID
    sha256: bytes
    body: bytes

    @property
    def etag(self) -> str:
        return f'"{self.sha256.hex()}"'


_kept = select(DOCUMENT.c.id, DOCUMENT.c.sha256, DOCUMENT.c.body)
_KEY = ("kind", "record_id", "edition", "language")
_FIND = Query(_kept.where(*[DOCUMENT.c[name] == bindparam(name) for name in _KEY]), Kept)
_BY_ID = Query(_kept.where(DOCUMENT.c.id == bindparam("id")), Kept)
_KEEP = Query(
    insert(DOCUMENT).values({c.name: bindparam(c.name) for c in DOCUMENT.c}).on_conflict_do_nothing(index_elements=_KEY), type(None)
)


def made(body: bytes) -> Kept:
    """A document that is not kept: of a draft, which can still change."""
    return Kept(new_id(), hashlib.sha256(body).digest(), body)


async def find(db: Reader, kind: str, record_id: UUID, edition: bytes, language: Language) -> Kept | None:
    return await db.first(_FIND, kind=kind, record_id=record_id, edition=edition, language=language)


async def kept_by_id(db: Reader, id: UUID) -> Kept | None:
    return await db.first(_BY_ID, id=id)


async def keep(tx: Tx, kind: str, record_id: UUID, edition: bytes, language: Language, body: bytes) -> Kept:
    """Keep what goes out now. Where another request was first, theirs is what went out."""
    new = made(body)
    key = {"kind": kind, "record_id": record_id, "edition": edition, "language": language}
    await tx.run(_KEEP, **key, id=new.id, sha256=new.sha256, body=new.body, made_at=tx.now)
    return await tx.one(_FIND, **key)
