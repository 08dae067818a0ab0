"""kill -9 at every moment that matters, not only by chance: around a commit, around the log's acknowledgement (quality.md §2, F1)."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import httpx
import pytest

from tests.faults.history import GIVE_UP
from tests.faults.proxy import to_postgres
from tests.faults.replicas import Replicas

COMMIT, DELETE, APPEND, MOVE = b"COMMIT;", b"DELETE FROM outbox", b"pg_notify", b"UPDATE consumer_offset"


@dataclass(frozen=True)
class Point:
    """Where a process stands still when it is killed: it has sent `word` after `first`, to its database or `to_log`."""

    what: str
    service: str
    command: str
    word: bytes
    first: bytes = b""
    passed: bool = False
    to_log: bool = False


POINTS = [
    Point("an API before its commit", "lead", "api", COMMIT),
    Point("an API after its commit, before it knows", "lead", "api", COMMIT, passed=True),
    Point("a relay in the middle of a batch to the log", "lead", "worker", APPEND, to_log=True),
    Point("a relay before the log has committed", "lead", "worker", COMMIT, APPEND, to_log=True),
    Point("a relay after the log has committed, before it knows", "lead", "worker", COMMIT, APPEND, passed=True, to_log=True),
    Point("a relay after the log's acknowledgement, before the delete", "lead", "worker", DELETE),
    Point("a relay after the delete, before its commit", "lead", "worker", COMMIT, DELETE),
    Point("a relay after its commit, before it knows", "lead", "worker", COMMIT, DELETE, passed=True),
    Point("a projection in the middle of a batch", "metrics", "worker", MOVE),
    Point("a projection before its commit", "metrics", "worker", COMMIT, MOVE),
    Point("a projection after its commit, before it knows", "metrics", "worker", COMMIT, MOVE, passed=True),
]


async def test_nothing_is_lost_or_doubled_wherever_a_process_is_killed(services: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": f"Bearer {services.token}"}
    [api] = await services.start("lead", "api", 1)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", headers=headers, timeout=GIVE_UP) as client:
        for point in POINTS:
            await crash(services, client, point)
            await capture(client, point.what)  # with the same key
    await services.start("lead", "worker", 1)
    await services.start("metrics", "worker", 1)
    said = await services.verified()
    there = Counter(await services.values("lead", "SELECT title FROM lead"))
    with capsys.disabled():
        print(f"\n  killed {len(POINTS)} times: " + "; ".join(point.what for point in POINTS))
    assert there == Counter(point.what for point in POINTS)
    assert "All invariants hold" in said
    assert await services.values("metrics", "SELECT count(*) FROM lead_fact") == [len(POINTS)]


async def crash(services: Replicas, client: httpx.AsyncClient, point: Point) -> None:
    """Start the process, have it come to this point with a lead of this title, and kill it there."""
    bus = services.settings["CLINCH_BUS_URL"]
    async with to_postgres(bus) as own, to_postgres(bus) as log:
        by_way = {"CLINCH_DATABASE_URL": own.database(services.databases[point.service]), "CLINCH_BUS_URL": log.database(bus)}
        if point.command == "worker":
            await capture(client, point.what)
        if point.service == "metrics":
            [relay] = await services.start("lead", "worker", 1)
        trap = (log if point.to_log else own).trap(point.word, first=point.first, passed=point.passed)
        [victim] = await services.start(point.service, point.command, 1, **by_way)
        if point.command == "api":
            asking = asyncio.create_task(capture(client, point.what, f"http://127.0.0.1:{victim.port}"))
        await trap.sprung()
        await victim.kill()
        if point.command == "api":
            with pytest.raises(httpx.TransportError):
                await asking
        if point.service == "metrics":
            await relay.end()
        trap.cut()


async def capture(client: httpx.AsyncClient, title: str, origin: str = "") -> None:
    """A lead of this title, which is the request's key too; repeated until it is acknowledged."""
    given = {"json": {"source": "web", "title": title}, "headers": {"Idempotency-Key": title}}
    async with asyncio.timeout(GIVE_UP):
        while (answer := await client.post(f"{origin}/v1/leads", **given)).status_code in (503, 409):  # type: ignore[arg-type]  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert answer.status_code == 201, answer.text
