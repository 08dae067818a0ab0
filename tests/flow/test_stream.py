"""From a change in one service to a reader of the stream, over the log; with workers and connections cut in between."""

import asyncio
from typing import Any

from clinch.run.postgres import Postgres
from metrics_svc.feed.checks import CHECKS, in_the_feed
from shared.log.bus import open_bus
from shared.verify import run
from tests.flow.system import System, whole_system
from tests.metrics.streams import Listener, listening


async def capture(system: System, n: int) -> list[str]:
    async with system.client("rep", "ann") as rep:
        made = [(await rep.post("/v1/leads", json={"source": "trade_show", "company": f"Lantern {k}"})).json() for k in range(n)]
    return [lead["id"] for lead in made]


async def test_a_reader_hears_of_each_lead_once_whatever_is_cut(postgres: Postgres) -> None:
    async with whole_system(postgres) as system, listening(system["metrics-svc"]) as base:
        reader = await Listener(base, "rep:ann", types="clinch.lead.captured.v1").connect()
        stranger = await Listener(base, "rep:bob", types="clinch.lead.*").connect()  # of policies everybody hears
        ids = await capture(system, 3)
        await reader.until(3)
        for name in ("metrics-svc", "lead-svc"):
            async with asyncio.TaskGroup() as group:
                capturing = group.create_task(capture(system, 5))
                group.create_task(system.cut(name))
            ids += capturing.result()
            await reader.cut()
            system.work(name)
            await reader.connect()
            await reader.until(len(ids))
        assert sorted(sent.data["subject"] for sent in reader.events) == sorted(ids)
        assert [int(sent.id or 0) for sent in reader.events] == sorted({int(sent.id or 0) for sent in reader.events})
        assert stranger.events == []
        for listener in (reader, stranger):
            await listener.cut()
        assert await broken(system) == []


async def broken(system: System) -> list[Any]:
    metrics = system["metrics-svc"]
    bus = open_bus(metrics.settings.bus_url, client="test")
    await bus.start()
    try:
        async with metrics.db.connection() as conn:
            found = [f async for f in in_the_feed(conn, bus)] + [f async for f in run(conn, CHECKS)]
    finally:
        await bus.stop()
    return [f for f in found if f.offenders]
