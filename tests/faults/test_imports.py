"""Everything is killed while files are sent and imported: each row is there once, and every figure agrees (quality.md §2, F1, F2)."""

import httpx
import pytest

from tests.faults.files import deals_csv, finished, leads_csv, sent
from tests.faults.system import READY_WITHIN, Name, System

LEADS, DEALS = 20_000, 6_000
WHILE_SENDING: list[Name] = ["api", "api", "postgres"]
WHILE_IMPORTING: list[Name] = ["worker", "worker", "worker", "worker", "postgres"]


def test_an_import_goes_through_kills_of_everything(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    with httpx.Client(base_url=system.origin, headers=system.headers(), timeout=30) as client:
        jobs, tries = {}, 0
        with system.killing(1, WHILE_SENDING, pause=(0.3, 1.5)) as killed:
            for things, raw in (("leads", leads_csv(LEADS)), ("deals", deals_csv(DEALS))):
                jobs[things], n = sent(client, things, raw)
                tries += n
            assert killed.wait(60)
        with system.killing(2, WHILE_IMPORTING, pause=(0.2, 1.0)):
            ended = {things: finished(client, things, job) for things, job in jobs.items()}
        for things, n in (("leads", LEADS), ("deals", DEALS)):
            job = ended[things]
            assert (job["state"], job["created"], job["updated"], job["refused"]) == ("done", n, 0, 0), job
            listed = client.get(f"/v1/{things}", params={"limit": 1, "count": "exact"}).json()
            assert listed["count"] == n
        system.verified()
        steps = {s["step"]: s["n"] for s in client.get("/v1/metrics/funnel").json()["total"]["steps"]}
        assert (steps["F1"], steps["F8"]) == (LEADS, DEALS // 3)
    with capsys.disabled():
        print(system.figures(uploads_until_taken=tries, rows=LEADS + DEALS, lost=0, doubled=0))
    assert len(system.recoveries) == len(WHILE_SENDING) + len(WHILE_IMPORTING), "the files were in before everything was killed"
    assert max(seconds for _, seconds in system.recoveries) < READY_WITHIN
