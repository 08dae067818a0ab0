"""kill -9 in the middle of a hand-over: nothing is moved twice, nothing is left out, and the next worker goes on."""

from typing import Any

import httpx
import pytest

from tests.faults.history import GIVE_UP
from tests.faults.proxy import to_postgres
from tests.faults.replicas import Replicas
from tests.flow.system import eventually

LEADS = 500
COMMIT, MOVED = b"COMMIT;", b"UPDATE hand_over"
POINTS = [
    ("before it notes how far it is", MOVED, b"", False),
    ("before its commit", COMMIT, MOVED, False),
    ("after its commit, before it knows", COMMIT, MOVED, True),
]


async def test_a_worker_killed_in_the_middle_of_a_batch(services: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": f"Bearer {services.token}"}
    [api] = await services.start("lead", "api", 1)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", headers=headers, timeout=GIVE_UP) as client:
        ann, bob = [await hired(client, name) for name in ("ann", "bob")]
        leads = [{"source": "web", "title": f"lead {n}", "owner_id": ann} for n in range(LEADS)]
        for at in range(0, LEADS, 100):
            made = await client.post("/v1/leads/bulk", json={"items": leads[at : at + 100]}, headers={"Idempotency-Key": str(at)})
            assert made.is_success, made.text
        asked = await client.post(f"/v1/team/people/{ann}/hand-over", json={"to": bob, "kinds": ["leads"]}, headers={"If-Match": "*"})
        assert asked.status_code == 202, asked.text
        for _, word, first, passed in POINTS:
            await crash(services, word, first, passed)
        await services.start("lead", "worker", 1)
        shown = await eventually(lambda: finished(client, f"/v1/team/people/{ann}/hand-over/1"))
    assert [(part["part"], part["moved"], part["left"]) for part in shown["parts"]] == [("leads", LEADS, 0)]
    told = await services.values("lead", "SELECT count(*) FROM event WHERE type = 'clinch.lead.assigned.v1' GROUP BY subject")
    assert told == [1] * LEADS
    assert await services.values("lead", "SELECT count(*) FROM lead WHERE owner_id <> (SELECT to_id FROM hand_over LIMIT 1)") == [0]
    assert "All invariants hold" in await services.verified()
    with capsys.disabled():
        print(f"\n  killed {len(POINTS)} times: a worker that hands over, " + "; ".join(what for what, *_ in POINTS))


async def finished(client: httpx.AsyncClient, path: str) -> Any:
    """The hand-over, once it is done."""
    shown = (await client.get(path)).json()
    return shown if shown["done"] else None


async def hired(client: httpx.AsyncClient, name: str) -> str:
    answer = await client.post("/v1/team/people", json={"name": name, "role": "rep", "external_id": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def crash(services: Replicas, word: bytes, first: bytes, passed: bool) -> None:
    """Start a worker, have it come to this point of a batch, and kill it there."""
    async with to_postgres(services.settings["CLINCH_BUS_URL"]) as own:
        trap = own.trap(word, first=first, passed=passed)
        [victim] = await services.start("lead", "worker", 1, CLINCH_DATABASE_URL=own.database(services.databases["lead"]))
        await trap.sprung()
        await victim.kill()
        trap.cut()
