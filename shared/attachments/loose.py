"""Objects in the store of files that no attachment has: announced before they are put, and deleted when they are due.

A row is written before its object, and goes in the transaction that keeps the attachment. So whatever is killed, and whenever, each object
has an attachment or a row that says when it is deleted. What is removed gets a row in the transaction that removes it. The bucket need
never be listed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import structlog

from shared.attachments.bucket import Bucket, StoreFailed
from shared.attachments.declared import Attachments
from shared.clock import Clock
from shared.db.database import Database
from shared.db.tx import Tx
from shared.process.outage import Outage, every
from shared.process.settings import Settings

log = structlog.get_logger()

SECONDS = 30.0
STEP = 20
"""Objects that are deleted in a row."""
UPLOADING = "1 hour"
"""Longer than any upload takes: the gateway gives it ten minutes."""
_WAIT = "interval '1 minute' * 2 ^ least(tries, 11)"
ON_ITS_WAY = "2 minutes"
"""Longer than a call to the store that we gave up may still take."""


async def announce(db: Database, to: Attachments[Any], id: UUID, address: str) -> None:
    """Say, for good, that there may be an object that no attachment has."""
    async with db.connection() as conn:
        await conn.execute(
            f"INSERT INTO {to.table}_loose (attachment_id, object, due_at) VALUES ($1, $2, now() + interval '{UPLOADING}')", id, address
        )


async def in_parts(db: Database, to: Attachments[Any], id: UUID, upload: str) -> None:
    """Remember the store's id of an upload, whose parts are forgotten if it is never whole."""
    async with db.connection() as conn:
        await conn.execute(f"UPDATE {to.table}_loose SET upload = $2 WHERE attachment_id = $1", id, upload)


async def settle(tx: Tx, to: Attachments[Any], id: UUID) -> None:
    """The object has its attachment with this transaction. `StoreFailed` when that took so long that it is being deleted."""
    if await tx.execute(f"DELETE FROM {to.table}_loose WHERE attachment_id = $1 AND tries = 0", id) != "DELETE 1":
        raise StoreFailed("The upload took too long; send the file again.")


async def hasten(db: Database, to: Attachments[Any], id: UUID) -> None:
    """The upload came to nothing: delete its object soon, and later than any call that is still on its way could make it."""
    async with db.connection() as conn:
        await conn.execute(f"UPDATE {to.table}_loose SET due_at = now() + interval '{ON_ITS_WAY}' WHERE attachment_id = $1", id)


async def release(tx: Tx, to: Attachments[Any], id: UUID, address: str) -> None:
    """The object is deleted after this transaction, which removes its attachment."""
    await tx.execute(f"INSERT INTO {to.table}_loose (attachment_id, object, due_at) VALUES ($1, $2, now())", id, address)


Job = Callable[[Database, Settings, Clock, asyncio.Event], Coroutine[Any, Any, None]]


def deleting(to: Attachments[Any]) -> Job:
    """The job of a service: what is due is deleted, one store that is away or not."""

    async def delete(db: Database, settings: Settings, clock: Clock, stop: asyncio.Event) -> None:
        bucket = Bucket.of(settings, clock)

        async def turn() -> None:
            while not stop.is_set() and await delete_due(db, to, bucket) == STEP:
                pass

        try:
            await every(SECONDS, turn, stop, Outage(f"files of {to.record}s in their store"))
        finally:
            if bucket is not None:
                await bucket.aclose()

    return delete


async def delete_due(db: Database, to: Attachments[Any], bucket: Bucket | None) -> int:
    """Delete a batch; how many were due. One that fails is tried again later, and holds up no other."""
    async with db.connection() as conn:
        due = await conn.fetch(
            f"UPDATE {to.table}_loose SET tries = tries + 1, due_at = now() + least({_WAIT}, interval '1 day') WHERE attachment_id IN "
            f"(SELECT attachment_id FROM {to.table}_loose WHERE due_at <= now() ORDER BY due_at LIMIT {STEP} FOR UPDATE SKIP LOCKED) "
            "RETURNING attachment_id, object, upload"
        )
    for row in due:
        try:
            await _delete(bucket, row["object"], row["upload"])
        except StoreFailed as failure:
            log.warning("attachment_object_waits", attachment_id=str(row["attachment_id"]), error=failure.detail)
            continue
        async with db.connection() as conn:
            await conn.execute(f"DELETE FROM {to.table}_loose WHERE attachment_id = $1", row["attachment_id"])
    return len(due)


async def _delete(bucket: Bucket | None, address: str, upload: str | None) -> None:
    if bucket is None:
        raise StoreFailed("CLINCH_S3_BUCKET and its like are not set any more, and a file in the store is to be deleted.")
    if upload:
        await bucket.abort(address, upload)
    await bucket.delete(address)
