"""What a worker does without the log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from clinch.run.postgres import Postgres
from shared.db.tx import Tx
from shared.ids import new_id
from shared.process.worker import Worker
from shared.timers import Timer, set_timer
from tests.harness import Running, running
from tests.shared.notes_service import service

NOBODY = "kafka://127.0.0.1:1"


@pytest.fixture
async def notes(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres, bus_url=NOBODY) as started:
        yield started


async def test_timers_fire_when_the_worker_is_started_while_the_log_is_away(notes: Running) -> None:
    fired, stop = asyncio.Event(), asyncio.Event()

    async def remind(tx: Tx, timer: Timer) -> None:
        fired.set()

    async with notes.transaction() as tx:
        await set_timer(tx, "note.reminder", new_id(), notes.clock())
    working = asyncio.create_task(Worker(replace(notes.service, timers={"note.reminder": remind}), notes.settings, notes.clock).run(stop))
    try:
        await asyncio.wait_for(fired.wait(), 120)
    finally:
        stop.set()
        await asyncio.wait_for(working, 120)
