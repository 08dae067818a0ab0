"""What a consumer and its worker tell of themselves: to the probe, to Prometheus, and in the log."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import LogCapture

from shared import timers
from shared.ids import new_id
from shared.log import consumer as consuming
from shared.log.bus import BusUnavailable
from shared.log.consumer import Consumer
from shared.process import worker
from shared.process.worker import Worker
from tests.harness import Running
from tests.shared.consumer.log import NAME, TOPIC, Effects, Log, caught_up, consume_all, consuming_now, reader_of, subjects
from tests.shared.memory_bus import MemoryBus, MemoryReader
from tests.shared.until import until

OF_ONE = {"service": "note-svc", "consumer": NAME}


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


@pytest.fixture
def said() -> Iterator[LogCapture]:
    heard, before = LogCapture(), structlog.get_config()
    structlog.configure(processors=[heard], cache_logger_on_first_use=False)
    yield heard
    structlog.configure(**before)


async def stopped(notes: Running, log: Log) -> Consumer:
    """A consumer whose stored offset lies outside the log."""
    [subject] = subjects(1)
    log.say(subject)
    await consume_all(notes, log, Effects())
    log.bus.beginning[TOPIC, log.bus.all(TOPIC)[0].partition] = 5
    consumer = reader_of(notes, log, Effects())
    await asyncio.wait_for(consumer.run(asyncio.Event()), 60)
    return consumer


async def test_what_is_behind_and_what_is_parked_shows_in_the_figures(notes: Running, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "OBSERVE_SECONDS", 0.0)
    good, bad = subjects(2)
    handle = Effects()
    handle.poison = {(bad, 1)}
    for subject in (good, bad, good):
        log.say(subject)
    async with consuming_now(reader_of(notes, log, handle)):
        await caught_up(notes, log)

        async def shown() -> bool:
            return figure("clinch_dead_letters", **OF_ONE) == 1 and figure("clinch_consumer_lag_events", **OF_ONE, topic=TOPIC) == 0

        await until(shown)
        assert figure("clinch_consumer_stopped", **OF_ONE) == 0
        assert figure("clinch_consumer_last_poll_age_seconds", **OF_ONE) == 0
    assert (figure("clinch_consumer_event_age_seconds_count", **OF_ONE) or 0) >= 1


async def test_an_empty_poll_is_no_recovery(notes: Running, log: Log, said: LogCapture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka's reader gives empty batches for a while after the brokers have gone."""
    away = True
    ends = log.bus.end_offsets

    async def end_offsets(topics: list[str]) -> dict[tuple[str, int], int]:
        if away:
            raise BusUnavailable("no broker")
        return await ends(topics)

    monkeypatch.setattr(log.bus, "end_offsets", end_offsets)
    async with consuming_now(reader_of(notes, log, Effects())):

        async def held_up() -> bool:
            return any(entry["event"] == "task_held_up" for entry in said.entries)

        await until(held_up)
        await asyncio.sleep(1)
        away = False

        async def goes_on() -> bool:
            return any(entry["event"] == "task_goes_on" for entry in said.entries)

        await until(goes_on)
    assert [entry["event"] for entry in said.entries] == ["task_held_up", "task_goes_on"]


async def test_a_consumer_says_why_it_does_not_work(notes: Running, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = await stopped(notes, log)
    assert gone.obstacle == f"consumer {NAME} has stopped: {gone.stopped}"
    assert f"{TOPIC}[" in gone.obstacle
    silent = reader_of(notes, Log(), Effects())
    assert silent.obstacle is None
    monkeypatch.setattr(MemoryReader, "last_poll_age", property(lambda self: consuming.SILENT_SECONDS + 15))
    async with consuming_now(silent):

        async def said() -> bool:
            return silent.obstacle == f"consumer {NAME}: the log has not answered for 75 s"

        await until(said)


async def test_a_worker_is_not_ready_when_a_consumer_is_not(notes: Running, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    its = Worker(replace(notes.service, migrations=Path(__file__).parents[3] / "docs"), notes.settings)  # it has none
    bus = MemoryBus()
    there = asyncio.Event()

    async def ensure_topics(topics: list[str], partitions: int = 8) -> None:
        if not there.is_set():
            raise BusUnavailable("no broker")
        await MemoryBus.ensure_topics(bus, topics)

    monkeypatch.setattr(bus, "ensure_topics", ensure_topics)
    monkeypatch.setattr(worker, "open_bus", lambda url, client: bus)
    async with notes.db.connection() as conn:
        await conn.execute("CREATE TABLE alembic_version AS SELECT 'a revision' AS version_num")
    stop = asyncio.Event()
    async with its.probe(stop) as obstacle:
        assert await obstacle() == worker.NOT_AT_WORK
        working = asyncio.create_task(its.run(stop))

        async def says(what: str | None) -> bool:
            return await obstacle() == what

        await until(lambda: says(worker.WAITING))
        there.set()
        await until(lambda: says(None))
        its._consumers += [await stopped(notes, log), reader_of(notes, Log(), Effects())]
        assert (await obstacle() or "").startswith(f"consumer {NAME} has stopped: {TOPIC}[")
        stop.set()
        assert await obstacle() == "draining"
        await asyncio.wait_for(working, 60)


async def test_timers_that_are_late_show_in_the_figures(notes: Running) -> None:
    """How late is measured from when one was due, or from when it was set, if its time was over by then: its id tells."""

    def set_at(seconds_ago: float) -> str:
        moment = int((notes.clock().timestamp() - seconds_ago) * 1000)
        return str(UUID(int=moment << 80 | 7 << 76 | 2 << 62))

    row = "INSERT INTO timer (id, kind, subject, due_at, error) VALUES ($1, 'remind', $2, $3::timestamptz - make_interval(secs => $4), $5)"
    async with notes.db.connection() as conn:
        for set_before, due_before, error in ((5000, 600, None), (100, 9_000_000, "in vain"), (4000, -50, None)):
            await conn.execute(row, set_at(set_before), new_id(), notes.clock(), due_before, error)
    stop = asyncio.Event()
    sampling = asyncio.create_task(timers.sample(notes.db, notes.clock, stop, service="late-svc"))

    async def shown() -> bool:
        return figure("clinch_timer_overdue_seconds", service="late-svc") == pytest.approx(600, abs=1)

    await until(shown)
    assert figure("clinch_timers_failing", service="late-svc") == 1
    stop.set()
    await sampling
