"""The embedded system on a real broker, while all is killed: each event has its effect exactly once (quality.md §1, 5 to 7)."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinch.ops.bus.file import remembered
from clinch.run.folder import DataFolder
from tests.faults.files import deals_csv, finished, leads_csv, sent
from tests.faults.system import Name
from tests.faults.writes import write_while_killing
from tests.kafka.cluster import Cluster
from tests.kafka.house import OnKafka
from tests.ports import free_port

LEADS, DEALS = 6_000, 3_000
KILLS: list[Name] = ["worker", "worker", "worker", "api", "api", "broker", "broker"]


@pytest.fixture
def system(own_broker: Cluster) -> Iterator[OnKafka]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    yield OnKafka(place / "data", free_port(), cluster=own_broker)
    shutil.rmtree(place, ignore_errors=True)


async def test_every_effect_is_there_once_whatever_is_killed(system: OnKafka, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        system.up("--bus", system.cluster.url),
        httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as client,
    ):
        jobs = {"leads": sent(client, "leads", leads_csv(LEADS))[0], "deals": sent(client, "deals", deals_csv(DEALS))[0]}
        outcome = await write_while_killing(system, KILLS, seed=5, pause=(1.0, 4.0))
        outcome.leads = [lead for lead in outcome.leads if lead["title"]]  # the imported ones have none
        ended = {things: await asyncio.to_thread(finished, client, things, job) for things, job in jobs.items()}
        said = await asyncio.to_thread(system.verified)
        captured = await asyncio.to_thread(leads_captured, client)
    with capsys.disabled():
        print(system.figures(imported=LEADS + DEALS, **outcome.figures))
    assert not any(outcome.wrong.values()), outcome.wrong
    assert {things: (job["state"], job["created"], job["refused"]) for things, job in ended.items()} == {
        "leads": ("done", LEADS, 0),
        "deals": ("done", DEALS, 0),
    }
    assert "All invariants hold" in said
    assert captured == LEADS + len(outcome.history.acknowledged)
    assert len(system.recoveries) == len(KILLS)


def leads_captured(client: httpx.Client) -> int:
    """As metrics-svc knows it from the log."""
    steps: dict[str, int] = {s["step"]: s["n"] for s in client.get("/v1/metrics/funnel").json()["total"]["steps"]}
    return steps["F1"]


async def test_the_system_starts_while_kafka_is_down_and_catches_up(system: OnKafka) -> None:
    system.cluster.kill(1)
    with system.up("--bus", system.cluster.url):
        async with httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=30) as client:
            assert (await client.get("/readyz")).status_code == 200
            made = [(await client.post("/v1/leads", json={"source": "web", "title": f"w{n}"})).status_code for n in range(20)]
        assert made == [201] * 20
        await system.cluster.start()
        await asyncio.to_thread(system.verified)
    with system.up():
        assert f"its log is at {system.cluster.url}" in system.clinch("status").stdout
        with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as again:
            assert await asyncio.to_thread(leads_captured, again) == 20
    assert remembered(DataFolder(system.data)).cluster, "learnt at the second start"
