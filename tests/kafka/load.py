"""Publishing as the relay does and consuming as a worker does, at a steady rate, while something happens to the brokers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic

from shared.log.bus import Bus, BusUnavailable, Delivered, TopicPartition
from tests.shared.bus.reading import Consumer, eventually, message, values_by_key, whole_log

KEYS = [f"k{number}" for number in range(64)]  # enough that each batch goes to every partition
PAUSE = 0.05  # seconds between batches
PUBLISH_SECONDS = 10.0  # after which the relay takes its batch back
PATIENCE = 180.0  # seconds until everything is read


@dataclass
class Load:
    """One publisher and one reader. Each batch holds the next version of every key; a batch that fails is published again."""

    bus: Bus
    topic: str
    consumer: Consumer = field(default_factory=Consumer)
    acknowledged: int = 0
    """Versions of each key."""
    repeated: int = 0
    acknowledged_at: list[float] = field(default_factory=list)
    read_at: defaultdict[TopicPartition, list[float]] = field(default_factory=lambda: defaultdict(list))
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Under way before the body begins; everything published is read when it is left."""
        reader = self.bus.reader("load", [self.topic], self.consumer.positions)
        tasks = [asyncio.create_task(self._publish()), asyncio.create_task(self._read(reader))]
        try:
            await eventually(lambda: len(self.consumer.seen) > 10 * len(KEYS), PATIENCE)
            yield
            self._stop.set()
            await tasks[0]
            await eventually(lambda: self.first_versions() >= self.acknowledged, PATIENCE)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await reader.close()

    async def _publish(self) -> None:
        while not self._stop.is_set():
            batch = [message(self.topic, key, self.acknowledged) for key in KEYS]
            while True:
                try:
                    async with asyncio.timeout(PUBLISH_SECONDS):
                        await self.bus.publish(batch)
                    break
                except (BusUnavailable, TimeoutError):
                    self.repeated += 1
                    await asyncio.sleep(0.1)
            self.acknowledged += 1
            self.acknowledged_at.append(monotonic())
            await asyncio.sleep(PAUSE)

    async def _read(self, reader: object) -> None:
        while True:
            try:
                batch: list[Delivered] = await reader.poll(500, 0.2)  # type: ignore[attr-defined]
            except BusUnavailable:
                continue
            self.consumer.take(batch)
            if batch:
                self.read_at[batch[0].topic, batch[0].partition].append(monotonic())

    def first_versions(self) -> int:
        """How many versions of every key were read."""
        seen = values_by_key(self.consumer.seen)
        return min((len(set(seen.get(key, ()))) for key in KEYS), default=0)

    def publishing_again(self, since: float) -> bool:
        """Whether a whole batch was acknowledged that was begun after `since`, give or take one batch."""
        return sum(at > since for at in self.acknowledged_at) >= 2

    def longest_gap(self) -> tuple[float, float]:
        """Seconds: the longest time without an acknowledged batch, and without a message in some partition."""
        gaps = [_longest(times) for times in self.read_at.values()]
        return _longest(self.acknowledged_at), max(gaps)

    async def check(self) -> int:
        """Nothing is lost, and versions appear for the first time in order: in the log, and as read. The number of duplicates."""
        log = await whole_log(self.bus, self.topic)
        for delivered in ([one for partition in log.values() for one in partition], self.consumer.seen):
            versions = values_by_key(delivered)
            assert versions.keys() == set(KEYS)
            for key in KEYS:
                assert list(dict.fromkeys(versions[key])) == list(range(self.acknowledged)), key
        return sum(map(len, log.values())) - self.acknowledged * len(KEYS)


def _longest(times: list[float]) -> float:
    return max(after - before for before, after in pairwise(times))
