"""Membership of a consumer group, kept by Postgres session locks: a member that dies is gone with its connection.

A connection takes memory in the server, and so the members of one process that belong to different groups share one.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b
from math import inf
from time import monotonic
from typing import TypeAlias

import asyncpg

from shared.log.bus import TopicPartition

# The two halves of the 64-bit lock key are what pg_locks shows as classid and objid.
MEMBERS = """
SELECT key, pid, pid = pg_backend_pid() AS me
FROM pg_locks JOIN unnest($1::bigint[]) AS key ON classid = (key >> 32 & 4294967295)::oid AND objid = (key & 4294967295)::oid
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY key, pid
"""
JOIN = "SELECT pg_advisory_lock_shared($1)"
TAKE = "SELECT key FROM unnest($1::bigint[]) AS key WHERE pg_try_advisory_lock(key)"
GIVE = "SELECT pg_advisory_unlock(key) FROM unnest($1::bigint[]) AS key"
LEAVE = "SELECT pg_advisory_unlock_shared($1)"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Session:
    """A connection with the locks of members of several groups; never of two members of one, who would count as one."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self.groups: set[int] = set()
        self._connect = connect
        self._connection: Connection | None = None
        self._alone = asyncio.Lock()
        self._members: dict[int, list[bool]] = {}
        self._asked = -inf

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Connection]:
        """Its connection, for one member at a time; a new one after the last was lost.

        An exception meanwhile leaves the connection in a state that nobody knows: only losing it surely frees its locks.
        """
        async with self._alone:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._asked = -inf
                    self._connection = await self._connect()
                yield self._connection
            except BaseException:
                self.drop()
                raise

    async def members(self, connection: Connection, group: int, newer_than: float) -> list[bool]:
        """The members of the group in their order: which of them is the one of this session. One look serves all groups here."""
        if self._asked < newer_than or group not in self._members:
            began, members = monotonic(), defaultdict(list)
            for row in await connection.fetch(MEMBERS, list(self.groups)):
                members[row["key"]].append(row["me"])
            self._members, self._asked = dict(members), began
        return self._members[group]

    def forget(self, group: int) -> None:
        self._members.pop(group, None)

    def drop(self) -> None:
        """Lose the connection at once, without waiting for the server."""
        if self._connection:
            self._connection.terminate()
        self._connection = None

    async def close(self, timeout: float) -> None:
        """Free all locks, unless the server is slower than `timeout` seconds."""
        try:
            if self._connection:
                await self._connection.close(timeout=timeout)
        except (OSError, TimeoutError):
            pass
        finally:
            self.drop()


class Sessions:
    """Those of one process: mostly one, and another for each further member that a group has here."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._sessions: list[Session] = []

    def enter(self, group: int) -> Session:
        """The session for a new member of the group."""
        session = next((session for session in self._sessions if group not in session.groups), None)
        if session is None:
            session = Session(self._connect)
            self._sessions.append(session)
        session.groups.add(group)
        return session

    async def leave(self, session: Session, group: int, timeout: float) -> None:
        """A member is gone; the last one closes the session."""
        session.groups.discard(group)
        if not session.groups and session in self._sessions:
            self._sessions.remove(session)
            await session.close(timeout)

    async def close(self, timeout: float) -> None:
        """Close all, also those of members that nobody closed."""
        sessions, self._sessions = self._sessions, []
        await asyncio.gather(*(session.close(timeout) for session in sessions))


class Membership:
    """One member. Each holds a shared lock on the group and an exclusive one on every partition it serves.

    All members order themselves and the partitions alike, so each works out its share alone; a partition that its
    former holder still keeps is taken as soon as it is given back.
    """

    def __init__(self, group: str, sessions: Sessions) -> None:
        self._group = group
        self._key = _key(group)
        self._sessions = sessions
        self._session: Session | None = sessions.enter(self._key)
        self._connection: Connection | None = None  # the one that has its locks
        self._held: frozenset[TopicPartition] = frozenset()

    @property
    def held(self) -> frozenset[TopicPartition]:
        """The partitions this member holds; none once its connection is seen to be lost."""
        return self._held if self.joined else frozenset()

    @property
    def joined(self) -> bool:
        """False before the first `share`, and once the connection is seen to be lost."""
        return self._connection is not None and not self._connection.is_closed()

    async def share(self, partitions: Collection[TopicPartition], newer_than: float) -> frozenset[TopicPartition]:
        """Take this member's fair share of `partitions`, give back the rest; which were newly taken.

        Who the others are was looked up after the moment `newer_than` (of the monotonic clock).
        Raises the driver's exceptions; nothing is held after one.
        """
        if self._session is None:
            return frozenset()
        async with self._session.use() as connection:
            return await self._share(self._session, connection, sorted(partitions), newer_than)

    async def _share(
        self, session: Session, connection: Connection, partitions: Sequence[TopicPartition], newer_than: float
    ) -> frozenset[TopicPartition]:
        if self._connection is not connection:
            self._held = frozenset()
            session.forget(self._key)
            await connection.execute(JOIN, self._key)
            self._connection = connection
        members = await session.members(connection, self._key, newer_than)
        mine = set(partitions[members.index(True) :: len(members)])
        if surplus := self._held - mine:
            await connection.execute(GIVE, self._keys(surplus))
        self._held &= mine
        wanted = {self._partition_key(partition): partition for partition in mine - self._held}
        taken = await connection.fetch(TAKE, list(wanted)) if wanted else []
        fresh = frozenset(wanted[row["key"]] for row in taken)
        self._held |= fresh
        return fresh

    async def leave(self, timeout: float) -> None:
        """Leave in good order: the locks are free when this returns, unless the server is slower than `timeout` seconds."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if self.joined:
                async with asyncio.timeout(timeout), session.use() as connection:
                    if connection is self._connection:
                        await connection.execute(GIVE, self._keys(self._held))
                        await connection.execute(LEAVE, self._key)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass  # the connection is lost, and its locks with it
        finally:
            self._connection = None
            await self._sessions.leave(session, self._key, timeout)

    def _keys(self, partitions: Collection[TopicPartition]) -> list[int]:
        return [self._partition_key(partition) for partition in partitions]

    def _partition_key(self, partition: TopicPartition) -> int:
        return _key(self._group, partition[0], str(partition[1]))


def _key(*parts: str) -> int:
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8, person=b"clinch bus").digest(), "big", signed=True)
