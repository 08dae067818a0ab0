"""The end of the feed in memory: one look at the database per process, however many readers there are.

Who sees what is decided here by the same table as in `seen`, and from the same rows of `feed_owner`, `membership` and `roster`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import orjson
from prometheus_client import Gauge
from sqlalchemy import BigInteger, bindparam, cast, func, select, true

from metrics_svc.feed import queries
from metrics_svc.feed.places import Places
from metrics_svc.feed.queries import Slice
from metrics_svc.feed.records import WHOSE, Record, held, parts_told
from metrics_svc.feed.rules import FeedEvent, Wanted, sees_others
from metrics_svc.feed.seen import sees_everything
from metrics_svc.feed.tables import FEED, HEAD
from metrics_svc.settings import MetricsSettings
from shared.access.held import Held, may_see
from shared.access.kinds import ACCOUNTS, KINDS, Kind, reach
from shared.access.told import hidden_from
from shared.auth import Actor
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tables import ROSTER
from shared.db.tx import Reader
from shared.process.outage import Outage, every

LOOK_SECONDS = 0.1
KEPT = 1000
"""Events at most that are held in memory, or read at once. Readers who are further behind read the table."""
CONNECTIONS = 3
"""Connections at most that readers who are behind use at a time: after a restart all of them are."""

READERS = Gauge("clinch_feed_readers", "Open event streams, and polls that wait for events.", ["service"])

_ROSTER = "SELECT person_id, team_id, team_path FROM roster"


@dataclass(frozen=True, slots=True)
class _Person:
    team_id: UUID | None
    team_path: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What decides who sees a record; `by` are records of an account, which show it."""

    held: Held
    by: Sequence[tuple[Kind, Held]] = ()


class Tail:
    """The latest events, with the records that they belong to as these are now. It follows the head only while it has readers."""

    def __init__(self, db: Database, settings: MetricsSettings, stopping: asyncio.Event, *, service: str) -> None:
        self.places = Places(settings.streams_max, settings.streams_max_each)
        self.stopping = stopping
        self._db, self._service = db, service
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._following: asyncio.Task[None] | None = None
        self._readers: Counter[UUID] = Counter()
        self._parts: dict[UUID, set[UUID]] = {}
        """By reader: the records that they have a part in."""
        self._moved = asyncio.Event()
        self._forget()

    def _forget(self) -> None:
        self._events: list[FeedEvent] = []
        self._before = self._latest = self._oldest = -1
        self._records: dict[UUID, _Shown] = {}
        self._roster: dict[UUID, _Person] = {}
        self._roster_state = -1

    # -- Readers -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def reader(self, actor: Actor) -> AsyncIterator[None]:
        """One more reader, while the block runs. `TooManyStreams`, `Unavailable`."""
        with self.places.taken(actor.id):
            READERS.labels(self._service).inc()
            self._readers[actor.id] += 1
            if self._following is None:
                self._following = asyncio.create_task(self._follow(), name="feed tail")
            try:
                await self.know(actor)
                yield
            finally:
                READERS.labels(self._service).dec()
                self._readers[actor.id] -= 1
                if not self._readers[actor.id]:
                    del self._readers[actor.id]
                    self._parts.pop(actor.id, None)
                if self.places.used == 1:  # only ours
                    self._following.cancel()
                    self._following = None
                    self._forget()

    async def know(self, actor: Actor) -> None:
        """Learn what the reader has a part in. It is kept up to date while they read."""
        if not sees_everything(actor):
            async with self._connections, self._db.read() as db:
                self._parts |= await queries.parts(db, [actor.id])

    async def read(self, position: int, actor: Actor, wanted: Wanted, limit: int) -> Slice:
        """`queries.after`, from memory where that reaches back far enough. Raises `Gone`, and what a lost database raises."""
        unknown = actor.id not in self._parts and not sees_everything(actor)
        if unknown or self._before == -1 or not self._before <= position <= self._latest:
            async with self._connections, self._db.read() as db:
                return await queries.after(db, position, actor=actor, wanted=wanted, limit=limit)
        items: list[FeedEvent] = []
        for event in self._events[position - self._before :]:
            if wanted.takes(event) and self._visible(actor, event):
                items.append(event)
                if len(items) == limit:
                    return Slice(items, event.position, self._oldest, self._latest)
        return Slice(items, self._latest, self._oldest, self._latest)

    async def wait(self, position: int, seconds: float) -> None:
        """Wait until there is something behind `position`, for at most `seconds`; not at all once the process ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._latest <= position and not self.stopping.is_set():
                    await self._moved.wait()

    def _visible(self, actor: Actor, event: FeedEvent) -> bool:
        if event.type in hidden_from(actor):
            return False
        whose = WHOSE.get(event.aggregate)
        if whose is None or whose.kind is None:
            return sees_others(actor) or (whose is not None and whose.audience == "everybody")
        kind = KINDS[whose.kind]
        if reach(kind, actor).everything:
            return True
        record = None if event.belongs_to is None else self._records.get(event.belongs_to)
        if record is None:
            return False
        team = self._roster[actor.id].team_id if actor.id in self._roster else None
        return may_see(actor, kind, record.held, team, self._parts[actor.id], record.by)

    # -- Following the head ----------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        async def end() -> None:
            await self.stopping.wait()
            self._wake()

        outage = Outage("feed tail", service=self._service)
        async with asyncio.TaskGroup() as group:
            group.create_task(end())
            group.create_task(every(LOOK_SECONDS, self._look, self.stopping, outage))

    async def _look(self) -> None:
        while await self._read_on() == KEPT:
            pass

    async def _read_on(self) -> int:
        async with self._db.read() as db:
            start = (await queries.head(db)).latest if self._before == -1 else self._latest
            rows = await db.records(_behind(), after=start, limit=KEPT)
            new = [FeedEvent._make(row[name] for name in FeedEvent._fields) for row in rows if row["position"] is not None]
            if rows and rows[0]["roster"] != self._roster_state:
                await self._read_roster(db, rows[0]["roster"])
                await self._read_records(db, self._records)
            await self._read_changes(db, new)
        found = queries.Head(rows[0]["oldest"], rows[0]["latest"]) if rows else queries.Head(0, 0)
        if found.latest < start:  # set back, as by a restore: no reader may continue as if nothing had happened
            self._forget()
            self._wake()
            return 0
        if self._before == -1:
            self._before = self._latest = start
            self._wake()
        self._oldest = found.oldest
        return self._take(new)

    def _take(self, new: Sequence[FeedEvent]) -> int:
        for event in new:
            if event.may_move_others:
                self._events, self._before = [], event.position - 1
            self._events.append(event)
        if new:
            self._latest = self._events[-1].position
            self._let_go()
            self._wake()
        return len(new)

    def _let_go(self) -> None:
        if len(self._events) > 2 * KEPT:
            self._events = self._events[-KEPT:]
            self._before = self._events[0].position - 1
            kept = {e.belongs_to for e in self._events}
            self._records = {id: shown for id, shown in self._records.items() if id in kept}

    async def _read_roster(self, db: Reader, state: int) -> None:
        rows, self._roster_state = await db.rows(_ROSTER), state
        self._roster = {row[0]: _Person(row[1], row[2]) for row in rows}

    async def _read_changes(self, db: Reader, new: Sequence[FeedEvent]) -> None:
        """What these events may have changed: the records that they belong to, what goes with these, and who has a part in them."""
        await self._read_records(db, {e.belongs_to for e in new if e.belongs_to is not None})
        if self._parts and any(_may_give_a_part(e) for e in new):
            self._parts |= await queries.parts(db, self._parts)

    async def _read_records(self, db: Reader, ids: Collection[UUID]) -> None:
        found = await queries.records(db, ids)
        others = {id for r in found for id in (r.account_id, r.deal_id) if id in self._records} - set(ids)
        found += await queries.records(db, others)
        accounts = [r.id for r in found if r.kind == ACCOUNTS.name]
        by: dict[UUID, list[tuple[Kind, Held]]] = {}
        for r in await queries.records_of_accounts(db, accounts):
            if r.account_id is not None and r.kind is not None:
                by.setdefault(r.account_id, []).append((KINDS[r.kind], self._held(r)))
        self._records |= {r.id: _Shown(self._held(r), by.get(r.id, ())) for r in found}

    def _held(self, record: Record) -> Held:
        owner = self._roster.get(record.owner_id) if record.owner_id else None
        kind = KINDS[record.kind] if record.kind else ACCOUNTS
        return held(record, kind, owner.team_path if owner else ())

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


def _may_give_a_part(event: FeedEvent) -> bool:
    """Whether it tells who has a part in a record: accounts tell their owners, others their members and creators."""
    if event.aggregate == ACCOUNTS.name:
        return True
    return parts_told(event.type, event.subject, orjson.loads(event.event)["data"]) is not None


@lru_cache(maxsize=1)
def _behind() -> Query[int]:
    """What is behind a position; one row of nulls when there is nothing.

    Versions only grow, and so does their sum with each change of the roster.
    """
    state = select(cast(func.coalesce(func.sum(ROSTER.c.version), 0), BigInteger)).scalar_subquery().label("roster")
    rows = select(*[FEED.c[name] for name in FeedEvent._fields]).where(FEED.c.position > bindparam("after", type_=BigInteger))
    found = rows.order_by(FEED.c.position).limit(bindparam("limit", type_=BigInteger)).subquery()
    bounds = select(HEAD.c.oldest, HEAD.c.latest, state, *found.c)
    return Query(bounds.select_from(HEAD.outerjoin(found, true())).order_by(found.c.position), int)
