"""What a worker does without the log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from shared.db import Tx
from shared.ids import new_id
from shared.postgres import Postgres
from shared.testing import Running, running
from shared.timers import Timer, set_timer
from shared.worker import Worker
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
