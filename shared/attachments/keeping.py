"""Where the bytes of a file go while it comes, and where they come from: the database in pieces, or an object in a bucket."""

from collections.abc import AsyncIterator
from typing import Any, Protocol
from uuid import UUID

from shared.attachments import loose, store
from shared.attachments.bucket import Bucket, StoreFailed
from shared.attachments.declared import Attachments
from shared.attachments.record import Attachment
from shared.db.database import Database
from shared.db.tx import Tx

PART = 5 * 1024**2
"""Bytes of a part of an object, held while they come in: S3 takes no smaller ones, but for the last."""


class Keeping(Protocol):
    """One file on its way. `object` is what its attachment remembers."""

    @property
    def object(self) -> str | None: ...

    async def take(self, piece: bytes) -> None: ...

    async def whole(self) -> None:
        """All pieces were taken: afterwards the bytes are kept."""

    async def settle(self, tx: Tx) -> None:
        """The attachment is kept with this transaction."""

    async def drop(self) -> None:
        """It came to nothing."""


def keeping(db: Database, bucket: Bucket | None, to: Attachments[Any], id: UUID, *, keep: bool) -> Keeping:
    """For a new file: by the settings. `keep`: not for a dry run."""
    if not keep:
        return Nowhere()
    if db.settings.attachment_store == "s3" and bucket is not None:
        return InBucket(db, bucket, to, id)
    return InDatabase(db, to, id)


class Nowhere:
    """A dry run."""

    object = None

    async def take(self, piece: bytes) -> None:
        pass

    async def whole(self) -> None:
        pass

    async def settle(self, tx: Tx) -> None:
        pass

    async def drop(self) -> None:
        pass


class InDatabase(Nowhere):
    """Piece by piece, each committed by itself: no transaction waits for the caller."""

    def __init__(self, db: Database, to: Attachments[Any], id: UUID) -> None:
        self._db, self._to, self._id, self._n = db, to, id, 0

    async def take(self, piece: bytes) -> None:
        await store.put(self._db, self._to, self._id, self._n, piece)
        self._n += 1

    async def drop(self) -> None:
        await store.drop(self._db, self._to, self._id)


class InBucket:
    """One object: put at once when it is small, in parts when it is not. It is announced first (`loose`)."""

    def __init__(self, db: Database, bucket: Bucket, to: Attachments[Any], id: UUID) -> None:
        self._db, self._bucket, self._to, self._id = db, bucket, to, id
        self.object = bucket.address(f"{to.record}/{id}")
        self._held, self._upload, self._etags = bytearray(), "", list[str]()
        self._announced = False

    async def take(self, piece: bytes) -> None:
        if len(self._held) >= PART:
            await self._put_part()
        self._held += piece

    async def whole(self) -> None:
        if self._upload:
            await self._put_part()
            await self._bucket.complete(self.object, self._upload, self._etags)
        else:
            await self._announce()
            await self._bucket.put(self.object, bytes(self._held))
        self._held.clear()

    async def settle(self, tx: Tx) -> None:
        await loose.settle(tx, self._to, self._id)

    async def drop(self) -> None:
        """The worker deletes it, as announced: a call that was given up here may still reach the store."""
        if self._announced:
            await loose.hasten(self._db, self._to, self._id)

    async def _put_part(self) -> None:
        if not self._upload:
            await self._announce()
            self._upload = await self._bucket.begin(self.object)
            await loose.in_parts(self._db, self._to, self._id, self._upload)
        part = bytes(self._held)
        self._held.clear()
        self._etags.append(await self._bucket.part(self.object, self._upload, len(self._etags) + 1, part))

    async def _announce(self) -> None:
        await loose.announce(self._db, self._to, self._id, self.object)
        self._announced = True


async def opened(db: Database, bucket: Bucket | None, to: Attachments[Any], found: Attachment) -> AsyncIterator[bytes]:
    """Its bytes, piece by piece. The first one is there already: what fails before anything is sent is a clear refusal."""
    if found.object is None:
        source = store.pieces(db, to, found.id)
    elif bucket is None:
        raise StoreFailed("The file is in a store that the settings do not name any more: operations set CLINCH_S3_BUCKET and its like.")
    else:
        source = bucket.read(found.object, found.size, found.sha256)
    first = await anext(source)

    async def pieces() -> AsyncIterator[bytes]:
        yield first
        async for piece in source:
            yield piece

    return pieces()
