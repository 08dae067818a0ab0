"""A wrong history, imported again with `correct`: every figure is what a first import of the right one gives."""

from typing import Any

import httpx

from clinch.run.postgres import Postgres
from metrics_svc.rebuild.log import differing_rows
from shared.log.bus import open_bus
from shared.verify import atomicity
from tests.flow.system import System, eventually, whole_system
from tests.flow.test_imports import imported

LEADS = "external_id,captured_at,source\nL-1,2026-01-01,google\nL-2,2026-01-01,google\n"
HEAD = "external_id,lead_external_id,opened_at,proposal_at,negotiation_at,closed_at,outcome,lost_reason,amount,owner,account,source\n"
WRONG = HEAD + (
    "D-1,L-1,2025-11-20,2025-12-01,,2025-12-24,won,,5000,ann,Acme,\n"
    "D-2,L-2,2026-01-20,,2026-01-25,2026-02-01,lost,price,700,bob,Acme,\n"
    "D-3,,2026-01-10,,,,open,,100,ann,Blue,fair\n"
    "D-4,,2026-01-11,,,2026-01-31,won,,100,ann,Blue,fair\n"
)
RIGHT = HEAD + (
    "D-1,L-1,2026-01-05,2026-01-15,2026-01-20,2026-02-20,lost,timing,4000,ann,Acme,\n"
    "D-2,L-2,2026-01-21,2026-01-25,,2026-02-10,won,,900,ann,Acme,\n"
    "D-3,,2026-01-12,2026-01-13,,2026-02-11,won,,120,ann,Blue,seo\n"
    "D-4,,2026-01-11,,,2026-01-31,won,,100,ann,Blue,fair\n"
)
TABLES = ("deal_fact", "lead_fact", "visit_fact", "outcome_fact", "amount_fact", "goal_fact", "lead_goal_fact")


async def facts(system: System) -> dict[str, Any]:
    """All that figures are made of; cells that came back to nothing count as none."""
    async with system["metrics-svc"].db.connection() as conn:
        found: dict[str, Any] = {}
        for table in TABLES:
            rows = [dict(r) for r in await conn.fetch(f"SELECT * FROM {table}")]
            for row in rows:
                row.pop("history", None)  # the same amounts with more or fewer zeros
            found[table] = {(row.get("id") or row.get("deal_id") or row.get("lead_id"), row.get("n")): row for row in rows}
        for table, sums in (("cell", "n <> 0 OR amount <> 0 OR us <> 0"), ("cell_bucket", "n <> 0")):
            found[table] = sorted(tuple(r) for r in await conn.fetch(f"SELECT * FROM {table} WHERE {sums}"))
        return found


async def caught_up(system: System) -> None:
    """Nothing is on its way any more: outboxes empty, and what the log holds is read."""

    async def quiet() -> bool:
        for name in ("lead-svc", "deal-svc"):
            async with system[name].db.connection() as conn:
                if await conn.fetchval("SELECT count(*) FROM outbox"):
                    return False
        settings = system["metrics-svc"].settings
        bus = open_bus(settings.bus_url, client="test")
        await bus.start()
        try:
            for running in system.services.values():
                async with running.db.connection() as conn:
                    rows = await conn.fetch("SELECT topic, partition, next FROM consumer_offset")
                ends = await bus.end_offsets(sorted({r["topic"] for r in rows}))
                if not rows and running.service.name != "contract-svc":
                    return False
                if any(ends[r["topic"], r["partition"]] > r["next"] for r in rows):
                    return False
        finally:
            await bus.stop()
        return True

    for _ in range(3):  # an effect may tell something new
        await eventually(quiet)


async def flags(client: httpx.AsyncClient, path: str, flag: str) -> set[str]:
    answer = await client.get(path, params={"flag": flag})
    assert answer.status_code == 200, answer.text
    return {item["external_id"] for item in answer.json()["items"]}


async def test_every_figure_equals_a_first_import_of_the_right_history(postgres: Postgres) -> None:
    async with whole_system(postgres) as system, system.client() as client:
        await imported(client, "leads", LEADS.encode(), {})
        await imported(client, "deals", RIGHT.encode(), {})
        await caught_up(system)
        right = await facts(system)
    async with whole_system(postgres) as system, system.client() as client:
        await imported(client, "leads", LEADS.encode(), {})
        await imported(client, "deals", WRONG.encode(), {})
        await caught_up(system)
        assert await facts(system) != right
        assert await flags(client, "/v1/leads", "converted_before_capture") == {"L-1"}
        assert await flags(client, "/v1/deals", "converted_before_capture") == {"D-1"}
        refused = await imported(client, "deals", RIGHT.encode(), {})
        assert (refused["refused"], refused["unchanged"]) == (3, 1)

        job = await imported(client, "deals", RIGHT.encode(), {"correct": "true"})
        assert (job["updated"], job["unchanged"], job["refused"]) == (3, 1, 0)
        await caught_up(system)
        now = await facts(system)
        for table, expected in right.items():
            assert now[table] == expected, table
        assert await flags(client, "/v1/leads", "converted_before_capture") == set()
        assert await flags(client, "/v1/deals", "converted_before_capture") == set()
        again = await imported(client, "deals", RIGHT.encode(), {"correct": "true"})
        assert (again["updated"], again["unchanged"], again["refused"]) == (0, 4, 0)

        for name in ("lead-svc", "deal-svc"):
            async with system[name].db.connection() as conn:
                for check in [*system[name].service.checks, *atomicity(system[name].service.metadata)]:
                    assert await conn.fetch(check.sql) == [], check.says

        metrics = system["metrics-svc"]
        bus = open_bus(metrics.settings.bus_url, client="test")
        await bus.start()
        try:
            await caught_up(system)
            differ, events = await differing_rows(metrics.db, bus, metrics.settings)
        finally:
            await bus.stop()
        assert (differ, events > 0) == (0, True)
