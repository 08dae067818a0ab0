"""Cases whose right answer is a figure or a name: files in, and what every service makes of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from clinch.run.postgres import Postgres
from tests.cases.importing import FILES, OPEN
from tests.flow.system import System, eventually, whole_system


@pytest.fixture
async def system(postgres: Postgres) -> AsyncIterator[System]:
    async with whole_system(postgres) as started:
        yield started


async def bring(client: httpx.AsyncClient, things: str, name: str, **options: Any) -> dict[str, Any]:
    sent = await client.post(f"/v1/imports/{things}", params=options, content=(FILES / name).read_bytes())
    assert sent.status_code == 202, sent.text

    async def ended() -> Any:
        job = (await client.get(sent.headers["location"])).json()
        return job if job["state"] not in OPEN else None

    job: dict[str, Any] = await eventually(ended)
    assert job["state"] == "done", job
    return job


async def asked(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_date_without_a_time_counts_on_its_day_whatever_the_zone_of_the_file(system: System) -> None:
    async with system.client() as client:
        assert (await bring(client, "deals", "dates_only.csv", time_zone="Asia/Shanghai"))["created"] == 4

        async def counted() -> bool:
            by_month = {}
            for start, end in (
                ("2025-12-01", "2026-01-01"),
                ("2026-01-01", "2026-02-01"),
                ("2026-02-01", "2026-03-01"),
                ("2026-03-01", "2026-04-01"),
            ):
                counts = (await asked(client, "/v1/metrics/kpis/win_rate", **{"from": start, "to": end}))["total"]["counts"]
                by_month[start[:7]] = (counts["won"], counts["lost"])
            assert by_month == {"2025-12": (0, 1), "2026-01": (1, 0), "2026-02": (1, 0), "2026-03": (1, 0)}
            return True

        await eventually(counted)


async def test_spellings_of_a_source_are_one_source_in_leads_and_deals_and_in_filters(system: System) -> None:
    async with system.client() as client:
        await bring(client, "leads", "source_spelling_leads.csv")
        await bring(client, "deals", "source_spelling_deals.csv")
        for spelling in ("trade_show", "Trade Show", "trade-show"):
            assert len((await asked(client, "/v1/leads", source=spelling))["items"]) == 3
            assert len((await asked(client, "/v1/deals", source=spelling))["items"]) == 4
        assert len((await asked(client, "/v1/leads", source="GOOGLE"))["items"]) == 2

        async def counted() -> bool:
            groups = (await asked(client, "/v1/metrics/kpis/win_rate", by="source", **{"from": "2026-02-01", "to": "2026-03-01"}))["rows"]
            assert {group["group"]: group["counts"]["won"] for group in groups} == {"trade_show": 2}
            return True

        await eventually(counted)


async def test_spellings_of_an_account_are_one_account(system: System) -> None:
    async with system.client() as client:
        assert (await bring(client, "deals", "same_name_other_bytes.csv"))["created"] == 10
        deals = {deal["external_id"]: deal for deal in (await asked(client, "/v1/deals", limit=50))["items"]}
        assert deals["X-1"]["account_id"] == deals["X-2"]["account_id"]
        assert len({deals[f"X-{n}"]["account_id"] for n in (3, 4, 5, 6)}) == 1
        assert deals["X-9"]["account_id"] == deals["X-10"]["account_id"], "Straße and STRASSE differ by case only"
        assert len({deal["account_id"] for deal in deals.values()}) == 5


async def test_stages_of_another_system_are_taken_by_a_value_map(system: System) -> None:
    options = {
        "map": ["external_id=id", "stage=stage", "outcome=stage", "opened_at=opened", "closed_at=closed"],
        "value": [
            *(f"stage:{text}={stage}" for text, stage in {"Negotiation/Review": "negotiation", "Prospecting": "discovery"}.items()),
            *(f"stage:{text}={stage}" for text, stage in {"Closed Won": "won", "Closed Lost": "lost"}.items()),
            *(f"outcome:{text}=open" for text in ("Negotiation/Review", "Prospecting")),
            *(f"outcome:{text}={end}" for text, end in {"Closed Won": "won", "Closed Lost": "lost"}.items()),
        ],
    }
    async with system.client() as client:
        job = await bring(client, "deals", "other_crm_stages.csv", **options)
        assert (job["created"], job["refused"]) == (3, 1)
        job = await bring(client, "deals", "other_crm_stages.csv", **options, default="opened_at=2017-01-01")
        assert (job["created"], job["unchanged"], job["refused"]) == (1, 3, 0)
        deals = {deal["external_id"]: deal for deal in (await asked(client, "/v1/deals"))["items"]}
    assert {key: deal["stage"] for key, deal in deals.items()} == {"D-1": "negotiation", "D-2": "won", "D-3": "lost", "D-4": "discovery"}
    assert datetime.fromisoformat(deals["D-2"]["closed_at"]) == datetime(2017, 3, 1, tzinfo=UTC)
    assert datetime.fromisoformat(deals["D-4"]["opened_at"]) == datetime(2017, 1, 1, tzinfo=UTC)
