"""The database takes no changes, being full or read-only: writes are refused clearly, reads go on, and so does all by itself (F12)."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from clinch.run.folder import DataFolder
from tests.faults.history import GIVE_UP, History
from tests.faults.system import LAG_WITHIN, System
from tests.faults.writes import came_of, client_of, url
from tests.flow.system import eventually

FULL = Path("/dev/full")
REFUSED = 30
"""Requests in a row, on all connections of the pool."""


@asynccontextmanager
async def read_only(system: System) -> AsyncIterator[None]:
    """The whole server, as a standby is, or one whose provider has found its disk full."""
    conn = await asyncpg.connect(url(system, "lead"))
    try:
        for value in ("on", "off"):
            await conn.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            await conn.execute("SELECT pg_reload_conf()")
            if value == "on":
                yield
    finally:
        await conn.close()


@asynccontextmanager
async def full_disk(system: System) -> AsyncIterator[None]:
    """The outbox lies on a full device, Linux's own: each write to its file fails with ENOSPC."""
    folder = DataFolder(system.data).postgres
    conn = await asyncpg.connect(url(system, "lead"))
    try:
        await eventually(lambda: exchange(conn, folder, lambda file: file.symlink_to(FULL)), GIVE_UP)
        yield
        await exchange(conn, folder, lambda file: new_file(file, folder.stat()))
    finally:
        await conn.close()


async def exchange(conn: "asyncpg.Connection[asyncpg.Record]", folder: Path, make: Callable[[Path], None]) -> bool:
    """Exchange the file of the table while it is empty and nobody has it open; False when it is not empty."""
    async with conn.transaction():
        await conn.execute("LOCK TABLE outbox")
        if await conn.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
            return False
        await conn.execute("TRUNCATE outbox")
        await conn.fetch("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'lead' AND pid <> pg_backend_pid()")
        file = folder / await conn.fetchval("SELECT pg_relation_filepath('outbox')")
        file.unlink()
        make(file)
    return True


def new_file(file: Path, like: os.stat_result) -> None:
    file.touch(mode=0o600)
    os.chown(file, like.st_uid, like.st_gid)


LINUX = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")


@pytest.mark.parametrize("how", ["read-only", pytest.param("full", marks=LINUX)])
async def test_a_database_that_takes_no_changes_is_waited_for(system: System, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    history, loop = History(), asyncio.get_running_loop()
    async with client_of(system) as client, history.writing(client):
        await history.grown(100)
        one = next(iter(history.acknowledged.values()))["id"]
        async with read_only(system) if how == "read-only" else full_disk(system):
            answers = await refused(client, history)
            reads = [(await client.get(path)).status_code for path in ("/v1/leads", f"/v1/leads/{one}", "/v1/metrics/funnel") * 5]
            there = len(history.acknowledged)
        back = loop.time()
        await history.grown(1)
        back = loop.time() - back
        await history.grown(100)
    async with client_of(system) as client:
        outcome = await came_of(history, client, url(system, "lead"))
    await asyncio.to_thread(system.verified)
    with capsys.disabled():
        print(f"\n  {how}: {there} acknowledged before, writing again after {back:.1f} s" + outcome.shown)
        print(f"  said: {answers[0].json()['detail']}")
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert (answer.json()["code"], "takes no changes" in answer.json()["detail"]) == ("unavailable", True)
        assert int(answer.headers["retry-after"]) > 0
    assert set(reads) == {200}
    assert not any(outcome.wrong.values()), outcome.wrong
    assert outcome.drained < LAG_WITHIN * system.slowness


async def refused(client: httpx.AsyncClient, history: History) -> list[httpx.Response]:
    """So many in a row. The server's processes hear of a change one by one, so some may still write for a moment."""
    answers: list[httpx.Response] = []

    async def all_refused() -> bool:
        key = f"refused-{len(history.sent)}"  # a new one each time: what was answered before is answered again
        history.sent.add(key)
        answer = await client.post("/v1/leads", json={"source": "web", "title": key}, headers={"Idempotency-Key": key})
        if answer.is_success:
            answers.clear()
        else:
            answers.append(answer)
        return len(answers) >= REFUSED

    await eventually(all_refused, GIVE_UP)
    return answers
