"""Everything is killed while files are sent and imported: each row is there once, and every figure agrees (quality.md §2, F1, F2)."""

from collections import Counter
from threading import Event

import httpx
import pytest

from tests.faults.files import deals_csv, finished, leads_csv, sent
from tests.faults.system import Name, System

LEADS, DEALS = 10_500, 3_000
"""Rows of a file."""
WHILE_SENDING: list[Name] = ["api", "api", "postgres"]
WHILE_IMPORTING: list[Name] = ["worker", "worker", "worker", "worker", "postgres"]


def test_an_import_goes_through_kills_of_everything(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        with system.killing(1, WHILE_SENDING, pause=(0.3, 1.5)) as killed:
            done = imported_until(killed, client, first=0)
        with system.killing(2, WHILE_IMPORTING, pause=(0.2, 1.0)) as killed:
            done += imported_until(killed, client, first=done["files"])
        assert len(system.recoveries) == len(WHILE_SENDING) + len(WHILE_IMPORTING)
        for things, rows in (("leads", LEADS), ("deals", DEALS)):
            listed = client.get(f"/v1/{things}", params={"limit": 1, "count": "exact"}).json()
            assert listed["count"] == rows * done["files"]
        system.verified()
        steps = {s["step"]: s["n"] for s in client.get("/v1/metrics/funnel").json()["total"]["steps"]}
        assert (steps["F1"], steps["F8"]) == (LEADS * done["files"], DEALS // 3 * done["files"])
    with capsys.disabled():
        print(system.figures(**done, lost=0, doubled=0))
    assert system.recovered_in_time()


def imported_until(killed: Event, client: httpx.Client, *, first: int) -> Counter[str]:
    """Send and import one pair of files after the other until everything is killed: how fast the machine is must not matter."""
    done = Counter[str]()
    while True:
        n, jobs = first + done["files"], {}
        for things, rows, raw in (("leads", LEADS, leads_csv(LEADS, n * LEADS)), ("deals", DEALS, deals_csv(DEALS, n * LEADS))):
            jobs[things, rows], tries = sent(client, things, raw, f"file-{n}")
            done += Counter(uploads=tries, rows=rows)
        for (things, rows), job in jobs.items():
            end = finished(client, things, job)
            assert (end["state"], end["created"], end["updated"], end["refused"]) == ("done", rows, 0, 0), end
        done["files"] += 1
        if killed.is_set():
            return done
