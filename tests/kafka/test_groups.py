"""Two workers of a service share its partitions; one is killed, one is frozen and wakes up as a zombie, under load."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clinch.run.postgres import Postgres
from tests.faults.callers import Callers
from tests.faults.replicas import Replica, Replicas, replicas
from tests.flow.system import eventually
from tests.kafka.cluster import Cluster

CONNECTIONS = 60
TAKEN_OVER_WITHIN = 240.0


@pytest.fixture
async def services(postgres: Postgres, own_broker: Cluster) -> AsyncIterator[Replicas]:
    with tempfile.TemporaryDirectory(prefix="clinch-faults-") as place:
        async with replicas(postgres, Path(place), own_broker.url) as started:
            yield started


async def test_the_other_worker_takes_over_and_nothing_is_lost_or_doubled(services: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    apis = await services.start("lead", "api", 1)
    workers = {name: await services.start(name, "worker", 2) for name in ("lead", "metrics")}
    callers, stop, took = Callers(services.ports, services.token), asyncio.Event(), dict[str, float]()
    async with services.balanced(apis):
        writing = asyncio.create_task(callers.write(stop, CONNECTIONS))
        for name, (first, second) in workers.items():
            await projected(services)
            await first.kill()
            took[f"{name} worker killed"] = await projected(services)
            await first.start()
            freeze(second, signal.SIGSTOP)
            took[f"{name} worker frozen"] = await projected(services)
            freeze(second, signal.SIGCONT)
            took[f"{name} worker awake again"] = await projected(services)
        stop.set()
        await writing
    said = await services.verified()
    told = await services.values("metrics", "SELECT count(*) FROM lead_fact")
    with capsys.disabled():
        print(f"\n  {len(callers.acknowledged)} leads written, {len(callers.failed)} requests failed")
        print("\n".join(f"  {what}: all of before projected after {seconds:.1f} s" for what, seconds in took.items()))
    assert callers.failed == []
    assert "All invariants hold" in said
    assert told == [len(callers.acknowledged)]


def freeze(worker: Replica, number: signal.Signals) -> None:
    assert worker.child
    worker.child.send_signal(number)


async def projected(services: Replicas) -> float:
    """Seconds until metrics-svc knows every lead that was there a second from now: those of all partitions, whoever had them."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    await asyncio.sleep(1)
    there = set(await services.values("lead", "SELECT id FROM lead"))

    async def known() -> bool:
        return there <= set(await services.values("metrics", "SELECT id FROM lead_fact"))

    await eventually(known, TAKEN_OVER_WITHIN)
    return loop.time() - started
