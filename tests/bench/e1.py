"""E1: events a second from the outbox to the log, against COPY of the same rows (Postgres) and a bare producer (Kafka)."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import asyncpg
from aiokafka import AIOKafkaProducer

from clinch.errors import CommandError
from lead_svc.service import service
from shared.events.envelope import topic
from shared.log.bus import Bus, Message, open_bus
from shared.log.relay import relay
from tests.bench.compare import Progress
from tests.bench.consuming import opened
from tests.bench.report import Result, rates
from tests.bench.stage import Stage, run_sql
from tests.harness import fresh_database
from tests.kafka.cluster import Cluster

_EVENTS = 10_000
_TOPIC = topic("lead")
_LEAST = 0.7
_TELL = f"""
WITH told AS (
  INSERT INTO event (id, type, aggregate, subject, version, time, recorded_at, actor_id, actor_role, correlation_id, data)
  SELECT uuidv7(), 'clinch.lead.mql_reached.v1', 'lead', uuidv7(), 1, now(), now(), uuidv7(), 'rep', 'bench',
         json_build_object('how', 'manual', 'score', n % 100, 'owner_id', uuidv7(), 'source', 'trade_show', 'region', 'north',
                           'recorded_at', now(), 'correlation_id', 'bench')
  FROM generate_series(1, {_EVENTS}) AS n RETURNING id
)
INSERT INTO outbox (event_id) SELECT id FROM told ORDER BY id
"""
_LOG = 'SELECT topic, partition, "offset", key, headers, value, appended_at FROM log'


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    return [await _to_postgres(stage, rounds, progress), await _to_kafka(stage, rounds, progress)]


async def _to_postgres(stage: Stage, rounds: int, progress: Progress) -> Result:
    url, log_url = await stage.database(service), await fresh_database(stage.postgres)
    relayed: list[float] = []
    copied: list[float] = []
    bus = open_bus(log_url)
    await bus.start()
    try:
        await bus.ensure_topics([_TOPIC])
        for n in range(rounds + 1):
            progress(f"round {n} of {rounds}: {_EVENTS:,} events into the log in Postgres" if n else "warming up")
            rate, copy = await _relayed(url, bus), await _copied(log_url)
            if n:
                relayed.append(rate)
                copied.append(copy)
    finally:
        await bus.stop()
    return rates("E1", "relay to the log in Postgres", "bare COPY of the same rows", ("relay", relayed), ("COPY", copied), least=_LEAST)


async def _to_kafka(stage: Stage, rounds: int, progress: Progress) -> Result:
    what, yardstick = "relay to Kafka", "a bare aiokafka producer"
    progress("starting a broker")
    try:
        async with Cluster.running(stage.folder / "kafka", 1) as cluster:
            url = await stage.database(service)
            relayed: list[float] = []
            produced: list[float] = []
            bus = open_bus(cluster.url)
            await bus.start()
            try:
                await bus.ensure_topics([_TOPIC])
                for n in range(rounds + 1):
                    progress(f"round {n} of {rounds}: {_EVENTS:,} events to Kafka" if n else "warming up")
                    rate, bare = await _relayed(url, bus), await _produced(cluster.url, await _messages(url))
                    if n:
                        relayed.append(rate)
                        produced.append(bare)
            finally:
                await bus.stop()
        return rates("E1", what, yardstick, ("relay to Kafka", relayed), ("producer", produced), least=_LEAST)
    except CommandError as error:
        return Result("E1", what, yardstick, f"≥ {_LEAST:.2f}", [], least=_LEAST, absolute=[f"Kafka: not measured. {error}"])


async def _relayed(url: str, bus: Bus) -> float:
    await run_sql(url, _TELL, "ANALYZE outbox")
    stop, sent = asyncio.Event(), 0

    def published(count: int) -> None:
        nonlocal sent
        sent += count
        if sent == _EVENTS:
            stop.set()

    async with opened(url) as db:
        started = perf_counter()
        await relay(db, bus, stop, service=service.name, on_published=published)
        return _EVENTS / (perf_counter() - started)


async def _copied(log_url: str) -> float:
    """What the relay has written since the last time, into a table of the same making; then the log is emptied for the next round."""
    conn = await asyncpg.connect(log_url)
    try:
        rows = await conn.fetch(_LOG)
        await conn.execute("DROP TABLE IF EXISTS by_hand; CREATE TABLE by_hand (LIKE log INCLUDING ALL)")
        started = perf_counter()
        await conn.copy_records_to_table("by_hand", records=rows)
        took = perf_counter() - started
        await conn.execute("DELETE FROM log")
        return len(rows) / took
    finally:
        await conn.close()


async def _messages(url: str) -> list[Message]:
    """What the relay has just sent."""
    conn = await asyncpg.connect(url)
    try:
        rows = await conn.fetch("SELECT id, subject, data FROM event ORDER BY id DESC LIMIT $1", _EVENTS)
        return [Message(_TOPIC, str(row["subject"]), row["data"].encode(), {"ce_id": str(row["id"])}) for row in rows]
    finally:
        await conn.close()


async def _produced(url: str, messages: Sequence[Message]) -> float:
    """As durable as ours: every replica has to have it, and nothing comes twice."""
    producer = AIOKafkaProducer(bootstrap_servers=url.removeprefix("kafka://"), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        started = perf_counter()
        for m in messages:
            headers = [(name, text.encode()) for name, text in m.headers.items()]
            last = await producer.send(m.topic, m.value, key=m.key.encode(), headers=headers)
        await producer.flush()
        await last
        return len(messages) / (perf_counter() - started)
    finally:
        await producer.stop()
