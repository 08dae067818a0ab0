"""The log on a real broker lost, made anew from the databases, and carried back to Postgres, where an older copy is in the way."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinch.ops.bus.copy import all_topics, ends
from clinch.ops.bus.file import FolderBus, remembered
from clinch.run.folder import DataFolder
from shared.log.bus import open_bus
from tests.faults.system import System, free_port
from tests.kafka.brokerlog import administered
from tests.kafka.cluster import Cluster

LEADS = 300


@pytest.fixture
def system() -> Iterator[System]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    yield System(place / "data", free_port())
    shutil.rmtree(place, ignore_errors=True)


async def test_a_log_that_was_lost_is_made_anew_and_carried_back_over_an_old_copy(
    system: System, own_broker: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    with system.up():
        await capture(system, "before", LEADS)
        await asyncio.to_thread(system.verified)
    assert (moved := system.clinch("bus", "migrate", "--to", own_broker.url)).returncode == 0, moved.stderr
    with system.up():
        await capture(system, "on Kafka", LEADS)
        await asyncio.to_thread(system.verified)
    refused = system.clinch("bus", "republish")
    assert (refused.returncode, "delete its topics first" in refused.stderr) == (2, True), refused.stderr
    await lose_the_log(own_broker)
    system.settings = {"CLINCH_TOPIC_PARTITIONS": "12"}  # so that the old copy is not its beginning by chance
    made = system.clinch("bus", "republish")
    assert made.returncode == 0, made.stderr
    with system.up():
        said = await asyncio.to_thread(system.verified)
        assert await captured(system) == 2 * LEADS, "no event took effect twice"
    back = system.clinch("bus", "migrate", "--to", "postgres")
    assert back.returncode == 1
    assert "has 8 partitions in the target and 12 in the log" in back.stderr
    assert "`clinch bus clear` deletes the copy; then repeat." in back.stderr
    assert remembered(DataFolder(system.data)).url == own_broker.url
    cleared = system.clinch("bus", "clear", "--yes")
    assert cleared.returncode == 0, cleared.stderr
    back = system.clinch("bus", "migrate", "--to", "postgres")
    assert back.returncode == 0, back.stderr
    assert remembered(DataFolder(system.data)) == FolderBus()
    with system.up():
        await capture(system, "back in Postgres", 10)
        await asyncio.to_thread(system.verified)
        assert await captured(system) == 2 * LEADS + 10
    with capsys.disabled():
        print(f"\n  {made.stdout}  {cleared.stdout}{back.stdout}", end="")
    assert "All invariants hold" in said


async def capture(system: System, title: str, count: int) -> None:
    async with httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        for n in range(count):
            assert (await client.post("/v1/leads", json={"source": "web", "title": f"{title} {n}"})).status_code == 201


async def captured(system: System) -> int:
    """Leads, as metrics-svc knows them."""
    async with httpx.AsyncClient(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        steps = {step["step"]: step["n"] for step in (await client.get("/v1/metrics/funnel")).json()["total"]["steps"]}
    return int(steps["F1"])


async def lose_the_log(broker: Cluster) -> None:
    """Its operator deletes the topics, which takes Kafka a moment."""
    bus = open_bus(broker.url)
    topics = sorted({topic for topic, _ in await ends(bus, all_topics())})
    await bus.stop()
    async with administered(broker.url) as admin:
        await admin.delete_topics(topics)
        while set(topics) & set(await admin.list_topics()):  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(0.1)
