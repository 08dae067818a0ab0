"""A log in memory whose failures a test decides: the real ones are tried in bus/."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from shared.log.bus import Bus, Delivered, Message, OffsetOutOfRange, Positions, Reader, TopicPartition
from shared.log.bus.partition import partition_of

PARTITIONS = 4


class MemoryBus(Bus):
    def __init__(self) -> None:
        self.logs: dict[TopicPartition, list[Delivered]] = {}
        self.beginning: dict[TopicPartition, int] = {}
        self.publishing = self.most_publishing = 0
        self.before_publish: Callable[[Sequence[Message]], Awaitable[Sequence[Message]]] | None = None
        """May wait, raise, or name the part that still gets into the log before the failure it raises afterwards."""
        self.after_poll: Callable[[list[Delivered]], Awaitable[None]] | None = None

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure_topics(self, topics: Sequence[str], partitions: int = PARTITIONS) -> None:
        for topic in topics:
            for partition in range(partitions):
                self.logs.setdefault((topic, partition), [])

    def append(self, message: Message) -> Delivered:
        place = (message.topic, partition_of(message.key, PARTITIONS))
        log = self.logs.setdefault(place, [])
        log.append(Delivered(*place, len(log), message.key, message.value, message.headers))
        return log[-1]

    async def publish(self, messages: Sequence[Message]) -> None:
        self.publishing += 1
        self.most_publishing = max(self.most_publishing, self.publishing)
        try:
            if self.before_publish:
                messages = await self.before_publish(messages)
            for message in messages:
                self.append(message)
        finally:
            self.publishing -= 1

    def all(self, topic: str) -> list[Delivered]:
        return [message for place, log in self.logs.items() if place[0] == topic for message in log]

    def reader(self, group: str, topics: Sequence[str], positions: Positions) -> Reader:
        return MemoryReader(self, topics, positions)

    async def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Delivered]:
        return self.logs[topic, partition][offset : offset + limit]

    async def beginning_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {place: self.beginning.get(place, 0) for place in self.logs if place[0] in topics}

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {place: len(log) for place, log in self.logs.items() if place[0] in topics}


class MemoryReader(Reader):
    """Holds every partition, as a member does that was cut off and does not know it: the compare-and-set has to decide."""

    def __init__(self, bus: MemoryBus, topics: Sequence[str], positions: Positions) -> None:
        self.bus, self.topics, self.positions = bus, topics, positions
        self.next: dict[TopicPartition, int] = {}

    @property
    def held(self) -> frozenset[TopicPartition]:
        return frozenset(place for place in self.bus.logs if place[0] in self.topics)

    @property
    def last_poll_age(self) -> float:
        return 0.0

    async def poll(self, limit: int, timeout: float) -> list[Delivered]:
        for place in sorted(self.held):
            if place not in self.next:
                self.next |= await self.positions([place])
            begin, end = self.bus.beginning.get(place, 0), len(self.bus.logs[place])
            if not begin <= self.next[place] <= end:
                raise OffsetOutOfRange(place, self.next[place], begin, end)
            batch = self.bus.logs[place][self.next[place] : self.next[place] + limit]
            if batch:
                self.next[place] = batch[-1].offset + 1
                if self.bus.after_poll:
                    await self.bus.after_poll(batch)
                return batch
        await asyncio.sleep(0.005)
        return []

    async def seek(self, partition: TopicPartition, offset: int) -> None:
        self.next[partition] = offset

    async def committed(self, partition: TopicPartition, offset: int) -> None: ...

    async def close(self) -> None: ...
