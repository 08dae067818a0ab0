"""The main job on real input: files in, figures out, through every service and the log."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clinch.run.postgres import Postgres
from tests.flow.system import System, eventually, whole_system

OLIST = Path(__file__).parents[2].parent / "shared" / "data" / "olist"
"""Real leads and outcomes (see the README there). They lie beside the project, never in it."""

LEADS = {"map": ["external_id=mql_id", "captured_at=first_contact_date", "source=origin"]}
DEALS = {
    "map": ["external_id=mql_id", "lead_external_id=mql_id", "closed_at=won_date", "owner=sr_id", "amount=declared_monthly_revenue"],
    "set": ["outcome=won"],
}
TABLE = {
    "organic search": (2296, 271), "paid search": (1586, 195), "social": (1350, 75), "unknown": (1099, 179), "direct traffic": (499, 56),
    "email": (493, 15), "referral": (284, 24), "other": (150, 4), "display": (118, 6), "other publicities": (65, 3), "(none)": (60, 14),
}  # fmt: skip


@pytest.fixture
async def system(postgres: Postgres) -> AsyncIterator[System]:
    async with whole_system(postgres) as started:
        yield started


async def imported(client: httpx.AsyncClient, things: str, raw: bytes, params: dict[str, Any]) -> dict[str, Any]:
    sent = await client.post(f"/v1/imports/{things}", params=params, content=raw)
    assert sent.status_code == 202, sent.text

    async def done() -> Any:
        job = (await client.get(f"/v1/imports/{things}/{sent.json()['id']}")).json()
        assert job["state"] != "failed", job
        return job if job["state"] == "done" else None

    job: dict[str, Any] = await eventually(done, 60)
    return job


async def funnel(client: httpx.AsyncClient, **params: str) -> dict[str, Any]:
    answer = await client.get("/v1/metrics/funnel", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def reached(group: dict[str, Any], step: str) -> int:
    return next(int(s["n"]) for s in group["steps"] if s["step"] == step)


def by_source(answer: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {g["group"]: (reached(g, "F1"), reached(g, "F8")) for g in answer["groups"]}


@pytest.mark.skipif(not OLIST.is_dir(), reason="the Olist files are not beside this checkout")
async def test_olist_shows_exactly_its_table(system: System) -> None:
    leads, deals = (OLIST / "marketing_qualified_leads.csv").read_bytes(), (OLIST / "closed_deals.csv").read_bytes()
    async with system.client() as client:
        first = await imported(client, "leads", leads, LEADS)
        won = await imported(client, "deals", deals, DEALS)
        assert (first["created"], first["refused"], won["created"], won["refused"]) == (8000, 0, 842, 0)

        async def table() -> Any:
            answer = await funnel(client, by="source")
            assert by_source(answer) == TABLE
            return answer

        answer = await eventually(table, 60)
        assert (reached(answer["total"], "F1"), reached(answer["total"], "F8")) == (8000, 842)
        assert answer["total"]["overall"] == pytest.approx(0.10525)

        cycle = (await client.get("/v1/metrics/kpis/sales_cycle")).json()["total"]["parts"]
        assert cycle["from_lead_mean"] == pytest.approx(49.10, abs=0.005)
        assert cycle["from_lead_median"] == pytest.approx(14.72, rel=0.02)

        again = [await imported(client, "leads", leads, LEADS), await imported(client, "deals", deals, DEALS)]
        assert [(j["created"], j["updated"]) for j in again] == [(0, 0), (0, 0)]
        assert by_source(await funnel(client, by="source")) == TABLE

        early = await funnel(client, as_of="2018-03-01")
        with (OLIST / "marketing_qualified_leads.csv").open() as file:
            known = {r["mql_id"] for r in csv.DictReader(file) if r["first_contact_date"] <= "2018-03-01"}
        with (OLIST / "closed_deals.csv").open() as file:
            closed = [r for r in csv.DictReader(file) if r["won_date"] < "2018-03-02" and r["mql_id"] in known]
        assert (reached(early["total"], "F1"), reached(early["total"], "F8")) == (len(known), len(closed))


SEVERAL_LEADS = b"external_id,captured_at,source\nML-1,2026-01-05,SEO\nML-2,2026-01-05,SEO\n"
SEVERAL_DEALS = b"""external_id,lead_external_id,opened_at,closed_at,outcome,amount
MD-1,ML-1,2026-01-10,2026-02-01,won,10
MD-2,ML-1,2026-01-11,2026-02-02,won,20
MD-3,ML-1,2026-01-12,2026-02-03,lost,40
MD-4,ML-1,2026-01-13,,open,80
"""


async def test_several_deals_of_a_lead_are_one_customer(system: System) -> None:
    async with system.client() as client:
        for things, raw in (("leads", SEVERAL_LEADS), ("deals", SEVERAL_DEALS)):
            assert (await imported(client, things, raw, {}))["refused"] == 0

        async def counted() -> Any:
            answer = (await funnel(client))["total"]
            steps = {s["step"]: (s["n"], s["deals"], s["value"]) for s in answer["steps"]}
            assert [steps[k][0] for k in ("F1", "F3", "F4", "F8")] == [2, 1, 1, 1]
            assert (steps["F4"], steps["F8"]) == ((1, 4, "150.00"), (1, 2, "30.00"))
            return answer

        assert (await eventually(counted, 60))["overall"] == 0.5
        assert (await client.get("/v1/metrics/kpis/lead_to_customer")).json()["total"]["value"] == 0.5
        listed = (await client.get("/v1/metrics/funnel/records", params={"step": "F8"})).json()["items"]
        assert [(r["external_id"], len(r["deals"])) for r in listed] == [("ML-1", 4)]


DATES_ONLY = b"""external_id,opened_at,closed_at,outcome,amount
DO-1,2025-12-01,2026-03-01,won,1
DO-2,2025-12-01,2026-02-28,won,10
DO-3,2025-12-01,2026-01-01,won,100
DO-4,2025-12-01,2025-12-31,lost,1000
"""


async def test_a_date_without_a_time_counts_on_that_day_of_the_company(system: System) -> None:
    """Whatever the zone of the file: a win of the first of a month is none of the month before."""
    async with system.client() as client:
        assert (await imported(client, "deals", DATES_ONLY, {"time_zone": "Asia/Shanghai"}))["created"] == 4

        async def counted() -> Any:
            rows = (await client.get("/v1/metrics/kpis/win_rate", params={"grain": "month"})).json()["rows"]
            assert [(r["start"][:7], r["counts"]["won"], r["counts"]["lost"]) for r in rows] == [
                ("2025-12", 0, 1), ("2026-01", 1, 0), ("2026-02", 1, 0), ("2026-03", 1, 0),
            ]  # fmt: skip
            return rows

        await eventually(counted, 60)
