"""The connections of one process to its service's database, and the figures about them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any
from weakref import WeakSet

import asyncpg
import orjson
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.errors import Unavailable
from shared.process.outage import OUTAGE
from shared.process.settings import Settings


class Pool:
    """`service` names its figures; without one it has none, as that of a probe or of a command on the terminal.

    `least` connections are opened at the start, which fails when Postgres is away, and are kept.
    """

    def __init__(self, settings: Settings, service: str | None = None, *, least: int = 1) -> None:
        self.settings = settings
        self._pool: Any = None
        self.service = service
        self._least = least
        # Plain numbers, read when somebody asks: prometheus-client's own take a lock for each change, several times per request.
        self.waiting = 0
        self.waited = 0.0
        self.busy = 0
        self.away = 0
        if service is not None:
            FIGURES.pools.add(self)

    async def start(self) -> None:
        async def cheap_reset(conn: Any) -> None:
            """Nothing here sets session state; asyncpg's own reset costs a round trip for every release."""

        self._pool = await asyncpg.create_pool(
            self.settings.database_url,
            min_size=self._least,
            max_size=self.settings.pool_size,
            init=_set_codecs,
            reset=cheap_reset,
            command_timeout=60,
            server_settings={
                "jit": "off",
                "timezone": "UTC",
                "application_name": "clinch",
                "idle_in_transaction_session_timeout": "30s",  # a process that is frozen must not keep its locks for ever
            },
        )

    async def stop(self) -> None:
        FIGURES.pools.discard(self)
        if self._pool is not None:
            try:
                async with asyncio.timeout(5):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    @property
    def most(self) -> int:
        """Connections that it opens at most."""
        return self.settings.pool_size

    @property
    def open(self) -> int:
        return int(self._pool.get_size()) if self._pool else 0

    @property
    def in_use(self) -> int:
        return int(self._pool.get_size() - self._pool.get_idle_size()) if self._pool else 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection from the pool; `Unavailable` when none comes free in time or Postgres is away."""
        started = perf_counter()
        self.waiting += 1
        try:
            async with asyncio.timeout(self.settings.pool_wait_seconds):  # asyncpg's own costs a task on Python 3.11
                conn = await self._pool.acquire()
        except OUTAGE as error:
            # When not all are open, it is a new one that does not come: then Postgres is silent, not busy.
            if isinstance(error, TimeoutError) and self.open == self.most:
                self.busy += 1
            else:
                self.away += 1
            raise Unavailable("The database is busy or restarting; repeat the request.") from None
        finally:
            self.waiting -= 1
            self.waited += perf_counter() - started
        try:
            yield conn
        finally:
            await self._pool.release(conn)


class _Figures(Collector):
    """The pools of this process that have a service, added up for each."""

    def __init__(self) -> None:
        self.pools: WeakSet[Pool] = WeakSet()

    def collect(self) -> Iterable[Metric]:
        most = GaugeMetricFamily("clinch_database_connections_max", "Connections the process may open.", labels=["service"])
        found = GaugeMetricFamily("clinch_database_connections", "Open connections, in use or idle.", labels=["service", "state"])
        waiting = GaugeMetricFamily("clinch_database_waiting", "Who waits for a connection now.", labels=["service"])
        waited = CounterMetricFamily("clinch_database_wait_seconds", "Time spent waiting for connections.", labels=["service"])
        refused = CounterMetricFamily(
            "clinch_database_refused",
            "Connections that were not given: none came free in time (busy), or Postgres did not answer (away).",
            labels=["service", "reason"],
        )
        by_service: dict[str, list[Pool]] = {}
        for pool in list(self.pools):
            by_service.setdefault(str(pool.service), []).append(pool)
        for service, pools in by_service.items():
            in_use = sum(p.in_use for p in pools)
            most.add_metric([service], sum(p.most for p in pools))
            found.add_metric([service, "in_use"], in_use)
            found.add_metric([service, "idle"], sum(p.open for p in pools) - in_use)
            waiting.add_metric([service], sum(p.waiting for p in pools))
            waited.add_metric([service], sum(p.waited for p in pools))
            refused.add_metric([service, "busy"], sum(p.busy for p in pools))
            refused.add_metric([service, "away"], sum(p.away for p in pools))
        return [most, found, waiting, waited, refused]


FIGURES = _Figures()
REGISTRY.register(FIGURES)


async def _set_codecs(conn: Any) -> None:
    await conn.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value, default=str),
        decoder=lambda raw: orjson.loads(raw[1:]),
    )
