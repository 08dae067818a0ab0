"""An installation moves from the log in Postgres to a real broker and back, killed on the way: nothing lost, doubled or out of order."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clinch.busfile import FolderBus, remembered
from clinch.folder import DataFolder
from tests.faults.files import deals_csv, finished, leads_csv, sent
from tests.faults.system import System, free_port
from tests.kafka.cluster import Cluster

LEADS, DEALS = 8_000, 2_000
KILLS = 5


@pytest.fixture
def system() -> Iterator[System]:
    place = Path(tempfile.mkdtemp(prefix="clinch-faults-"))
    yield System(place / "data", free_port())
    shutil.rmtree(place, ignore_errors=True)


def test_an_installation_moves_to_kafka_and_back(system: System, own_broker: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    with system.up():
        imported(system)
    cut = [cut_off(system, own_broker.url, after=0.4 * n) for n in range(1, KILLS + 1)]
    moved = system.clinch("bus", "migrate", "--to", own_broker.url)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert remembered(DataFolder(system.data)).url == own_broker.url
    with system.up():
        system.verified()
        before = captured(system)
        more(system)
        said = system.verified()
    back = system.clinch("bus", "migrate", "--to", "postgres")
    assert back.returncode == 0, back.stdout + back.stderr
    assert remembered(DataFolder(system.data)) == FolderBus()
    with system.up():
        system.verified()
        after = captured(system)
    with capsys.disabled():
        print(f"\n  cut off {KILLS} times, {sum(cut)} of them while copying or comparing\n{moved.stdout}{back.stdout}")
    assert any(cut)
    assert "All invariants hold" in said
    assert (before, after) == (LEADS, LEADS + 10)


def cut_off(system: System, to: str, after: float) -> bool:
    """Begin to migrate, kill -9 after so many seconds of it; whether it was at work then, and not before or past it."""
    command = [sys.executable, "-P", "-m", "clinch.main", "bus", "migrate", "--to", to, "--data", str(system.data)]
    migrating = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    processes = DataFolder(system.data).processes
    while "postgres" not in processes.read_text() and migrating.poll() is None:
        time.sleep(0.02)
    time.sleep(after)
    migrating.send_signal(signal.SIGKILL)
    migrating.wait()
    return remembered(DataFolder(system.data)) == FolderBus()


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
