"""Membership of a consumer group, kept by Postgres session locks: a member that dies is gone with its connection."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from shared.log.bus import TopicPartition

if TYPE_CHECKING:
    import asyncpg

# The two halves of the 64-bit lock key are what pg_locks shows as classid and objid.
MEMBERS = """
SELECT pid, pid = pg_backend_pid() AS me FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND classid = ($1::bigint >> 32 & 4294967295)::oid AND objid = ($1::bigint & 4294967295)::oid
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY pid
"""
JOIN = "SELECT pg_advisory_lock_shared($1)"
TAKE = "SELECT key FROM unnest($1::bigint[]) AS key WHERE pg_try_advisory_lock(key)"
GIVE = "SELECT pg_advisory_unlock(key) FROM unnest($1::bigint[]) AS key"


class Membership:
    """One member. Each holds a shared lock on the group and an exclusive one on every partition it serves.

    All members order themselves and the partitions alike, so each works out its share alone; a partition that its
    former holder still keeps is taken as soon as it is given back.
    """

    def __init__(self, group: str, connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]) -> None:
        self._group = group
        self._connect = connect
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._held: frozenset[TopicPartition] = frozenset()

    @property
    def held(self) -> frozenset[TopicPartition]:
        """The partitions this member holds; none once its connection is seen to be lost."""
        return self._held if self.joined else frozenset()

    @property
    def joined(self) -> bool:
        """False before the first `share`, and once the connection is seen to be lost."""
        return self._connection is not None and not self._connection.is_closed()

    async def share(self, partitions: Collection[TopicPartition]) -> frozenset[TopicPartition]:
        """Take this member's fair share of `partitions`, give back the rest; which were newly taken.

        Raises the driver's exceptions; nothing is held after one.
        """
        try:
            return await self._share(sorted(partitions))
        except BaseException:
            self.drop()  # the connection's state is unknown: only losing it surely frees its locks
            raise

    async def _share(self, partitions: Sequence[TopicPartition]) -> frozenset[TopicPartition]:
        if self._connection is None or self._connection.is_closed():
            self._held = frozenset()
            self._connection = await self._connect()
            await self._connection.execute(JOIN, _key(self._group))
        members = await self._connection.fetch(MEMBERS, _key(self._group))
        rank = next(place for place, member in enumerate(members) if member["me"])
        mine = set(partitions[rank :: len(members)])
        if surplus := self._held - mine:
            await self._connection.execute(GIVE, [self._partition_key(partition) for partition in surplus])
        self._held &= mine
        wanted = {self._partition_key(partition): partition for partition in mine - self._held}
        taken = await self._connection.fetch(TAKE, list(wanted)) if wanted else []
        fresh = frozenset(wanted[row["key"]] for row in taken)
        self._held |= fresh
        return fresh

    def drop(self) -> None:
        """Leave at once, without waiting for the server."""
        if self._connection:
            self._connection.terminate()
        self._connection = None
        self._held = frozenset()

    async def leave(self, timeout: float) -> None:
        """Leave in good order: the locks are free when this returns, unless the server is slower than `timeout` seconds."""
        try:
            if self._connection:
                await self._connection.close(timeout=timeout)
        except (OSError, TimeoutError):
            pass
        finally:
            self.drop()

    def _partition_key(self, partition: TopicPartition) -> int:
        return _key(self._group, partition[0], str(partition[1]))


def _key(*parts: str) -> int:
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8, person=b"clinch bus").digest(), "big", signed=True)
