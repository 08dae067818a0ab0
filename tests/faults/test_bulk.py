"""kill -9 in the middle of an act with many leads: each is done once or refused once, and the next worker goes on behind it."""

from typing import Any

import httpx
import pytest

from tests.faults.history import GIVE_UP
from tests.faults.replicas import Replicas
from tests.faults.test_handover import COMMIT, crash, hired
from tests.flow.system import eventually

LEADS, KEPT = 300, 20
"""`KEPT` of them are the new owner's already, and refused."""
NOTED, MOVED = b"UPDATE bulk_record", b"UPDATE bulk_job"
POINTS = [
    ("before it notes what became of them", NOTED, b"", False),
    ("before it notes how far it is", MOVED, b"", False),
    ("before its commit", COMMIT, MOVED, False),
    ("after its commit, before it knows", COMMIT, MOVED, True),
]


async def test_a_worker_killed_in_the_middle_of_a_batch(services: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": f"Bearer {services.token}"}
    [api] = await services.start("lead", "api", 1)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", headers=headers, timeout=GIVE_UP) as client:
        ann, bob = [await hired(client, name) for name in ("ann", "bob")]
        leads = [{"source": "web", "title": f"lead {n}", "owner_id": bob if n < KEPT else ann} for n in range(LEADS)]
        for at in range(0, LEADS, 100):
            made = await client.post("/v1/leads/bulk", json={"items": leads[at : at + 100]}, headers={"Idempotency-Key": str(at)})
            assert made.is_success, made.text
        body = {"filter": {"source": "web"}, "owner_id": bob}
        asked = await client.post("/v1/leads/bulk-assign", json=body, headers={"Idempotency-Key": "all"})
        assert asked.status_code == 202, asked.text
        for _, word, first, passed in POINTS:
            await crash(services, word, first, passed)
        await services.start("lead", "worker", 1)
        shown = await eventually(lambda: finished(client, asked.headers["Location"]))
    assert (shown["state"], shown["total"], shown["done"], shown["refused"]) == ("done", LEADS, LEADS - KEPT, KEPT)
    told = await services.values("lead", "SELECT count(*) FROM event WHERE type = 'clinch.lead.assigned.v1' GROUP BY subject")
    assert told == [1] * (LEADS - KEPT)
    outcomes = "SELECT outcome || count(*) FROM bulk_record GROUP BY outcome ORDER BY 1"
    assert await services.values("lead", outcomes) == [f"done{LEADS - KEPT}", f"refused{KEPT}"]
    assert await services.values("lead", f"SELECT count(*) FROM lead WHERE owner_id <> '{bob}'") == [0]
    assert "All invariants hold" in await services.verified()
    with capsys.disabled():
        print(f"\n  killed {len(POINTS)} times: a worker with an act for many leads, " + "; ".join(what for what, *_ in POINTS))


async def finished(client: httpx.AsyncClient, path: str) -> Any:
    """The job, once it has ended."""
    shown = (await client.get(path)).json()
    return shown if shown["finished_at"] else None
