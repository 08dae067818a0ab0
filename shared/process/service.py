"""A service: its name, what it owns, and how its processes run.

Each `service.py` under services/ is one of these and nothing else.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import MetaData
from starlette.responses import JSONResponse
from starlette.routing import Route

from shared import company
from shared import migrations as schema
from shared import timers as timer
from shared.attachments.bucket import Bucket
from shared.auth import SYSTEM, Verifier
from shared.auth.leavers import Leavers
from shared.clock import Clock, utcnow
from shared.db.context import Context
from shared.db.database import Database
from shared.db.tx import Consequence, Follows
from shared.events.envelope import EVERY_SERVICE, REGISTRY, Event, topic
from shared.http import idempotency, openapi, problem
from shared.http.access_log import AccessLog
from shared.http.access_log_api import access_log_router
from shared.http.compression import Compression
from shared.http.cors import Cors
from shared.http.edge import ClinchRoute
from shared.http.hidden import App
from shared.http.open import posted_to
from shared.http.operations import operations_router
from shared.http.rate import Limiter
from shared.http.routes import Routes
from shared.log import split
from shared.log.bus import open_bus
from shared.log.readers import Reader, checked
from shared.policy import reactions as policy_copies
from shared.policy import simulation_api as policies
from shared.policy import store as policy_store
from shared.policy.document import Policy
from shared.policy.jobs import policy_jobs
from shared.policy.parts import Linked, Requests, Served
from shared.policy.timers import policy_timers
from shared.process.settings import Settings
from shared.process.telemetry import Telemetry
from shared.rezone import Follow
from shared.verify import Check, Recount, Total

log = structlog.get_logger()

PROBE_SECONDS = 4.0
"""For the database to answer a probe: a server that hangs takes a question and never answers."""

Job = Callable[[Database, Any, Clock, asyncio.Event], Coroutine[Any, Any, None]]
"""Background work of a service besides relay, consumers and timers, for example its import runner; returns when told to stop.

It is given settings of the class that the service names.
"""


@dataclass(frozen=True)
class Service:
    """`prefixes` are the paths it owns behind the gateway; `readers` are what it hears, one for each feature.

    `policies` are the documents that it owns; each service hears of the others'. `follows` is what tasks and deadlines do when it tells
    of something.

    `streamed` are the paths whose bodies may be of any length; `checks` are what `clinch verify` asks of its data, `recounts` what it
    calculates again, and `totals` what it compares with other services'; `rezone` is what `clinch rezone` does to it; `takes_turns` says
    that many of its requests wait for the same turn, which is then given on before the disk has a commit (`Database`); `settings` is
    the class of its settings, which its app and jobs must be given.
    """

    name: str
    prefixes: Sequence[str]
    metadata: MetaData
    migrations: Path
    routers: Sequence[APIRouter] = ()
    policies: Sequence[Policy[Any]] = ()
    readers: Sequence[Reader] = ()
    timers: Mapping[str, timer.Handler] = field(default_factory=dict)
    follows: Sequence[Follows] = ()
    jobs: Sequence[Job] = ()
    streamed: tuple[str, ...] = ()
    checks: Sequence[Check] = ()
    recounts: Sequence[Recount] = ()
    totals: Sequence[Total] = ()
    rezone: Follow | None = None
    takes_turns: bool = False
    settings: type[Settings] = Settings
    description: str = ""

    @property
    def paths(self) -> list[str]:
        """All path prefixes that lead to this service: those it owns, its policies, and its operations."""
        return [*self.prefixes, *[f"/v1/policies/{policy.name}" for policy in self.policies], f"/v1/operations/{self.name}"]

    @property
    def handlers(self) -> Mapping[str, timer.Handler]:
        """What its timers do, by their kind."""
        return {**self.timers, **policy_timers(self.policies)}

    @property
    def following(self) -> Follows:
        """What follows from an event of its own in the transaction that tells it."""
        found: dict[type[Event], list[Consequence]] = {}
        for each in self.follows:
            for event, follow in each.items():
                found.setdefault(event, []).extend(follow)
        return found

    @property
    def work(self) -> Sequence[Job]:
        """Its jobs, with those of its policies."""
        return [*self.jobs, *policy_jobs(self.policies)]

    @property
    def heard(self) -> Sequence[Reader]:
        """Its readers, with the one that keeps copies of the others' policies."""
        listed = [policy_copies.READER, *self.readers] if self.policies else self.readers
        return checked([reader.of(self.name) for reader in listed])

    @property
    def topics(self) -> list[str]:
        """The topics that this service publishes to."""
        return sorted({topic(e.aggregate) for e in REGISTRY.values() if e.publisher in (self.name, EVERY_SERVICE)})

    @property
    def topics_needed(self) -> list[str]:
        """The topics that this service publishes to or reads."""
        return sorted({*self.topics, *(name for reader in self.heard for name in reader.topics)})

    # -- API -----------------------------------------------------------------------------------------------------------

    def app(self, settings: Settings, clock: Clock = utcnow, stop: asyncio.Event | None = None, issuer_clock: Clock = utcnow) -> FastAPI:
        """The HTTP API. Its lifespan opens the pool; it neither migrates nor runs background work.

        `stop`: set when it shall end. `issuer_clock`: by which access tokens are given out.
        """
        if not isinstance(settings, self.settings):
            raise TypeError(f"{self.name} needs {self.settings.__name__}, not {type(settings).__name__}")
        db = Database(settings, self.name, follows=self.following, early=self.takes_turns)
        verifier = Verifier(
            settings.issuer,
            settings.audience,
            jwks_url=settings.jwks_url,
            roles_claim=settings.roles_claim,
            now=lambda: issuer_clock().timestamp(),
        )

        leavers = Leavers(db)
        accesses = AccessLog(db, self.name)
        limiter = Limiter(db, lambda: self.served(db).requests, self.name)
        link_limiter = Limiter(db, lambda: self.link_requests(db), self.name)
        bucket = Bucket.of(settings, clock)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            await db.start()
            accesses.start()
            try:
                yield
            finally:
                app.state.stopping.set()
                await accesses.aclose()
                await leavers.aclose()
                await limiter.aclose()
                await link_limiter.aclose()
                await verifier.aclose()
                if bucket is not None:
                    await bucket.aclose()
                await db.stop()

        app = App(
            title=f"Clinch {self.name}",
            version="1",
            description=self.description,
            lifespan=lifespan,
            redoc_url=None,
            # An address has one form. A redirect would lead to the Host header's, by the scheme that this process is spoken to in.
            redirect_slashes=False,
            # One span for each request. Figures and logs are ours: FastAPI's would quote the values that they complain about.
            telemetry={"operation_spans": False, "metrics": False, "logs": False},
        )
        app.state.service = self.name
        idempotency.REPLAYS.labels(self.name)  # there from the beginning, so that the first one is an increase
        app.state.settings = settings
        app.state.db = db
        app.state.verifier = verifier
        app.state.leavers = leavers
        app.state.limiter = limiter
        app.state.link_limiter = link_limiter
        app.state.access_log = accesses
        app.state.bucket = bucket
        app.state.clock = clock
        app.state.policies = {policy.name: policy for policy in self.policies}
        app.state.stopping = stop or asyncio.Event()
        app.state.obstacle = self._obstacle_of(app)
        problem.install(app)
        openapi.install(app)
        app.router.routes.insert(0, Routes(self._routes))
        app.router.routes += [
            Route("/livez", _alive),
            Route("/startupz", _ready),
            Route("/readyz", _ready),
        ]
        app.add_middleware(Compression)
        if settings.cors_origins:
            app.add_middleware(Cors, origins=settings.cors_origins, own=posted_to(self._routes))
        app.add_middleware(Telemetry, service=self.name, streamed=self.streamed)
        return app

    @cached_property
    def _routes(self) -> Sequence[ClinchRoute]:
        """Those of its features and those that every service has: the same ones for all its apps, since to make them takes a while."""
        audit = access_log_router(self.name)
        operations = operations_router(self.name, {reader.name: reader for reader in self.heard})
        own = [policies.router] if self.policies else []
        every = [route for router in [*self.routers, *own, operations, audit] for route in router.routes]
        found = [route for route in every if isinstance(route, ClinchRoute)]
        if len(found) < len(every):
            raise TypeError(f"{self.name}: make the router with APIRouter(route_class=ClinchRoute)")
        return found

    def served(self, db: Database) -> Served:
        """What the service's document of policy says now of how it is used."""
        documents = (db.policies.active.get(policy) for policy in self.policies)
        return next((document for document in documents if isinstance(document, Served)), Served())

    def link_requests(self, db: Database) -> Requests:
        """How many requests without a token one address may send."""
        served = self.served(db)
        return served.link_requests if isinstance(served, Linked) else Linked().link_requests

    def _obstacle_of(self, app: FastAPI) -> Callable[[], Awaitable[str | None]]:
        """Ready to serve: database there, schema at head, not draining.

        A Kafka that is down does not count: the outbox absorbs it.
        """

        async def obstacle() -> str | None:
            return "draining" if app.state.stopping.is_set() else await self.obstacle(app.state.db)

        return obstacle

    async def obstacle(self, db: Database) -> str | None:
        """What keeps this service from working, in the words of the probe; None when it is ready."""
        asked = asyncio.create_task(_revision(db))
        asked.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # also when nobody waits for it any more
        # Not by a timeout around it: giving a connection back to the pool waits for the server as well.
        await asyncio.wait({asked}, timeout=PROBE_SECONDS)
        if error := asked.exception() if asked.done() else TimeoutError():
            asked.cancel()
            log.warning("not_ready", error=type(error).__name__)
            return "database not available"
        return "schema is not at head; run migrate" if schema.behind(self.migrations, asked.result()) else None

    # -- Log -----------------------------------------------------------------------------------------------------------

    async def make_topics(self, settings: Settings) -> None:
        """Create those of its topics that are missing, as its worker also does. Raises what the bus raises."""
        bus = open_bus(settings.bus_url, client=self.name)
        await bus.start()
        try:
            await bus.ensure_topics(self.topics_needed, settings.topic_partitions)
        finally:
            await bus.stop()

    # -- Schema --------------------------------------------------------------------------------------------------------

    async def migrate(self, settings: Settings) -> None:
        """Bring the database to the newest revision, with a first version of its policies; what was split goes to its parts.

        Raises OtherCompany before anything changes.
        """
        its = await company.settle(settings)
        await schema.upgrade(self.migrations, self.metadata, its.database_url, (its.time_zone, its.reporting_currency))
        db = Database(its, least=0)
        await db.start()
        try:
            await policy_store.begin(db, self.policies, Context(self.name, SYSTEM, utcnow(), "migrate"))
            await split.settle(db, self.heard)
        finally:
            await db.stop()


async def _revision(db: Database) -> str | None:
    async with db.read() as reader:
        at: str | None = await reader.value(schema.REVISION)
        return at


async def _alive(_: Any) -> JSONResponse:
    return JSONResponse({"status": "alive"})


async def _ready(request: Request) -> JSONResponse:
    obstacle = await request.app.state.obstacle()
    return JSONResponse({"status": obstacle or "ready"}, 503 if obstacle else 200)
