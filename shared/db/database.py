"""One service's database in one process: where its transactions and reads begin."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.db.context import Context
from shared.db.pool import Pool
from shared.db.tx import NOTHING, Follows, Reader, Tx
from shared.policy.held import Held
from shared.process.settings import Settings

# A commit of its own, which waits for the disk, and for the replicas that Postgres is to wait for: so all that was committed before
# is there too. Postgres takes many such commits to the disk at once.
_WRITE_ALL = "SELECT pg_logical_emit_message(true, 'clinch', '')"


class Database(Pool):
    """One service's database in one process.

    `early`: transactions that take turns let the next one go on as they commit, and not only when that is on the disk.
    """

    def __init__(
        self, settings: Settings, service: str | None = None, *, least: int = 1, follows: Follows = NOTHING, early: bool = False
    ) -> None:
        super().__init__(settings, service, least=least)
        self._follows = follows
        self.early = early
        self.committed = asyncio.Event()
        self.policies = Held(settings)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        async with self.connection() as conn:
            await self.policies.refresh(conn)
            yield Reader(conn, self.policies.active)

    @asynccontextmanager
    async def begin(self, context: Context, *, keep: bool = True) -> AsyncIterator[Tx]:
        """A transaction that commits when the block ends well; with `keep=False` (a dry run) it never does."""
        async with self.connection() as conn:
            await self.policies.refresh(conn)
            transaction = conn.transaction()
            await transaction.start()
            tx = Tx(conn, context, self.settings, self.policies.active, self._follows)
            tx.kept, tx.early = keep, self.early
            try:
                yield tx
                await (tx.flush() if keep else tx._ready())
            except BaseException:
                if not _is_lost(conn):
                    await transaction.rollback()
                raise
            if keep:
                await transaction.commit()
                if tx.early and tx.turns:
                    await conn.execute(_WRITE_ALL)
                self.committed.set()
                if tx.changes_policy:
                    self.policies.forget()
            else:
                await transaction.rollback()

    async def on_disk(self) -> None:
        """Wait until all that has been committed is on the disk, also by transactions that took a turn and are not answered yet.

        Before anything of them is told to somebody else: after a crash of Postgres they may not have been.
        """
        if self.early:
            async with self.connection() as conn:
                await conn.execute(_WRITE_ALL)


def _is_lost(conn: Any) -> bool:
    try:
        return bool(conn.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken back what broke, and says only that
        return True
