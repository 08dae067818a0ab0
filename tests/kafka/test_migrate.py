"""An installation moves from the log in Postgres to a real broker and back, killed on the way: nothing lost, doubled or out of order."""

import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from clinch.ops.bus.copy import all_topics, ends
from clinch.ops.bus.file import FolderBus, remembered
from clinch.run.folder import DataFolder
from shared.log.bus import open_bus
from tests.faults.files import deals_csv, finished, leads_csv, sent
from tests.faults.system import System
from tests.kafka.cluster import Cluster
from tests.ports import free_port

LEADS, DEALS = 8_000, 2_000
EVENTS = LEADS + DEALS  # at least
KILLS = 4
MOMENT = 0.05
"""Seconds. Ten thousand events take 0.6 s on two cores; a machine five times as fast would copy half of them in one."""


@pytest.fixture
def system() -> Iterator[System]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    yield System(place / "data", free_port())
    shutil.rmtree(place, ignore_errors=True)


async def test_an_installation_moves_to_kafka_and_back(system: System, own_broker: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    with system.up():
        await asyncio.to_thread(imported, system)
    cuts = [await cut_off(system, own_broker.url, beyond=n * EVENTS // (KILLS + 2)) for n in range(KILLS)]
    moved = system.clinch("bus", "migrate", "--to", own_broker.url)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert remembered(DataFolder(system.data)).url == own_broker.url
    with system.up():
        await asyncio.to_thread(system.verified)
        before = captured(system)
        more(system)
        said = await asyncio.to_thread(system.verified)
    back = system.clinch("bus", "migrate", "--to", "postgres")
    assert back.returncode == 0, back.stdout + back.stderr
    assert remembered(DataFolder(system.data)) == FolderBus()
    with system.up():
        await asyncio.to_thread(system.verified)
        after = captured(system)
    with capsys.disabled():
        print(f"\n  killed with {cuts} events in the target\n{moved.stdout}{back.stdout}")
    assert cuts == sorted(cuts)
    assert "All invariants hold" in said
    assert (before, after) == (LEADS, LEADS + 10)


async def cut_off(system: System, to: str, beyond: int) -> int:
    """Begin to migrate, kill -9 when more than so many events are in the target; how many were.

    It runs for a moment at a time and stands still while we look, or a fast machine would be done before we have seen it copy.
    """
    command = [sys.executable, "-P", "-m", "clinch.main", "bus", "migrate", "--to", to, "--data", str(system.data)]
    migrating = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    target = open_bus(to)
    while (there := sum((await ends(target, all_topics())).values())) <= beyond and migrating.returncode is None:
        migrating.send_signal(signal.SIGCONT)
        await asyncio.sleep(MOMENT)
        if migrating.returncode is None:
            migrating.send_signal(signal.SIGSTOP)
    with suppress(ProcessLookupError):
        migrating.kill()
    assert await migrating.wait() == -signal.SIGKILL, "it had ended before"
    await target.stop()
    return there


def imported(system: System) -> None:
    with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        jobs = {"leads": sent(client, "leads", leads_csv(LEADS))[0], "deals": sent(client, "deals", deals_csv(DEALS))[0]}
        assert [finished(client, things, job)["state"] for things, job in jobs.items()] == ["done", "done"]


def more(system: System) -> None:
    with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        for n in range(10):
            assert client.post("/v1/leads", json={"source": "web", "title": f"after {n}"}).status_code == 201


def captured(system: System) -> int:
    """Leads, as metrics-svc knows them."""
    with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        steps = {step["step"]: step["n"] for step in client.get("/v1/metrics/funnel").json()["total"]["steps"]}
    return int(steps["F1"])
