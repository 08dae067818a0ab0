"""A reader of the Postgres log: its share of the partitions, in turns."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Protocol

from shared.log.bus import BusUnavailable, Delivered, OffsetOutOfRange, Positions, Reader, TopicPartition, UnknownTopic
from shared.log.bus.pgdriver import CLOSE_TIMEOUT, RETRY, as_bus_errors
from shared.log.bus.pggroup import Membership, Sessions

INTERVAL = 0.5  # seconds; how often a reader looks by itself for messages, and for members that came or went


class Log(Protocol):
    """What a reader needs of its bus."""

    @property
    def sessions(self) -> Sessions: ...
    async def heads(self, newer_than: float) -> Mapping[TopicPartition, int]: ...
    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Delivered]: ...
    async def bounds(self, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]: ...


class PgReader(Reader):
    def __init__(self, bus: Log, group: str, topics: Sequence[str], positions: Positions) -> None:
        self._bus = bus
        self._topics = frozenset(topics)
        self._positions = positions
        self._membership = Membership(group, bus.sessions)
        self._next: dict[TopicPartition, int] = {}  # what to read next, of the partitions held
        self._heads: Mapping[TopicPartition, int] = {}
        self._turns: deque[TopicPartition] = deque()
        self._news = asyncio.Event()
        self._told = self._looked = self._shared = -INTERVAL
        self._answered = monotonic()
        self._retry = RETRY[0]
        self._closed = False

    @property
    def held(self) -> frozenset[TopicPartition]:
        return self._membership.held

    @property
    def last_poll_age(self) -> float:
        return monotonic() - self._answered

    def wake(self, topic: object) -> None:
        """Something was appended to `topic`."""
        if topic in self._topics:
            self._told = monotonic()
            self._news.set()

    async def poll(self, limit: int, timeout: float) -> list[Delivered]:
        deadline = monotonic() + timeout
        while not self._closed:
            try:
                batch = await self._batch(limit)
            except (BusUnavailable, UnknownTopic):
                await asyncio.sleep(max(0.0, min(self._retry, deadline - monotonic())))
                self._retry = min(self._retry * 2, RETRY[1])
                raise
            self._retry = RETRY[0]
            if batch:
                self._answered = monotonic()
                return batch
            remaining = deadline - monotonic()
            if remaining <= 0:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(min(remaining, INTERVAL)):  # wait_for of Python 3.11 can lose a cancellation
                    await self._news.wait()
        return []

    async def _batch(self, limit: int) -> list[Delivered]:
        await self._look()
        held = self.held
        for partition in [partition for partition in self._next if partition not in held]:
            del self._next[partition]
        if fresh := held - self._next.keys():
            await self._assign(sorted(fresh))
        for _ in range(len(self._turns)):
            partition = self._turns[0]
            self._turns.rotate(-1)
            if partition in held and self._next[partition] < self._heads.get(partition, 0):
                try:
                    batch = await self._bus.read(*partition, self._next[partition], limit)
                except OffsetOutOfRange:
                    del self._next[partition]  # ask again: somebody may put the stored offset right
                    raise
                if batch:
                    self._next[partition] = batch[-1].offset + 1
                    return batch
        return []

    async def _look(self) -> None:
        """Learn where the log ends after news or a while, and who shares it after a while or a lost connection."""
        now = monotonic()
        sharing = now - self._shared >= INTERVAL or not self._membership.joined
        if not (sharing or self._news.is_set() or now - self._looked >= INTERVAL):
            return
        self._news.clear()
        heads = await self._bus.heads(max(self._told, now - INTERVAL))
        if self._missing(heads):
            heads = await self._bus.heads(now)
        if missing := self._missing(heads):
            raise UnknownTopic(min(missing))
        self._heads = {partition: end for partition, end in heads.items() if partition[0] in self._topics}
        self._looked = now
        if sharing:
            with as_bus_errors():
                for partition in await self._membership.share(self._heads, now - INTERVAL):
                    self._next.pop(partition, None)  # taken again after a lost connection: others may have read on meanwhile
            self._shared = now
            held = self.held
            self._turns = deque([partition for partition in self._turns if partition in held])
            self._turns.extend(sorted(held.difference(self._turns)))
        self._answered = monotonic()

    def _missing(self, heads: Mapping[TopicPartition, int]) -> frozenset[str]:
        return self._topics - {topic for topic, _ in heads}

    async def _assign(self, partitions: list[TopicPartition]) -> None:
        """Ask where to go on. One that cannot be told stays unassigned, and is asked again with the next poll."""
        offsets = await self._positions(partitions)
        bounds = await self._bus.bounds(sorted(self._topics))  # asked last, so that the ends cover the offsets
        for partition, offset in offsets.items():
            beginning, end = bounds[partition]
            if not beginning <= offset <= end:
                raise OffsetOutOfRange(partition, offset, beginning, end)
            self._next[partition] = offset

    async def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self._next:
            self._next[partition] = offset

    async def committed(self, partition: TopicPartition, offset: int) -> None:
        """Nothing to do: the log keeps no offsets of its readers."""

    async def close(self) -> None:
        self._closed = True
        self._news.set()
        await self._membership.leave(CLOSE_TIMEOUT)
