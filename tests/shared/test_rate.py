"""How many requests a principal may send: over replicas, while the database is away, and what the answers say of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from clinch.run.postgres import Postgres
from shared.db.database import Database
from shared.errors import Unavailable
from shared.http.rate import PORTIONS, Limiter, TooMany
from shared.ids import new_id
from shared.policy.parts import Requests
from tests.harness import Running, running
from tests.shared.notes_service import service


@pytest.fixture
async def svc(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        yield started


def limiter(db: Any, limits: Requests, clock: Callable[[], float] = lambda: 0.0) -> Limiter:
    return Limiter(db, lambda: limits, "notes-svc", clock)


async def sent(limit: Limiter, who: UUID, times: int) -> int:
    """How many of so many requests were let in."""
    let_in = 0
    for _ in range(times):
        try:
            await limit.count(who)
        except TooMany:
            continue
        let_in += 1
    return let_in


async def test_replicas_together_stay_within_the_burst(svc: Running) -> None:
    limits = Requests(per_minute=1, burst=100)
    replicas = [limiter(svc.db, limits) for _ in range(4)]
    who, other = new_id(), new_id()
    found = await asyncio.gather(*(sent(one, who, 120) for one in replicas))  # each more than the burst, so that none keeps a rest
    assert sum(found) == 100
    assert await sent(replicas[0], other, 30) == 30, "each principal has their own"


async def test_many_at_once_are_let_in_as_long_as_there_is_something_left(svc: Running) -> None:
    limit, who = limiter(svc.db, Requests(per_minute=1, burst=10)), new_id()  # its portions are one each
    assert sum(await asyncio.gather(*(sent(limit, who, 1) for _ in range(10)))) == 10
    assert sum(await asyncio.gather(*(sent(limit, who, 1) for _ in range(10)))) == 0


async def test_what_is_used_comes_back_with_time(svc: Running) -> None:
    now = 0.0
    limit = limiter(svc.db, Requests(per_minute=6000, burst=20), lambda: now)
    who = new_id()
    assert await sent(limit, who, 1000) >= 20
    async with svc.db.connection() as conn:
        await conn.execute("UPDATE rate_limit SET at = at - interval '1 minute'")
    now = 60.0
    assert await sent(limit, who, 20) == 20


async def test_no_limit_is_asked_of_nobody(svc: Running) -> None:
    limit = limiter(svc.db, Requests(per_minute=0, burst=1))
    assert await limit.count(new_id()) == ()
    async with svc.db.read() as db:
        assert await db.value("SELECT count(*) FROM rate_limit") == 0


async def test_a_request_seldom_asks_the_database(svc: Running) -> None:
    asked = 0

    class Counting:
        @asynccontextmanager
        async def connection(self) -> AsyncIterator[Any]:
            nonlocal asked
            asked += 1
            async with svc.db.connection() as conn:
                yield conn

    limit = limiter(Counting(), Requests(per_minute=60, burst=2000))
    assert await sent(limit, new_id(), 1000) == 1000
    assert asked <= 2 * PORTIONS


async def test_nobody_is_refused_while_the_database_is_away() -> None:
    class Away(Database):
        def __init__(self) -> None:
            pass

        @asynccontextmanager
        async def connection(self) -> AsyncIterator[Any]:
            raise Unavailable("away")
            yield

    now = 0.0
    limit = limiter(Away(), Requests(per_minute=60, burst=100), lambda: now)
    who = new_id()
    for _ in range(20):
        assert await sent(limit, who, 5) == 5
        now += 2.0


async def test_answers_tell_how_many_are_left_and_too_many_are_refused(svc: Running) -> None:
    limits = Requests(per_minute=60, burst=3)
    svc.app.state.limiter._limits = lambda: limits
    note = {"text": "x"}
    async with svc.client("rep", "ann") as client:
        made = await client.post("/v1/notes", json=note)
        assert made.headers["RateLimit-Policy"] == '"principal";q=60;w=60'
        assert made.headers["RateLimit"] == '"principal";r=2;t=1'
        assert (await client.get(f"/v1/notes/{new_id()}")).headers["RateLimit"] == '"principal";r=1;t=2', "refusals count too"
        await client.get(f"/v1/notes/{new_id()}")
        refused = await client.post("/v1/notes", json=note, headers={"Idempotency-Key": "k"})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert int(refused.headers["Retry-After"]) >= 1
        limits = Requests(per_minute=0)
        assert (await client.post("/v1/notes", json=note, headers={"Idempotency-Key": "k"})).status_code == 201, "no key keeps a 429"
        limits = Requests()
        client.headers["Authorization"] = "none"
        assert "RateLimit" not in (await client.get(f"/v1/notes/{new_id()}")).headers
        assert "RateLimit" not in (await client.get("/livez")).headers
