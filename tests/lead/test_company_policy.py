"""The company's document: its zone is that of the data, whoever asks for another one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from clinch.run.postgres import Postgres
from lead_svc.service import service
from shared.auth import SYSTEM
from shared.db.context import Context
from shared.db.database import Database
from shared.events.policy import PolicyActivated
from shared.policy import store
from shared.policy.company import COMPANY_POLICY
from tests.harness import Running, running

PATH = "/v1/policies/company"


@pytest.fixture
async def lead(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres, time_zone="Asia/Shanghai") as started:
        yield started


async def test_a_draft_with_another_zone_is_refused_and_told_how_it_is_changed(lead: Running) -> None:
    async with lead.client("sales_ops") as client:
        refused = await client.post(f"{PATH}/versions", json={"document": {"zone": "Europe/Berlin"}})
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"]) == (422, "/document/zone")
    assert "kept in Asia/Shanghai: `clinch rezone --time-zone Europe/Berlin`" in error["message"]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"country": "China"}, "/document/country"),
        ({"overrides": {"2026-13-01": "holiday"}}, "/document/overrides/2026-13-01/[key]"),
        ({"hours": [{"begins": "18:00", "ends": "09:00"}]}, "/document/hours/0"),
        ({"week": ["monday", "monday"]}, "/document/week"),
        ({"week": []}, "/document/week"),
        ({"sources": ["Trade Show"]}, "/document/sources"),
    ],
)
async def test_a_calendar_that_cannot_be_is_refused(lead: Running, document: object, pointer: str) -> None:
    async with lead.client("sales_ops") as client:
        refused = await client.post(f"{PATH}/versions", json={"document": document})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_days_that_differ_are_kept(lead: Running) -> None:
    days = {"2026-10-01": "holiday", "2026-10-10": "working"}
    async with lead.client("sales_ops") as client:
        made = await client.post(f"{PATH}/versions", json={"document": {"country": "CN", "overrides": days}})
    assert (made.status_code, made.json()["document"]["overrides"]) == (201, days)


async def test_after_a_change_of_the_zone_the_active_document_says_the_new_one_and_drafts_follow(lead: Running) -> None:
    async with lead.client("sales_ops") as client:
        await client.post(f"{PATH}/versions", json={"document": {"country": "CN"}})
    moved = Database(lead.settings.model_copy(update={"time_zone": "Europe/Berlin"}), "lead-svc")
    await moved.start()
    try:
        for _ in range(2):  # the next start finds it done
            await store.begin(moved, [COMPANY_POLICY], Context("lead-svc", SYSTEM, datetime(2026, 4, 1, tzinfo=UTC), "start"))
        async with moved.read() as db:
            assert (db.policy(COMPANY_POLICY).zone, db.policy(COMPANY_POLICY).version) == ("Europe/Berlin", 3)
            rows = await db.rows("SELECT number, state, based_on, document ->> 'zone' AS zone FROM policy_version ORDER BY number")
    finally:
        await moved.stop()
    assert [tuple(row) for row in rows] == [
        (1, "retired", 0, "Asia/Shanghai"),
        (2, "draft", 3, "Europe/Berlin"),
        (3, "active", 1, "Europe/Berlin"),
    ]
    assert [e.data.version for e in await lead.told(PolicyActivated) if isinstance(e.data, PolicyActivated)] == [1, 3]
