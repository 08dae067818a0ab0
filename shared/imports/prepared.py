"""Keeps a file that is no stream of lines (a workbook, UTF-16) a second time, as UTF-8."""

import codecs
from collections.abc import AsyncIterator
from uuid import UUID, uuid5

from shared.db.tx import Reader, Tx

_PIECES = "SELECT start, bytes FROM import_chunk WHERE job_id = $1 AND start >= $2 ORDER BY start LIMIT 1"
_KEEP = "INSERT INTO import_chunk (job_id, start, bytes) VALUES ($1, $2, $3)"
_DROP = "DELETE FROM import_chunk WHERE job_id = $1"


def prepared_id(job_id: UUID) -> UUID:
    """Names the second copy among the stored pieces."""
    return uuid5(job_id, "prepared")


async def pieces_of(db: Reader, source: UUID) -> AsyncIterator[bytes]:
    """The stored file, piece by piece."""
    at = 0
    while (found := await db.row(_PIECES, source, at)) is not None:
        yield found["bytes"]
        at = found["start"] + len(found["bytes"])


async def prepare(tx: Tx, job_id: UUID, pieces: AsyncIterator[bytes]) -> int:
    """Keep the pieces as the second copy, in place of an earlier one. Its size."""
    copy, size = prepared_id(job_id), 0
    await tx.execute(_DROP, copy)
    async for piece in pieces:
        await tx.execute(_KEEP, copy, size, piece)
        size += len(piece)
    return size


async def as_utf8(pieces: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """UTF-16 as UTF-8. Half a character stays wrong, so that its row is refused."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    async for piece in pieces:
        if text := decoder.decode(piece):
            yield text.encode("utf-8", "surrogatepass")
    try:
        rest = decoder.decode(b"", True)
    except UnicodeDecodeError:
        yield b"\xff"
    else:
        if rest:
            yield rest.encode("utf-8", "surrogatepass")
