"""What a database holds its rows to, for comparing what migrations made with what the tables declare."""

import asyncpg

_CONSTRAINTS = """
SELECT conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('c', 'f') AND conrelid <> 0 ORDER BY 1
"""


async def constraints(url: str) -> dict[str, str]:
    """The foreign keys and CHECKs of a database, with what they say; NOT VALID where they do not look at old rows."""
    conn = await asyncpg.connect(url)
    try:
        return dict(await conn.fetch(_CONSTRAINTS))
    finally:
        await conn.close()
