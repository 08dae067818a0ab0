"""What a consumer does around a reader, in memory: offsets of its own, and what it was given."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from time import monotonic

from shared.log.bus import Bus, BusUnavailable, Delivered, Message, Reader, TopicPartition


def message(topic: str, key: str, number: int) -> Message:
    return Message(topic, key, str(number).encode(), {"ce_sequence": f"{number:019}"})


class Consumer:
    """Stores the next offset per partition, and refuses what does not follow (the compare-and-set of the real one)."""

    def __init__(self) -> None:
        self.offsets: defaultdict[TopicPartition, int] = defaultdict(int)
        self.asked: list[TopicPartition] = []
        self.seen: list[Delivered] = []
        self.batches: list[list[Delivered]] = []

    async def positions(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        self.asked += partitions
        return {partition: self.offsets[partition] for partition in partitions}

    def take(self, batch: list[Delivered]) -> None:
        self.batches.append(batch)
        for one in batch:
            place = (one.topic, one.partition)
            if one.offset < self.offsets[place]:
                continue  # another member was first
            assert one.offset == self.offsets[place], "a message was skipped"
            self.offsets[place] = one.offset + 1
            self.seen.append(one)

    async def read(self, reader: Reader, until: Callable[[], bool], *, limit: int = 500, timeout: float = 60.0) -> None:
        """Poll until the condition holds; fails after `timeout` seconds."""
        deadline = monotonic() + timeout
        while not until():
            assert monotonic() < deadline, f"{len(self.seen)} messages after {timeout} s"
            try:
                batch = await reader.poll(limit, 0.2)
            except BusUnavailable:
                continue
            if batch:
                self.take(batch)
                last = batch[-1]
                await reader.committed((last.topic, last.partition), last.offset + 1)

    async def read_all(self, reader: Reader, count: int, **options: float) -> list[Delivered]:
        await self.read(reader, lambda: len(self.seen) >= count, **options)  # type: ignore[arg-type]
        return self.seen


def values_by_key(delivered: list[Delivered]) -> dict[str, list[int]]:
    values: defaultdict[str, list[int]] = defaultdict(list)
    for one in delivered:
        values[one.key].append(int(one.value))
    return dict(values)


async def whole_log(bus: Bus, topic: str) -> dict[int, list[Delivered]]:
    log: dict[int, list[Delivered]] = {}
    for (_, partition), end in (await bus.end_offsets([topic])).items():
        log[partition] = []
        while len(log[partition]) < end:
            log[partition] += await bus.read(topic, partition, len(log[partition]), 1000)
    return log


async def eventually(condition: Callable[[], bool], timeout: float = 60.0) -> None:
    deadline = monotonic() + timeout
    while not condition():
        assert monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.05)
