"""Webhooks: deliveries a second to a receiver on this machine, each claimed, signed, sent and recorded, against the requests alone."""

import asyncio
from contextlib import suppress
from time import perf_counter

from metrics_svc.feed.commands import feed
from metrics_svc.service import service
from metrics_svc.webhooks.courier import COURIER, sender
from shared.clock import utcnow
from shared.db.database import Database
from shared.log.bus import Delivered
from shared.outbound.rules import AT_ONCE
from shared.outbound.sender import Sender
from tests.bench.compare import Progress
from tests.bench.events import messages_of
from tests.bench.report import Result, rates
from tests.bench.stage import Stage
from tests.harness import Running, running
from tests.metrics.endpoints import Webhooks
from tests.receiver import Receiver, receiving

_EVENTS = 75
_ENDPOINTS = 4
"""An endpoint is sent a few at once, so that a slow one holds nobody up; several show what a worker can do."""


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    ours: list[float] = []
    alone: list[float] = []
    async with receiving() as receiver, running(service, stage.postgres, webhook_allow=("127.0.0.1",)) as svc:
        svc.clock.now = utcnow()
        for _ in range(_ENDPOINTS):
            await Webhooks(svc).register(receiver.url)
        for n in range(rounds + 1):
            progress(f"round {n} of {rounds}: {_EVENTS * _ENDPOINTS:,} deliveries" if n else "warming up")
            delivered = await _deliver(svc, receiver, f"round-{n}")
            requests = await _send(svc, receiver)
            if n:
                ours.append(delivered)
                alone.append(requests)
    what = f"deliveries to {_ENDPOINTS} endpoints of one receiver"
    sides = ("metrics-svc", ours), ("the requests alone", alone)
    return [rates("webhooks", what, "the same requests, neither claimed nor recorded", *sides, unit="deliveries/s")]


async def _deliver(svc: Running, receiver: Receiver, name: str) -> float:
    async with svc.transaction() as tx:
        found = messages_of(_EVENTS, name)
        await feed(tx, [Delivered(m.topic, 0, n, m.key, m.value, m.headers) for n, m in enumerate(found)])
    receiver.received.clear()
    stop = asyncio.Event()
    started = perf_counter()
    working = asyncio.create_task(COURIER.deliver(svc.db, svc.settings, svc.clock, stop))
    await _recorded(svc.db)
    took = perf_counter() - started
    stop.set()
    await working
    return len(receiver.received) / took


async def _recorded(db: Database) -> None:
    left = """
    SELECT (SELECT count(*) FROM webhook_cursor c, feed_head h WHERE c.position < h.latest)
         + (SELECT count(*) FROM webhook_delivery WHERE state = 'pending')
    """
    async with db.connection() as conn:
        while await conn.fetchval(left):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _send(svc: Running, receiver: Receiver) -> float:
    """The same bodies with the same headers, as many at once."""
    waiting = list(receiver.received)
    requests = len(waiting)

    async def one_after_the_other(sending: Sender) -> None:
        with suppress(IndexError):
            while True:
                sent = waiting.pop()
                own = {name: text for name, text in sent.headers.items() if name.startswith(("webhook-", "content-"))}
                assert (await sending.post(receiver.url, own, sent.body)).is_taken

    started = perf_counter()
    async with sender(svc.settings, svc.clock) as sending:
        await asyncio.gather(*[one_after_the_other(sending) for _ in range(AT_ONCE * _ENDPOINTS)])
    return requests / (perf_counter() - started)
