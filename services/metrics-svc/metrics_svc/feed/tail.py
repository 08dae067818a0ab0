"""The end of the feed in memory: one look at the database per process, however many readers there are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from prometheus_client import Gauge
from sqlalchemy import BigInteger, bindparam, cast, func, select, true

from metrics_svc.feed import queries
from metrics_svc.feed.places import Places
from metrics_svc.feed.queries import Slice
from metrics_svc.feed.rules import SHOWN, FeedEvent, Wanted, sees_others
from metrics_svc.feed.tables import FEED, HEAD, OWNER
from metrics_svc.settings import MetricsSettings
from shared.auth import Actor
from shared.db import scope
from shared.db.query import Query
from shared.db.tables import ROSTER
from shared.db.tx import Database, Reader
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


class Tail:
    """The latest events, with the owners as they are now. It follows the head only while it has readers."""

    def __init__(self, db: Database, settings: MetricsSettings, stopping: asyncio.Event, *, service: str) -> None:
        self.places = Places(settings.streams_max, settings.streams_max_each)
        self.stopping = stopping
        self._db, self._service = db, service
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._following: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._forget()

    def _forget(self) -> None:
        self._events: list[FeedEvent] = []
        self._before = self._latest = self._oldest = -1
        self._owners: dict[UUID, UUID | None] = {}
        self._roster: dict[UUID, _Person] = {}
        self._teams: dict[UUID, UUID | None] = {}
        self._roster_state = -1

    # -- Readers -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def reader(self, actor: Actor) -> AsyncIterator[None]:
        """One more reader, while the block runs. `TooManyStreams`, `Unavailable`."""
        with self.places.taken(actor.id):
            READERS.labels(self._service).inc()
            if self._following is None:
                self._following = asyncio.create_task(self._follow(), name="feed tail")
            try:
                yield
            finally:
                READERS.labels(self._service).dec()
                if self.places.used == 1:  # only ours
                    self._following.cancel()
                    self._following = None
                    self._forget()

    async def read(self, position: int, actor: Actor, wanted: Wanted, limit: int) -> Slice:
        """`queries.after`, from memory where that reaches back far enough. Raises `Gone`, and what a lost database raises."""
        if self._before == -1 or not self._before <= position <= self._latest:
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
        if not sees_others(actor) and event.aggregate not in SHOWN:
            return False
        if event.belongs_to is None or scope.reach(actor).everything:
            return True
        if event.belongs_to not in self._owners:
            return False
        owner = self._owners[event.belongs_to]
        path = self._roster[owner].team_path if owner in self._roster else ()
        return scope.may_see(actor, owner, path, self._teams)

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
            if rows and rows[0]["roster"] != self._roster_state:
                await self._read_roster(db, rows[0]["roster"])
        found = queries.Head(rows[0]["oldest"], rows[0]["latest"]) if rows else queries.Head(0, 0)
        if found.latest < start:  # set back, as by a restore: no reader may continue as if nothing had happened
            self._forget()
            self._wake()
            return 0
        if self._before == -1:
            self._before = self._latest = start
            self._wake()
        self._oldest = found.oldest
        return self._take([row for row in rows if row["position"] is not None])

    def _take(self, rows: Sequence[Any]) -> int:
        for row in rows:
            event = FeedEvent._make(row[name] for name in FeedEvent._fields)
            if event.may_move_others:
                self._events, self._before = [], event.position - 1
            self._events.append(event)
            if row["known"] is not None:
                self._owners[row["known"]] = row["owner_id"]
        if rows:
            self._latest = self._events[-1].position
            self._let_go()
            self._wake()
        return len(rows)

    def _let_go(self) -> None:
        if len(self._events) > 2 * KEPT:
            self._events = self._events[-KEPT:]
            self._before = self._events[0].position - 1
            kept = {e.belongs_to for e in self._events}
            self._owners = {id: owner for id, owner in self._owners.items() if id in kept}

    async def _read_roster(self, db: Reader, state: int) -> None:
        rows, self._roster_state = await db.rows(_ROSTER), state
        self._roster = {row[0]: _Person(row[1], row[2]) for row in rows}
        self._teams = {id: person.team_id for id, person in self._roster.items()}

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


@lru_cache(maxsize=1)
def _behind() -> Query[int]:
    """What is behind a position, with its owner; one row of nulls when there is nothing.

    Versions only grow, and so does their sum with each change of the roster.
    """
    state = select(cast(func.coalesce(func.sum(ROSTER.c.version), 0), BigInteger)).scalar_subquery().label("roster")
    owner = [OWNER.c.id.label("known"), OWNER.c.owner_id]
    rows = select(*[FEED.c[name] for name in FeedEvent._fields], *owner).select_from(queries.OWNED)
    rows = rows.where(FEED.c.position > bindparam("after", type_=BigInteger))
    found = rows.order_by(FEED.c.position).limit(bindparam("limit", type_=BigInteger)).subquery()
    bounds = select(HEAD.c.oldest, HEAD.c.latest, state, *found.c)
    return Query(bounds.select_from(HEAD.outerjoin(found, true())).order_by(found.c.position), int)
