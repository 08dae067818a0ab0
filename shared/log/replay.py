"""A reader given its past again from the log, beside the live one, until it stands where that one does.

Each event is handled as the reader is now, once, in a transaction with the place it has come to (`NAME.replay` among the stored offsets),
so a replay that is cut off goes on there. What an event makes the reader write and publish is undone unless asked for: the records and
their events belong together.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from shared.auth import SYSTEM
from shared.clock import Clock, moved_by
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event
from shared.log import inbox
from shared.log.bus import Bus, Delivered, TopicPartition
from shared.log.reactions import give, parsed_by
from shared.log.readers import Reader
from shared.log.split import BARRED

LIMIT = 500

_LIVE = f"SELECT topic, partition, next FROM consumer_offset WHERE consumer = $1 AND next < {BARRED} ORDER BY 1, 2"
_LOCK_LIVE = "SELECT next FROM consumer_offset WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE"
_AT = "SELECT next FROM consumer_offset WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE"
_BEGIN = "INSERT INTO consumer_offset (consumer, topic, partition, next) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING"
_PASSED = "SELECT coalesce(sum(next), 0) FROM consumer_offset WHERE consumer = $1"
_MOVE = "UPDATE consumer_offset SET next = $4 WHERE consumer = $1 AND topic = $2 AND partition = $3"
_END = ("DELETE FROM consumer_offset WHERE consumer = $1", "DELETE FROM consumer_seen WHERE consumer = $1")
# What the live reader has parked waits for a decision, and what was dropped was decided.
_NOT_OURS = """
SELECT "offset" FROM dead_letter WHERE consumer = $1 AND topic = $2 AND partition = $3 AND "offset" = ANY($4::bigint[])
AND (settled_at IS NULL OR outcome LIKE 'dropped%')
"""
_ALONE = "SELECT pg_try_advisory_lock(hashtext('clinch replay'), hashtext($1))"


class Refused(Exception):
    """Why there is no replay, in a sentence."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Of a replay: events passed and to pass, handled, undone because they would publish, and left to the live reader's dead letters."""

    passed: int = 0
    total: int = 0
    handled: int = 0
    held_back: int = 0
    left: int = 0


class _Publishes(Exception):
    pass


async def replay(
    db: Database,
    bus: Bus,
    reader: Reader,
    *,
    service: str,
    clock: Clock,
    publish: bool = False,
    told: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Returns when the reader has its past. Raises `Refused`; what the reader raises for an event ends it there, to go on later."""
    if reader.instead:
        raise Refused(f"{reader.name} is not replayed: {reader.instead}")
    async with db.connection() as alone:
        if not await alone.fetchval(_ALONE, reader.name):
            raise Refused(f"{reader.name} is being replayed already.")
        try:
            return await _Replay(db, bus, reader, service, clock, publish, told).run()
        finally:
            await alone.execute("SELECT pg_advisory_unlock(hashtext('clinch replay'), hashtext($1))", reader.name)


class _Replay:
    def __init__(
        self, db: Database, bus: Bus, reader: Reader, service: str, clock: Clock, publish: bool, told: Callable[[Progress], None]
    ) -> None:
        self._db, self._bus, self._reader = db, bus, reader
        self._service, self._clock, self._publish, self._told = service, clock, publish, told
        self._name = f"{reader.name}.replay"
        self._progress = Progress()

    async def run(self) -> Progress:
        beginnings = await self._bus.beginning_offsets(self._reader.topics)
        for (topic, partition), beginning in beginnings.items():
            if beginning:
                says = f"{topic}[{partition}] begins at {beginning}: what was told before is gone from the log, so there is no whole past."
                raise Refused(says)
        async with self._db.connection() as conn:
            live = {(r["topic"], r["partition"]): int(r["next"]) for r in await conn.fetch(_LIVE, self._reader.name)}
        if not live:
            raise Refused(f"{self._reader.name} has not begun yet: it reads the log from its beginning when the worker starts.")
        done = await self._begin(live)
        self._add(total=sum(live.values()), passed=done)
        for place in sorted(live):
            while await self._step(place):
                pass
        async with self._db.connection() as conn, conn.transaction():
            for statement in _END:
                await conn.execute(statement, self._name)
        return self._progress

    async def _begin(self, places: Iterable[TopicPartition]) -> int:
        """Stand at the beginning, or where an earlier run was cut off; how many events that one passed."""
        async with self._db.connection() as conn:
            await conn.executemany(_BEGIN, [(self._name, *place) for place in places])
            return int(await conn.fetchval(_PASSED, self._name))

    async def _step(self, place: TopicPartition) -> bool:
        """The next events of a partition, up to where the live reader is. False when it is there."""
        async with self._db.connection() as conn:
            at = int(await conn.fetchval(_AT, self._name, *place))
        batch = await self._bus.read(*place, at, LIMIT)
        context = Context(self._service, SYSTEM, self._clock(), f"{self._name}:{place[0]}:{place[1]}:{at}", moved=moved_by(self._clock))
        async with self._db.begin(context) as tx:
            behind = int(await tx.value(_LOCK_LIVE, self._reader.name, *place))  # so that neither works on what the other does
            if int(await tx.value(_AT, self._name, *place)) != at:
                return True
            batch = [message for message in batch if message.offset < behind]
            if not batch:
                return False
            counted = await self._handle(tx, place, batch)
            await tx.execute(_MOVE, self._name, *place, batch[-1].offset + 1)
        self._add(passed=batch[-1].offset + 1 - at, **counted)
        return True

    async def _handle(self, tx: Tx, place: TopicPartition, batch: Sequence[Delivered]) -> dict[str, int]:
        parked = {r["offset"] for r in await tx.rows(_NOT_OURS, self._reader.name, *place, [message.offset for message in batch])}
        ours = [message for message in batch if message.offset not in parked]
        found = await inbox.sort(tx, self._name, ours, parsed_by(self._reader.handle))
        held_back = await self._give(tx, found.fresh, found.news)
        await inbox.saw(tx, self._name, found.seen)
        return {"handled": len(found.fresh) - held_back, "held_back": held_back, "left": len(parked) + len(found.unfit)}

    async def _give(self, tx: Tx, events: Sequence[Envelope[Event]], messages: Sequence[Delivered]) -> int:
        """All at once; where something would be published, one by one, without those that publish. How many these are."""
        if not events:
            return 0
        try:
            await self._try(tx, events, messages)
        except _Publishes:
            if len(events) == 1:
                return 1
            middle = len(events) // 2
            of = {event.id: message for event, message in zip(events, _of(events, messages), strict=True)}
            halves = (events[:middle], events[middle:])
            return sum([await self._give(tx, half, [of[event.id] for event in half]) for half in halves])
        return 0

    async def _try(self, tx: Tx, events: Sequence[Envelope[Event]], messages: Sequence[Delivered]) -> None:
        async with tx.savepoint():
            before = tx.events
            await give(self._reader.handle, tx, events, messages)
            if not self._publish and tx.events > before:
                raise _Publishes

    def _add(self, **more: int) -> None:
        self._progress = replace(self._progress, **{name: getattr(self._progress, name) + n for name, n in more.items()})
        self._told(self._progress)


def _of(events: Sequence[Envelope[Event]], messages: Sequence[Delivered]) -> list[Delivered]:
    """The message of each event."""
    by: dict[tuple[UUID, int], Delivered] = {inbox.stamp(message.headers): message for message in messages}
    return [by[event.subject, event.version] for event in events]
