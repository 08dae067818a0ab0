"""Attachments in the database: statements for the tables of any kind of record."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from shared.attachments.declared import Attachments
from shared.attachments.record import Attachment
from shared.db.database import Database
from shared.db.tx import Reader, Tx
from shared.errors import NotFound

_NAMES = "id, name, note, media_type, size, sha256, by, at, object"


async def of_record(db: Reader, to: Attachments[Any], record_id: UUID) -> list[Attachment]:
    """All of them, the latest first."""
    found = await db.rows(f"SELECT {_names(to)} FROM {to.table} WHERE {to.column} = $1 ORDER BY id DESC", record_id)
    return [to.row(row) for row in found]


async def find(db: Reader, to: Attachments[Any], record_id: UUID, id: UUID) -> Attachment:
    """`NotFound` for one of another record too."""
    found = await db.row(f"SELECT {_names(to)} FROM {to.table} WHERE {to.column} = $1 AND id = $2", record_id, id)
    if found is None:
        raise NotFound("There is no such attachment.")
    return to.row(found)


async def keep(tx: Tx, to: Attachments[Any], made: Attachment) -> None:
    columns = f"{_NAMES}, {to.column}"
    values = [*(getattr(made, name) for name in _NAMES.split(", ")), made.record_id]
    await tx.execute(f"INSERT INTO {to.table} ({columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", *values)


async def erase(tx: Tx, to: Attachments[Any], id: UUID) -> None:
    """The row and its bytes."""
    await tx.execute(f"DELETE FROM {to.table} WHERE id = $1", id)
    await tx.execute(f"DELETE FROM {to.table}_piece WHERE attachment_id = $1", id)


async def put(db: Database, to: Attachments[Any], id: UUID, n: int, piece: bytes) -> None:
    async with db.connection() as conn:
        await conn.execute(f"INSERT INTO {to.table}_piece (attachment_id, n, bytes) VALUES ($1, $2, $3)", id, n, piece)


async def drop(db: Database, to: Attachments[Any], id: UUID) -> None:
    """The bytes of an upload that came to nothing."""
    async with db.connection() as conn:
        await conn.execute(f"DELETE FROM {to.table}_piece WHERE attachment_id = $1", id)


async def pieces(db: Database, to: Attachments[Any], id: UUID) -> AsyncIterator[bytes]:
    """One piece at a time, each read by itself: a slow reader holds no connection."""
    n = 0
    while True:
        async with db.read() as reading:
            piece = await reading.value(f"SELECT bytes FROM {to.table}_piece WHERE attachment_id = $1 AND n = $2", id, n)
        if piece is None:
            return
        yield bytes(piece)
        n += 1


def _names(to: Attachments[Any]) -> str:
    return f"{_NAMES}, {to.column} AS record_id"
