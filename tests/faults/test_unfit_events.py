"""Events that cannot be published, written by SQL past everything that checks them, among good ones; a log that takes nothing; a reader
that always fails (quality.md §2, F15 and F16)."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.faults.system import PATIENCE, System
from tests.faults.writes import client_of, url
from tests.flow.system import eventually
from tests.ports import free_ports

STATUS_WITHIN = 5.0
"""Seconds until `clinch status` says what is wrong."""
LETTERS = "/v1/operations/lead-svc/outbox-letters"

# The next version of a lead, as the database takes it from anybody.
_TELL = """
WITH next AS (UPDATE lead SET version = version + 1 WHERE id = $1 RETURNING id, version), told AS (
  INSERT INTO event (id, type, aggregate, subject, version, time, recorded_at, actor_id, actor_role, correlation_id, data)
  SELECT uuidv7(), {type}, 'lead', id, version, {time}, now(), id, 'admin', 'by hand', {data} FROM next RETURNING id
) INSERT INTO outbox (event_id) SELECT id FROM told
"""
_GOOD = {"type": "'clinch.lead.updated.v1'", "time": "now()", "data": """'{"changed": []}'"""}
UNFIT = [{"time": "'-infinity'"}, {"time": "'290000-01-01'"}, {"type": "'nonsense'"}, {"data": "'[]'"}]
_MEND = f"UPDATE event SET time = recorded_at, type = {_GOOD['type']}, data = {_GOOD['data']} WHERE correlation_id = 'by hand'"
_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'closed' USING ERRCODE = '{code}'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.fixture
def watched(place: Path, new: System) -> Iterator[tuple[System, int]]:
    """The embedded system, and the port of its worker's figures."""
    port, admin = free_ports(1)[0], free_ports(2)[0]
    system = new.copied(place / "data", port)
    with system.up("--admin-port", str(admin)):
        yield system, admin + 1


@asynccontextmanager
async def database(system: System, name: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    conn = await asyncpg.connect(url(system, name))
    try:
        yield conn
    finally:
        await conn.close()


def wrong(system: System) -> list[str]:
    return [one["says"] for one in json.loads(system.clinch("status", "--json").stdout)["wrong"]]


async def said(system: System, text: str) -> None:
    """Wait until `clinch status` says it, for as long as is promised on this machine."""

    async def found() -> bool:
        return any(text in one for one in await asyncio.to_thread(wrong, system))

    await eventually(found, STATUS_WITHIN * PATIENCE * system.slowness)


async def write(client: httpx.AsyncClient, title: str) -> str:
    answer = await client.post("/v1/leads", json={"title": title, "source": "web"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def change(client: httpx.AsyncClient, lead: str, version: int) -> None:
    answer = await client.patch(f"/v1/leads/{lead}", json={"title": f"at {version}"}, headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 200, answer.text


async def fed(client: httpx.AsyncClient, lead: str) -> list[int]:
    """The versions of the lead that every reader can have, in the order in which they came."""
    answer = await client.get("/v1/events", params={"after": 0, "subject": lead, "limit": 200})
    return [int(item["event"]["sequence"]) for item in answer.json()["items"]]


def has(client: httpx.AsyncClient, lead: str, versions: list[int]) -> Callable[[], Awaitable[bool]]:
    async def all_there() -> bool:
        return await fed(client, lead) == versions

    return all_there


async def test_unfit_events_are_parked_alone_told_and_published_in_order_when_they_are_mended(watched: tuple[System, int]) -> None:
    system, figures = watched
    async with client_of(system) as client, database(system, "lead") as conn:
        bad = [await write(client, f"bad {n}") for n in range(len(UNFIT))]
        good = [await write(client, f"good {n}") for n in range(10)]
        for lead, unfit in zip(bad, UNFIT, strict=True):
            await conn.execute(_TELL.format(**_GOOD | unfit), lead)
            await change(client, lead, 2)
        for lead in good:
            await change(client, lead, 1)
        for lead in good:
            await eventually(has(client, lead, [1, 2]), STATUS_WITHIN * PATIENCE * system.slowness)
        for lead in bad:
            await eventually(has(client, lead, [1]), STATUS_WITHIN * PATIENCE * system.slowness)
        await said(system, f"lead-svc: {2 * len(bad)} events cannot be published and are parked as letters of the outbox.")
        await eventually(lambda: shown(figures, 2 * len(bad)), STATUS_WITHIN * PATIENCE * system.slowness)

        open_letters = (await client.get(LETTERS)).json()["items"]
        assert {(row["subject"], row["version"]) for row in open_letters} == {(lead, n) for lead in bad for n in (2, 3)}
        await conn.execute(_MEND)
        one = await client.post(f"{LETTERS}/{open_letters[0]['id']}/redrive")
        assert one.json() == {"settled": 2, "left": 0, "error": None}
        rest = await client.post(f"{LETTERS}/redrive")
        assert rest.json() == {"asked": 2 * len(bad) - 2}
        for lead in bad:
            await change(client, lead, 3)
            await eventually(has(client, lead, [1, 2, 3, 4]), STATUS_WITHIN * PATIENCE * system.slowness)
    assert system.clinch("status").returncode == 0
    system.verified()


async def shown(port: int, letters: int) -> bool:
    """Whether the worker's figures say so, which the alert is made of."""
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
    found = re.search(r'^clinch_outbox_letters{service="lead-svc"} ([0-9.]+)$', text, re.MULTILINE)
    return found is not None and float(found[1]) == letters


async def test_a_relay_that_makes_no_progress_is_told_within_seconds_and_goes_on_by_itself(system: System) -> None:
    """The log refuses everything, as with a permission that was taken away: nothing is parked, all waits."""
    async with client_of(system) as client, database(system, "bus") as log:
        first = await write(client, "before")
        await eventually(has(client, first, [1]), STATUS_WITHIN * PATIENCE * system.slowness)
        await log.execute(_REFUSE.format(table="log", code="42501"))
        second = await write(client, "meanwhile")
        await said(system, "lead-svc: the relay has published nothing for ")
        assert (await client.get(LETTERS)).json()["items"] == []
        await log.execute("DROP FUNCTION refuse CASCADE")
        await eventually(has(client, second, [1]), STATUS_WITHIN * PATIENCE * system.slowness)
    assert system.clinch("status").returncode == 0
    system.verified()


async def test_a_reader_that_always_fails_holds_up_no_other_and_has_all_after_a_redrive(system: System) -> None:
    """The feed cannot write: what it should have is parked, while the figures beside it in the same service and all others go on."""
    letters = "/v1/operations/metrics-svc/dead-letters"
    async with client_of(system) as client, database(system, "metrics") as conn:
        await conn.execute(_REFUSE.format(table="feed", code="P0001"))
        leads = [await write(client, f"lead {n}") for n in range(4)]

        async def projected() -> bool:
            return bool(await conn.fetchval("SELECT count(*) = 4 FROM lead_fact WHERE id = ANY($1::uuid[])", leads))

        async def parked() -> bool:
            return {row["subject"] for row in (await client.get(letters)).json()["items"]} >= {*leads}

        await eventually(projected, STATUS_WITHIN * PATIENCE * system.slowness)
        await eventually(parked, 10 * STATUS_WITHIN * system.slowness)
        await said(system, "events are parked as dead letters of reader feed")
        await conn.execute("DROP FUNCTION refuse CASCADE")
        while items := (await client.get(letters)).json()["items"]:
            done: dict[str, Any] = (await client.post(f"{letters}/{items[0]['id']}/redrive")).json()
            assert done["error"] is None, done
        for lead in leads:
            assert await fed(client, lead) == [1]
    system.verified()
