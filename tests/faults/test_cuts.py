"""A connection is cut in mid-commit, and the request repeated with its key: one effect, one answer (quality.md §2, F6)."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.faults.history import GIVE_UP
from tests.faults.proxy import Trap, to_port, to_postgres
from tests.faults.replicas import Replicas

ROUNDS = 6
WHERE = [
    ("the database", "before the commit"),
    ("the database", "after the commit"),
    ("the caller", "before the request"),
    ("the caller", "before the answer"),
]


async def test_a_request_that_is_cut_in_mid_commit_has_one_effect_and_one_answer(
    services: Replicas, capsys: pytest.CaptureFixture[str]
) -> None:
    said, replays = Counter[str](), Counter[tuple[str, str]]()
    url = services.databases["lead"]
    async with to_postgres(url) as inner:
        [api] = await services.start("lead", "api", 1, CLINCH_DATABASE_URL=inner.database(url))
        headers = {"Authorization": f"Bearer {services.token}"}
        async with to_port(api.port) as outer, httpx.AsyncClient(base_url=outer.origin, headers=headers, timeout=GIVE_UP) as client:

            async def cut(place: str, moment: str, asked: httpx.Request) -> Any:
                """The answer in the end."""
                key = asked.headers["Idempotency-Key"].encode()
                passed = moment in ("after the commit", "before the answer")
                trap = inner.trap(b"COMMIT;", passed=passed) if place == "the database" else outer.trap(key, passed=passed)
                said[await told(client, asked, trap)] += 1
                answer = await acknowledged(client, asked)
                replayed = answer.headers.get("idempotency-replayed") == "true"
                assert replayed == passed, (place, moment)
                replays[place, moment] += replayed
                again = await client.send(asked)
                assert (again.status_code, again.json(), again.headers["etag"]) == (
                    answer.status_code,
                    answer.json(),
                    answer.headers["etag"],
                )
                return answer.json()

            for n in range(ROUNDS):
                for place, moment in WHERE:
                    key = f"{n} {place} {moment}"
                    new = {"source": "web", "title": key}
                    lead = await cut(place, moment, client.build_request("POST", "/v1/leads", json=new, headers={"Idempotency-Key": key}))
                    # Without the key the second attempt would find another version than it expects.
                    change = {"Idempotency-Key": f"{key}, changed", "If-Match": f'"{lead["version"]}"'}
                    path = f"/v1/leads/{lead['id']}"
                    changed = await cut(place, moment, client.build_request("PATCH", path, json={"title": f"{key}!"}, headers=change))
                    assert changed["version"] == lead["version"] + 1
    await services.start("lead", "worker", 1)
    await services.start("metrics", "worker", 1)
    await services.verified()
    there = Counter(await services.values("lead", "SELECT title FROM lead"))
    with capsys.disabled():
        print(f"\n  {sum(said.values())} requests cut: " + ", ".join(f"{what} {n} times" for what, n in said.items()))
        print("  answered by the key: " + ", ".join(f"{place} {moment} {n}" for (place, moment), n in replays.items()))
    assert there == Counter({f"{n} {place} {moment}!": 1 for n in range(ROUNDS) for place, moment in WHERE})
    assert said.keys() == {"503 unavailable", "nothing"}


async def told(client: httpx.AsyncClient, asked: httpx.Request, trap: Trap) -> str:
    """What the caller hears of a request that is cut in the trap."""
    asking = asyncio.create_task(client.send(asked))
    await trap.sprung()
    trap.cut()
    try:
        answer = await asking
    except httpx.TransportError:
        return "nothing"
    return f"{answer.status_code} {answer.json().get('code')}"


async def acknowledged(client: httpx.AsyncClient, asked: httpx.Request) -> httpx.Response:
    """The answer once it is one: not `the first is still running`, nor `try again`."""
    async with asyncio.timeout(GIVE_UP):
        while (answer := await client.send(asked)).status_code == 503 or answer.json().get("code") == "key_in_use":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert answer.is_success, answer.text
    return answer
