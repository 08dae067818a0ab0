"""A backup that is taken under load: everything in it is as of one moment, and the log can be made anew from it."""

import asyncio
from collections import Counter
from pathlib import Path

import asyncpg
import httpx
import pytest

from clinch.run.folder import DataFolder
from clinch.run.settings import Embedded
from clinch.run.stopped import databases_alone
from tests.clinch.test_commands import clinch
from tests.faults.history import CONNECTIONS, History, all_leads
from tests.faults.system import PATIENT, System, embedded


async def test_a_backup_under_load_holds_all_that_was_acknowledged_before_and_the_log_is_made_anew_from_it(
    place: Path, new: System, capsys: pytest.CaptureFixture[str]
) -> None:
    history, file = History(), place / "backup.tar.gz"
    with embedded(place / "one", PATIENT, like=new) as system:
        limits = httpx.Limits(max_connections=CONNECTIONS)
        client = httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=30, limits=limits)
        async with client, history.writing(client):
            await history.grown(200)
            before = dict(history.acknowledged)
            backup = await asyncio.to_thread(system.clinch, "backup", str(file))
    assert backup.returncode == 0, backup.stderr
    restored = clinch("restore", str(file), data=place / "two")
    assert restored.returncode == 0, restored.stderr
    with embedded(place / "two", PATIENT) as system:
        async with httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=30) as client:
            there = Counter(lead["title"] for lead in await all_leads(client))
            some = next(iter(before))
            again = await client.post("/v1/leads", json={"source": "web", "title": some}, headers={"Idempotency-Key": some})
        await asyncio.to_thread(system.verified)
    await lose_the_log(place / "two")
    with embedded(place / "two", PATIENT) as system:
        await asyncio.to_thread(system.verified)
    with capsys.disabled():
        print(f"\n  {len(before)} leads before, {len(there)} in the backup, {len(history.acknowledged)} at the end")
        print("".join(f"  {line}\n" for said in (backup, restored) for line in said.stdout.splitlines()[:1]), end="")
    assert before.keys() - there.keys() == set()
    assert there.keys() - history.sent == set()
    assert set(there.values()) == {1}
    assert again.json() == before[some], "the keys of requests are part of it"


async def lose_the_log(data: Path) -> None:
    """And have it made anew."""
    refused = await asyncio.to_thread(clinch, "bus", "republish", data=data)
    assert (refused.returncode, "delete its topics first" in refused.stderr) == (2, True), refused.stderr
    run = Embedded(DataFolder(data), 0)
    with databases_alone(run):
        conn = await asyncpg.connect(run.postgres().url("bus"))
        await conn.execute("DROP TABLE log, head")
        await conn.close()
    made = await asyncio.to_thread(clinch, "bus", "republish", data=data)
    assert made.returncode == 0, made.stderr
