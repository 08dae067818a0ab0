"""Where a reader was split: its parts go on where it stood.

One transaction gives the parts its offsets and its open dead letters, and bars the old name, so that a worker of the release before,
which may still run, handles nothing any more. What was seen stays under the old name, where the parts look it up.
"""

from collections.abc import Sequence

import structlog

from shared.db.database import Database
from shared.log.readers import Reader

log = structlog.get_logger()

BARRED = 2**63 - 1
"""The stored offset of a reader that was split: outside every log, so whoever reads under the name stops."""
POSITIONS = f"SELECT consumer, topic, partition, next FROM consumer_offset WHERE next < {BARRED}"
"""Where the readers of a database stand."""

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('clinch split readers'))"
_STANDS = f"SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1 AND next < {BARRED} ORDER BY 1, 2 FOR UPDATE"
_GIVE = """
INSERT INTO consumer_offset (consumer, topic, partition, next)
SELECT $1, topic, partition, next FROM consumer_offset WHERE consumer = $2 AND topic = ANY($3::text[]) ON CONFLICT DO NOTHING
"""
# All letters of a record that has an open one: which of them were dropped before their turn counts when the open one is settled.
_OPEN = "SELECT subject FROM dead_letter WHERE consumer = $2 AND settled_at IS NULL"
_LETTERS = f"""
INSERT INTO dead_letter (id, consumer, topic, partition, "offset", subject, headers, value, error, attempts, parked_at, settled_at, outcome)
SELECT gen_random_uuid(), $1, topic, partition, "offset", subject, headers, value, error, attempts, parked_at, settled_at, outcome
FROM dead_letter WHERE consumer = $2 AND topic = ANY($3::text[]) AND subject IN ({_OPEN}) ON CONFLICT DO NOTHING
"""
_SETTLE = "UPDATE dead_letter SET settled_at = now(), outcome = $2 WHERE consumer = $1 AND settled_at IS NULL"
_BAR = f"UPDATE consumer_offset SET next = {BARRED} WHERE consumer = $1"


async def settle(db: Database, readers: Sequence[Reader]) -> None:
    """Give what was split to its parts; nothing where that was done before. Kept by one transaction: all of it or nothing."""
    former = dict.fromkeys(name for reader in readers for name in (*reader.split_from, *reader.ends))
    if not former:
        return
    async with db.connection() as conn, conn.transaction():
        await conn.execute(_ONE_AT_A_TIME)
        for name in former:
            if not await conn.fetch(_STANDS, name):
                continue
            parts = [reader for reader in readers if name in reader.split_from]
            for part in parts:
                await conn.execute(_GIVE, part.name, name, list(part.topics))
                await conn.execute(_LETTERS, part.name, name, list(part.topics))
            await conn.execute(
                _SETTLE, name, f"given to {', '.join(part.name for part in parts)}" if parts else "dropped: the reader is no more"
            )
            await conn.execute(_BAR, name)
            log.info("reader_split", reader=name, parts=[part.name for part in parts])
