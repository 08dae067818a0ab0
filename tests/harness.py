"""For tests: a throw-away Postgres per session, databases in it by the dozen, and a service running on one."""

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from fastapi import FastAPI
from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from clinch.run.postgres import Postgres
from shared import timers
from shared.access.kinds import KINDS
from shared.auth import SYSTEM, Actor, Role, person_id
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Tx
from shared.events.envelope import Envelope, Event, decode, headers, topic
from shared.ids import new_id
from shared.log.bus import Delivered
from shared.log.reactions import give
from shared.process.service import Service
from shared.process.settings import Settings

_PREFIX = "clinch-session-"
_UNSAFE_BUT_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
}


def _root() -> Path:
    """Where test servers live: in memory where there is plenty of it, else among the other temporary files."""
    memory = Path("/dev/shm")
    plenty = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4_000_000_000
    return memory if plenty else Path(tempfile.gettempdir())


_ROOT = _root()


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server in a folder of its own that goes away afterwards: one per pytest session, so one per xdist worker. Takes 0.7 s."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_ROOT))
    postgres = _throw_away(folder)
    with (folder / "newborn").open("w") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        (folder / "newborn").rename(folder / "alive")  # locked before anybody can find it
        try:
            postgres.create(durable=False)
            server = postgres.start()
            try:
                postgres.wait_ready(server)
                yield postgres
            finally:
                server.send_signal(signal.SIGQUIT)  # nothing of it is kept, so no checkpoint
                postgres.stop(server)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _throw_away(folder: Path) -> Postgres:
    return Postgres(folder / "postgres", folder / "postgres.log", _UNSAFE_BUT_FAST)


def _sweep() -> None:
    """Stop and remove what sessions that were killed left behind; a living one holds the lock on its `alive`."""
    for alive in _ROOT.glob(f"{_PREFIX}*/alive"):
        try:
            with alive.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _throw_away(alive.parent).stop_leftover()
                shutil.rmtree(alive.parent, ignore_errors=True)
        except OSError:
            continue


async def fresh_database(server: Postgres, template: str | None = None) -> str:
    """The URL of a new database (15 ms). `template` is the URL of one that was prepared before, and that nobody is connected to."""
    name = f"test_{uuid4().hex[:12]}"
    source = "template0" if template is None else template.partition("?")[0].rpartition("/")[2]
    admin = await asyncpg.connect(server.url("postgres"))
    try:
        # Copying files takes a third of what writing them to the log does, and so does dropping them: nothing of them is in memory.
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
    finally:
        await admin.close()
    return server.url(name)


async def drop_database(server: Postgres, url: str) -> None:
    """Remove a database that a test is done with, whoever is still connected."""
    admin = await asyncpg.connect(server.url("postgres"))
    try:
        await admin.execute(f'DROP DATABASE "{url.partition("?")[0].rpartition("/")[2]}" WITH (FORCE)')
    finally:
        await admin.close()


# -- A service in a test ---------------------------------------------------------------------------------------------------


class SteppedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


EVERY_SCOPE = [f"{name}:{what}" for kind in KINDS.values() for name in kind.scopes for what in ("read", "write")]


class _RoleTokens:
    """Stands in for the verifier: the token `rep:ann` is the rep whose subject is `ann`, `legal+finance:pat` has two roles.

    `service` has every scope, `service=leads.read+deals.write` those two.

    Real tokens are tested in test_auth.py.
    """

    async def actor(self, token: str) -> Actor:
        role, _, subject = token.partition(":")
        role, _, given = role.partition("=")
        scopes = given.replace(".", ":").split("+") if given else EVERY_SCOPE
        return Actor.of(person_id(subject or role), {Role(name) for name in role.split("+")}, scopes)

    async def aclose(self) -> None:
        pass


@dataclass
class Running:
    """One service on a database of its own, called in process."""

    service: Service
    app: FastAPI
    db: Database
    settings: Settings
    clock: SteppedClock

    def client(self, role: str = "admin", subject: str = "") -> httpx.AsyncClient:
        """A client whose requests come from this role; `subject` is the person's external key, the role's name by default."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url="http://clinch.test",
            headers={"Authorization": f"Bearer {role}:{subject}"},
        )

    @staticmethod
    def person(role: str = "admin", subject: str = "") -> UUID:
        return person_id(subject or role)

    async def told(self, *types: type[Event], subject: UUID | None = None) -> list[Envelope[Event]]:
        """The events that the service wrote, oldest first."""
        async with self.db.connection() as conn:
            rows = await conn.fetch("SELECT * FROM event ORDER BY recorded_at, id")
        found = []
        for row in rows:
            made = headers(
                id=row["id"],
                type=row["type"],
                subject=row["subject"],
                version=row["version"],
                time=row["time"],
                traceparent=row["traceparent"],
            )
            event = decode(made, row["data"])
            assert event is not None
            if (not types or isinstance(event.data, types)) and subject in (None, event.subject):
                found.append(event)
        return found

    async def hear(self, event: Event, subject: UUID, version: int = 1, at: datetime | None = None) -> None:
        """Hand an event of another service to this one's readers, as its worker would, in one transaction each."""
        told = Envelope(new_id(), event.type, subject, version, at or self.clock(), event)
        for reader in self.service.heard:
            async with self.transaction() as tx:
                await give(reader.handle, tx, [told], [as_delivered(told)])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with self.db.begin(Context(self.service.name, SYSTEM, self.clock(), "test")) as tx:
            yield tx

    async def fire_due(self) -> int:
        """Fire every timer that is due by the clock."""
        return await timers.fire_due(self.db, self.service.handlers, self.clock, service=self.service.name)


def as_delivered(e: Envelope[Event], offset: int = 0) -> Delivered:
    """The message that the log would give for this event."""
    made = headers(id=e.id, type=e.type, subject=e.subject, version=e.version, time=e.time, traceparent=e.traceparent)
    return Delivered(topic(e.data.aggregate), 0, offset, str(e.subject), e.data.model_dump_json().encode(), made)


async def create_tables(url: str, metadata: MetaData) -> None:
    """The tables as the code has them, without migrations (those are compared with the code by a test of their own)."""
    dialect = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]
    conn = await asyncpg.connect(url)
    try:
        for table in metadata.sorted_tables:
            await conn.execute(str(CreateTable(table).compile(dialect=dialect)))
            for index in sorted(table.indexes, key=lambda i: str(i.name)):
                await conn.execute(str(CreateIndex(index).compile(dialect=dialect)))
    finally:
        await conn.close()


_templates: dict[tuple[int, str], str] = {}


@asynccontextmanager
async def running(service: Service, server: Postgres, **changed: Any) -> AsyncIterator[Running]:
    """The service on a fresh database (50 ms); `changed` are settings."""
    key = (id(server), service.name)
    if key not in _templates:
        _templates[key] = await fresh_database(server)
        await create_tables(_templates[key], service.metadata)
    url = await fresh_database(server, _templates[key])
    settings = service.settings(
        **{
            "env": "test",
            "database_url": url,
            "bus_url": url,
            "issuer": "http://issuer.test",
            "fx_rates": {"USD": "7", "EUR": "8"},
            "log_level": "error",
        }
        | changed
    )
    async with running_on(service, settings, SteppedClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))) as its:
        yield its
    await drop_database(server, url)


@asynccontextmanager
async def running_on(service: Service, settings: Settings, clock: SteppedClock) -> AsyncIterator[Running]:
    """The service on the database that the settings name, which has its tables."""
    app = service.app(settings, clock)
    async with app.router.lifespan_context(app):
        app.state.verifier = _RoleTokens()
        yield Running(service, app, app.state.db, settings, clock)
