"""One log carried over into another, so that every stored offset keeps its meaning: same partitions, same order, same offsets."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clinch.errors import CommandError
from shared.log.bus import Bus, Delivered, Message, TopicPartition, UnknownTopic

PIECE = 5000  # events read and published at once


def all_topics() -> list[str]:
    """Those of every event there is."""
    from shared.events.envelope import REGISTRY, topic

    return sorted({topic(event.aggregate) for event in REGISTRY.values()})


async def ends(bus: Bus, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """The end of each partition of those of `topics` that exist."""
    found: dict[TopicPartition, int] = {}
    for topic in topics:
        try:
            found |= await bus.end_offsets([topic])
        except UnknownTopic:
            continue
    return found


@dataclass(frozen=True)
class Copy:
    """`source` into `target`. Nothing may be appended to either meanwhile. Raises CommandError where offsets could not hold.

    `cure` tells what to do with a target that holds something else.
    """

    source: Bus
    target: Bus
    topics: Sequence[str]
    cure: str = "Delete the topics there, then repeat."

    async def plan(self) -> dict[TopicPartition, tuple[int, int]]:
        """What is left to copy of each partition: from the target's end to the source's. Makes the topics that are missing.

        A target that holds something else than the beginning of the source is refused before anything is written to it.
        """
        wanted = await ends(self.source, self.topics)
        await self._begins_at_0(self.source, wanted, "The log")
        there = await ends(self.target, self.topics)
        await self._begins_at_0(self.target, there, "The target")
        counts = {topic: _partitions(wanted, topic) for topic, _ in wanted}
        for topic, _ in there:
            if (found := _partitions(there, topic)) != counts.get(topic, found):
                raise CommandError(f"{topic} has {found} partitions in the target and {counts[topic]} in the log. {self.cure}")
        for at, end in there.items():
            await self._is_beginning(at, end, wanted.get(at, 0))
        for topic, count in counts.items():
            await self.target.ensure_topics([topic], count)
        return {at: (there.get(at, 0), end) for at, end in wanted.items()}

    async def run(self, plan: dict[TopicPartition, tuple[int, int]], copied: Callable[[int], None]) -> None:
        """Copy what `plan` says. When it is cut off, at any instant, the next plan goes on from what is in the target by then."""
        for (topic, partition), (at, end) in plan.items():
            while at < end:
                batch = await self.source.read(topic, partition, at, min(PIECE, end - at))
                if [message.offset for message in batch] != list(range(at, at + len(batch))):
                    raise CommandError(f"{topic}[{partition}] has gaps after {at}: the same offsets cannot be given again.")
                await self.target.publish([Message(topic, m.key, m.value, m.headers) for m in batch])
                at += len(batch)
                copied(len(batch))

    async def compare(self, compared: Callable[[int], None]) -> dict[TopicPartition, int]:
        """Read both to their ends, which must agree message by message. The ends."""
        ours, theirs = await ends(self.source, self.topics), await ends(self.target, self.topics)
        if differ := [at for at in ours.keys() | theirs.keys() if ours.get(at, 0) != theirs.get(at, 0)]:
            at = min(differ)
            raise self._differs(at, f"it ends at {theirs.get(at, 0)} there and at {ours.get(at, 0)} in the log")
        for (topic, partition), end in ours.items():
            offset = 0
            while offset < end:
                mine, copy = await asyncio.gather(*(bus.read(topic, partition, offset, PIECE) for bus in (self.source, self.target)))
                count = min(len(mine), len(copy), end - offset)
                if mine[:count] != copy[:count]:
                    wrong = next(a.offset for a, b in zip(mine, copy, strict=False) if a != b)
                    raise self._differs((topic, partition), f"they part at {wrong}")
                offset += count
                compared(count)
        return ours

    async def _begins_at_0(self, bus: Bus, found: dict[TopicPartition, int], name: str) -> None:
        for (topic, partition), beginning in (await bus.beginning_offsets(sorted({topic for topic, _ in found}))).items():
            if beginning:
                raise CommandError(
                    f"{name} holds {topic}[{partition}] only from {beginning} on: what came before is deleted, "
                    "so the same offsets cannot be given again."
                )

    async def _is_beginning(self, at: TopicPartition, end: int, whole: int) -> None:
        """What is in the target is what an earlier run left. Its last message tells: `compare` looks at all, when all is there."""
        if end > whole:
            raise self._differs(at, f"it ends at {end} there and at {whole} in the log")
        if end and await _last(self.source, at, end) != await _last(self.target, at, end):
            raise self._differs(at, f"they part before {end}")

    def _differs(self, at: TopicPartition, how: str) -> CommandError:
        return CommandError(f"{at[0]}[{at[1]}] in the target is not the beginning of the log: {how}. {self.cure}")


async def _last(bus: Bus, at: TopicPartition, end: int) -> Delivered:
    return (await bus.read(*at, end - 1, 1))[0]


def _partitions(of: dict[TopicPartition, int], topic: str) -> int:
    return sum(name == topic for name, _ in of)
