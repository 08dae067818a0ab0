"""The figures of requests and of the pool: what they count, and that no caller can add a series."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from shared.db.database import Database
from shared.errors import Unavailable
from shared.process.settings import Settings
from shared.process.telemetry import Telemetry
from tests.harness import Running

REQUESTS = "http_server_request_duration_seconds"


def figure(name: str, **labels: object) -> float:
    return REGISTRY.get_sample_value(name, {key: str(value) for key, value in labels.items()}) or 0.0


def series_of(service: str) -> set[tuple[str, str, str]]:
    """Method, route and status of each series of requests to `service`."""
    found = set()
    for family in REGISTRY.collect():
        for sample in family.samples if family.name == REQUESTS else ():
            if sample.labels["service"] == service and sample.name.endswith("_count"):
                found.add((sample.labels["method"], sample.labels["route"], sample.labels["status"]))
    return found


async def test_a_request_counts_for_its_route_whatever_its_path(notes: Running) -> None:
    by_route = {"service": "note-svc", "method": "GET", "route": "/v1/notes/{note_id}", "status": 404}
    before = figure(f"{REQUESTS}_count", **by_route)
    async with notes.client() as client:
        for n in range(3):
            await client.get(f"/v1/notes/01890000-0000-7000-8000-00000000000{n}")
    assert figure(f"{REQUESTS}_count", **by_route) == before + 3
    assert figure(f"{REQUESTS}_bucket", **by_route, le="10.0") == before + 3


async def test_no_caller_can_add_a_series(notes: Running) -> None:
    async with notes.client() as client:
        await client.get("/v1/nothing/x1")
        await client.request("BREW", "/v1/nothing/x2")
        before = series_of("note-svc")
        assert {("GET", "none", "404"), ("other", "none", "404")} <= before
        for n in range(20):
            await client.get(f"/v1/nothing/{n}")
            await client.request(f"BREW{n}", f"/{n}")
    assert series_of("note-svc") == before


async def test_probes_are_no_requests(notes: Running) -> None:
    before = series_of("note-svc")
    async with notes.client() as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
    assert series_of("note-svc") == before
    assert not any(route in ("/livez", "/readyz") for _, route, _ in before)


async def test_a_stream_counts_until_it_begins() -> None:
    async def stream(_: Request) -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            for _ in range(3):
                await asyncio.sleep(0.2)
                yield "data: x\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def slow(_: Request) -> PlainTextResponse:
        await asyncio.sleep(0.6)
        return PlainTextResponse("x")

    app = Telemetry(Starlette(routes=[Route("/stream", stream), Route("/slow", slow)]), service="stream-svc")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://clinch.test") as client:
        assert (await client.get("/stream")).text.count("data") == 3
        await client.get("/slow")
    took = {route: figure(f"{REQUESTS}_sum", service="stream-svc", method="GET", route=route, status=200) for route in ("/stream", "/slow")}
    assert 0 < took["/stream"] < 0.5
    assert took["/slow"] >= 0.6


async def test_a_repeated_key_counts_as_a_replay(notes: Running) -> None:
    before = figure("clinch_idempotency_replays_total", service="note-svc")
    async with notes.client() as client:
        for _ in range(3):
            await client.post("/v1/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
        await client.post("/v1/notes", json={"text": "other"}, headers={"Idempotency-Key": "k"})  # refused, not replayed
    assert figure("clinch_idempotency_replays_total", service="note-svc") == before + 2


async def test_the_pool_tells_what_it_gives_and_what_it_refuses(notes: Running) -> None:
    db = Database(notes.settings.model_copy(update={"pool_size": 2, "pool_wait_seconds": 0.2}), "pool-svc")
    of = {"service": "pool-svc"}
    await db.start()
    try:
        async with db.connection(), db.connection():
            assert figure("clinch_database_connections", **of, state="in_use") == 2
            waiting = asyncio.create_task(db.connection().__aenter__())
            await asyncio.sleep(0.05)
            assert figure("clinch_database_waiting", **of) == 1
            with pytest.raises(Unavailable):
                await waiting
        assert figure("clinch_database_connections", **of, state="in_use") == 0
        assert figure("clinch_database_connections", **of, state="idle") == figure("clinch_database_connections_max", **of) == 2
        assert figure("clinch_database_waiting", **of) == 0
        assert figure("clinch_database_wait_seconds_total", **of) >= 0.2
        assert figure("clinch_database_refused_total", **of, reason="busy") == 1
        assert figure("clinch_database_refused_total", **of, reason="away") == 0
    finally:
        await db.stop()


async def test_a_postgres_that_is_silent_is_away_and_not_busy() -> None:
    """A host that takes the connection and never answers, as behind a cut network: no error comes, only the time passes."""
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(30), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    its = Settings(database_url=f"postgresql://x@127.0.0.1:{port}/x", bus_url="postgresql://", issuer="none", pool_wait_seconds=0.2)
    db = Database(its, "silent-svc", least=0)
    await db.start()
    try:
        with pytest.raises(Unavailable):
            async with db.connection():
                pass
        assert figure("clinch_database_refused_total", service="silent-svc", reason="away") == 1
        assert figure("clinch_database_refused_total", service="silent-svc", reason="busy") == 0
    finally:
        silent.close()
        await db.stop()
