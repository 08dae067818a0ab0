"""Everything waits 200 ms for each answer and a fifth of all requests is cut: nothing is lost or doubled (quality.md §2, F7)."""

import asyncio

import httpx
import pytest

from tests.faults.history import GIVE_UP, History
from tests.faults.proxy import to_port, to_postgres
from tests.faults.replicas import Replicas
from tests.faults.writes import came_of
from tests.flow.system import eventually

LATENCY, RESETS = 0.2, 0.2
QUESTIONS = 5
"""That a request has for its database: begin, the key, the row, the events, commit."""
ACKNOWLEDGED, CUTS = 200, 60
"""Until there were so many of both, it goes on."""


@pytest.mark.parametrize("where", ["callers", "databases"])
async def test_a_bad_network_loses_and_doubles_nothing(services: Replicas, where: str, capsys: pytest.CaptureFixture[str]) -> None:
    history, loop = History(), asyncio.get_running_loop()
    bus = services.settings["CLINCH_BUS_URL"]
    async with to_postgres(bus) as inner:
        for service, command in (("lead", "api"), ("lead", "worker"), ("metrics", "worker")):
            by_way = {"CLINCH_DATABASE_URL": inner.database(services.databases[service]), "CLINCH_BUS_URL": inner.database(bus)}
            [process] = await services.start(service, command, 1, **by_way)
            if command == "api":
                api = process
        headers = {"Authorization": f"Bearer {services.token}"}
        async with to_port(api.port) as outer, httpx.AsyncClient(base_url=outer.origin, headers=headers, timeout=GIVE_UP) as client:

            async def known() -> float | None:
                """When all that is acknowledged is projected."""
                found = await services.values("metrics", "SELECT count(*) FROM lead_fact")
                return loop.time() if found == [len(history.acknowledged)] else None

            bad = outer if where == "callers" else inner
            bad.latency, bad.resets = LATENCY, RESETS if where == "callers" else RESETS / QUESTIONS
            started = loop.time()
            async with history.writing(client), asyncio.timeout(GIVE_UP):
                while len(history.acknowledged) < ACKNOWLEDGED or bad.cut < CUTS:  # noqa: ASYNC110 (nothing tells us)
                    await asyncio.sleep(0.1)
            took, cut = loop.time() - started, bad.cut
            bad.calm()
            calm = loop.time()
            outcome = await came_of(history, client, services.databases["lead"])
            projected = await eventually(known, GIVE_UP) - calm
        said = await services.verified()
    with capsys.disabled():
        print(f"\n  between the {where}: {cut} connections cut, {took:.0f} s" + outcome.shown + f"\n  projected after: {projected:.1f} s")
    assert not any(outcome.wrong.values()), outcome.wrong
    assert "All invariants hold" in said
    assert await services.values("metrics", "SELECT count(*) FROM lead_fact") == [len(history.acknowledged)]
