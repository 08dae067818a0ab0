"""A file on its way to its record: looked at and kept piece by piece, and told once it is whole."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import Request

from shared.attachments import loose, store
from shared.attachments.declared import Attachments
from shared.attachments.keeping import keeping
from shared.attachments.record import MOST, Attachment, Held
from shared.attachments.types import Inspection, refused, type_of
from shared.db.database import Database
from shared.db.tx import Tx
from shared.errors import Problem, Unmet
from shared.http.edge import context_of
from shared.ids import new_id
from shared.policy.company import COMPANY_POLICY

PIECE = 256 * 1024
"""Bytes that are held at a time."""


class FileTooLarge(Problem):
    status = 413
    code = "too_large"
    title = "The file is too large"


async def attach(
    request: Request, to: Attachments[Any], record_id: UUID, *, name: str, note: str | None, keep: bool
) -> tuple[Attachment, Any, bool]:
    """The attachment, its record after that, and whether it is new: the same file under the same name is kept once.

    The record is looked at before the first byte is taken, and again, locked, after the last one. No transaction waits for the caller.
    """
    db: Database = request.app.state.db
    by = request.state.actor
    async with db.read() as reading:
        record = await to.seen.get(reading, by, record_id)
        to.attach.check(record, by)
        rules = reading.policy(COMPANY_POLICY).attachments
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind = type_of(name, declared, rules.types)
    id, digest, size = new_id(), hashlib.sha256(), 0
    bytes_of = keeping(db, request.app.state.bucket, to, id, keep=keep)
    inspection = Inspection(kind)
    _bounded(int(request.headers.get("content-length", "0")), rules.megabytes)
    whole = False
    try:
        async for piece in _pieces(request):
            size += len(piece)
            _bounded(size, rules.megabytes)
            inspection.look(piece)
            digest.update(piece)
            await bytes_of.take(piece)
        if not size:
            raise refused("The file is empty.")
        await bytes_of.whole()
        tx = await _begin(request, keep=keep)
        made = Attachment(id, record_id, name, note, kind.media_type, size, digest.hexdigest(), by.id, tx.now, bytes_of.object)
        found, record, whole = await _told(tx, to, made)
        if whole:
            await bytes_of.settle(tx)
        return found, record, whole
    finally:
        if not whole:
            await bytes_of.drop()


async def _told(tx: Tx, to: Attachments[Any], made: Attachment) -> tuple[Attachment, Any, bool]:
    record = await to.seen.load(tx, made.record_id)
    others = await store.of_record(tx, to, made.record_id)
    same = next((one for one in others if (one.sha256, one.name) == (made.sha256, made.name)), None)
    full = [Unmet("too_many", f"It has {len(others)} attachments, and {MOST} at most: remove one first.")] if len(others) >= MOST else []
    to.attach.check(record, tx.actor, also=[] if same else full)
    if same:
        return same, record, False
    await store.keep(tx, to, made)
    record = await tx.latest(to.seen.of, await tx.save(to.seen.of, record, to.attached(record, made)))
    return made, record, True


async def remove(tx: Tx, to: Attachments[Any], record_id: UUID, id: UUID) -> tuple[Attachment, Any]:
    """The row goes and its bytes with it; an object in the store of files soon after."""
    record = await to.seen.load(tx, record_id)
    found = await store.find(tx, to, record_id, id)
    to.remove.check(Held(found, to.owner(record)), tx.actor)
    await store.erase(tx, to, id)
    if found.object is not None:
        await loose.release(tx, to, id, found.object)
    return found, await tx.save(to.seen.of, record, to.removed(record, found))


async def _begin(request: Request, *, keep: bool) -> Tx:
    """The transaction of the request, which ends with its answer. A key is not asked for: the bytes themselves tell a repeat."""
    begun = request.app.state.db.begin(context_of(request, request.state.actor), keep=keep)
    tx: Tx = await request.state.open.enter_async_context(begun)
    return tx


def _bounded(size: int, megabytes: int) -> None:
    if size > megabytes * 1024**2:
        raise FileTooLarge(f"Attachments have up to {megabytes} MB; make it smaller, or attach a link in a note.")


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    held = bytearray()
    async for part in request.stream():
        held += part
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)
