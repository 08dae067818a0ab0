"""The background work of one service in one process: relay, consumers, timers and jobs."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from shared import timers
from shared.clock import Clock, kept_since, utcnow
from shared.db.database import Database
from shared.http import access_log, rate
from shared.http.idempotency import FORGET_OLD
from shared.imports.job import forget_uploads
from shared.log import replicas, split
from shared.log.bus import Bus, open_bus
from shared.log.consumer import Consumer
from shared.log.relay import relay, sample
from shared.process.admin import Obstacle
from shared.process.outage import Outage, every, pause
from shared.process.service import Service
from shared.process.settings import Settings

log = structlog.get_logger()

Work = Coroutine[Any, Any, None]

NOT_AT_WORK = "not at work"
WAITING = "the log does not answer, so nobody knows whether the topics are there"
HOUSEKEEPING_SECONDS = 3600.0


class Worker:
    """Several workers of a service share its partitions, timers and jobs, and one of them at a time relays."""

    def __init__(self, service: Service, settings: Settings, clock: Clock = utcnow) -> None:
        self._service, self._settings, self._clock = service, settings, clock
        self._consumers: list[Consumer] = []
        self._held_up: str | None = NOT_AT_WORK

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. What fails for good ends all of it; it may be run again."""
        db = Database(self._settings, self._service.name, follows=self._service.following, early=self._service.takes_turns)
        bus = open_bus(self._settings.bus_url, client=self._service.name)
        await db.start()
        await bus.start()
        try:
            await _together([self._on_the_log(db, bus, stop), *self._without_the_log(db, stop)])
        finally:
            self._held_up = NOT_AT_WORK
            await bus.stop()
            await db.stop()

    @asynccontextmanager
    async def probe(self, stop: asyncio.Event) -> AsyncIterator[Obstacle]:
        """What keeps it from working, on other connections: a probe must not wait behind the work.

        A worker that cannot read the log does not do its work, unlike an API, which writes to the outbox all the same. Nobody sends
        it requests: not being ready only holds up a rollout, and shows.
        """
        db = Database(self._settings.model_copy(update={"pool_size": 2}), least=0)

        async def obstacle() -> str | None:
            if stop.is_set():
                return "draining"
            found = [await self._service.obstacle(db), self._held_up, *(consumer.obstacle for consumer in self._consumers)]
            return "; ".join(filter(None, found)) or None

        await db.start()
        try:
            yield obstacle
        finally:
            await db.stop()

    async def _topics_exist(self, db: Database, bus: Bus, stop: asyncio.Event) -> None:
        self._consumers, self._held_up = [], WAITING
        while not stop.is_set():
            try:
                await bus.ensure_topics(self._service.topics_needed, self._settings.topic_partitions)
                await split.settle(db, self._service.heard)  # also where nobody has migrated yet: a part must not begin anew
            except Exception as error:
                log.warning("bus_not_ready", service=self._service.name, error=str(error))
                await pause(1, stop)
            else:
                self._held_up = None
                return

    async def _on_the_log(self, db: Database, bus: Bus, stop: asyncio.Event) -> None:
        """Relay and consumers, and a look at the topics themselves, once these are there."""
        await self._topics_exist(db, bus, stop)
        name = self._service.name
        self._consumers = [
            Consumer(one.name, db, bus, one.topics, one.handle, service=name, clock=self._clock, former=one.split_from)
            for one in self._service.heard
        ]
        publishing = relay(db, bus, stop, service=name, public_url=self._settings.public_url, partitions=self._settings.topic_partitions)
        watching = replicas.sample(bus, self._service.topics_needed, stop, service=name)
        await _together([publishing, watching, *(consumer.run(stop) for consumer in self._consumers)])

    def _without_the_log(self, db: Database, stop: asyncio.Event) -> list[Work]:
        """What continues while the log is away, also when the worker starts then."""
        service, clock, name = self._service, self._clock, self._service.name
        tasks: list[Work] = [
            sample(db, stop, service=name),
            _keep_house(db, clock, stop, service),
            *(job(db, self._settings, clock, stop) for job in service.work),
        ]
        if handlers := service.handlers:
            tasks += [timers.run(db, handlers, stop, clock, service=name), timers.sample(db, clock, stop, service=name)]
        return tasks


async def _together(tasks: Sequence[Work]) -> None:
    """Until all have ended; the first that fails ends the others."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)


async def _keep_house(db: Database, clock: Clock, stop: asyncio.Event, service: Service) -> None:
    """Answers to idempotency keys go after 24 hours, uploads that were cut off after a day, the access log as policy says."""

    async def sweep() -> None:
        async with db.connection() as conn:
            await conn.execute(FORGET_OLD)
            await conn.execute(rate.FORGET_OLD)
            await forget_uploads(conn, kept_since(clock, days=1))
        async with db.read():  # reads the policy again
            days = service.served(db).access_log_days
        await access_log.forget_old(db, days)

    await every(HOUSEKEEPING_SECONDS, sweep, stop, Outage("housekeeping", service=service.name))
