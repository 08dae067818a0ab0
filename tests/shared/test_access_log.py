"""Reads of personal data are logged by what the answer shows: who, what, when, why; not what the reader sees masked."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute

from clinch.run.postgres import Postgres
from clinch.run.services import load
from clinch.run.settings import SERVICES
from lead_svc.service import service
from shared.clock import utcnow
from shared.http import access_log
from shared.http.access_log import reads_of, shown
from tests.client import Client
from tests.harness import Running, running


@pytest.fixture
async def svc(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as started:
        yield started


LEAD = {"source": "web", "company": "Acme", "contact_name": "Anna Berg", "email": "anna@acme.example"}


async def entries(svc: Running) -> list[Any]:
    await svc.app.state.access_log.flush()
    async with svc.db.read() as db:
        return await db.rows("SELECT * FROM access_log ORDER BY at, id")


async def test_a_read_says_who_what_when_and_why(svc: Running) -> None:
    desk = Client(svc)
    lead = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    async with svc.client("rep", "ann") as ann:
        read = await ann.get(f"/v1/leads/{lead['id']}", headers={"Access-Reason": "a call at three"})
        assert read.status_code == 200
        await ann.get("/v1/leads", params={"q": "anna", "state": "captured"})
        await ann.get(f"/v1/leads/{lead['id']}/timeline")
    one, listed, timeline = await entries(svc)
    assert (str(one["actor_id"]), one["actor_role"], one["operation"]) == (desk.id("rep:ann"), "rep", "get_lead")
    assert (str(one["record_id"]), one["request_id"]) == (lead["id"], read.headers["X-Trace-Id"])
    assert (one["reason"], listed["reason"]) == ("a call at three", None)
    assert utcnow() - one["at"] < timedelta(minutes=1)
    assert (listed["operation"], listed["record_id"], listed["records"], listed["query"]) == ("list_leads", None, 1, "q=...&state=captured")
    assert (timeline["operation"], str(timeline["record_id"])) == ("lead_timeline", lead["id"])


async def test_a_reason_that_is_too_long_is_refused_where_it_counts(svc: Running) -> None:
    desk = Client(svc)
    lead = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    async with svc.client("rep", "ann") as ann:
        for path in (f"/v1/leads/{lead['id']}", "/v1/leads"):
            answer = await ann.get(path, headers={"Access-Reason": "!" * (access_log.LONGEST_REASON + 1)})
            assert answer.status_code == 422
            assert (answer.json()["errors"][0]["pointer"], answer.json()["errors"][0]["code"]) == ("Access-Reason", "string_too_long")
        assert (await ann.get("/v1/leads", headers={"Access-Reason": "!" * access_log.LONGEST_REASON})).status_code == 200
    assert [entry["operation"] for entry in await entries(svc)] == ["list_leads"]


async def test_what_is_masked_or_not_shown_or_not_personal_is_not_logged(svc: Running) -> None:
    desk = Client(svc)
    lead = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    await desk.ask("auditor", "GET", f"/v1/leads/{lead['id']}")
    await desk.ask("rep:bob", "GET", f"/v1/leads/{lead['id']}", expect=404)
    await desk.ask("rep:ann", "GET", "/v1/team/teams")
    assert await entries(svc) == []


async def test_auditors_read_it_and_that_is_logged_too(svc: Running) -> None:
    desk = Client(svc)
    lead = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    other = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    for id in (lead["id"], other["id"], lead["id"]):
        await desk.ask("rep:ann", "GET", f"/v1/leads/{id}")
    await svc.app.state.access_log.flush()
    path = "/v1/operations/lead-svc/access-log"
    found = await desk.ask("auditor", "GET", path, record_id=lead["id"], actor_id=desk.id("rep:ann"), operation="get_lead")
    assert [entry["record_id"] for entry in found["items"]] == [lead["id"]] * 2
    for who in ("rep:ann", "manager", "ops", "legal"):
        await desk.ask(who, "GET", path, expect=403)
    await desk.ask("director", "GET", path)
    assert [entry["operation"] for entry in await entries(svc)][3:] == ["list_accesses"] * 2, "by the auditor and the director"


async def test_it_waits_for_the_database_and_drops_what_is_too_much(svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MOST", 3)
    desk = Client(svc)
    lead = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    before = access_log.DROPPED.labels("lead-svc")._value.get()
    async with svc.db.connection() as conn:
        await conn.execute("ALTER TABLE access_log RENAME TO away")
        for _ in range(5):
            await desk.ask("rep:ann", "GET", f"/v1/leads/{lead['id']}")
        await conn.execute("ALTER TABLE away RENAME TO access_log")
    assert len(await entries(svc)) == 3
    assert access_log.DROPPED.labels("lead-svc")._value.get() - before == 2


async def test_a_process_that_ends_writes_what_waits(svc: Running) -> None:
    desk = Client(svc)
    lead = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    await desk.ask("rep:ann", "GET", f"/v1/leads/{lead['id']}")
    await svc.app.state.access_log.aclose()
    async with svc.db.read() as db:
        assert await db.value("SELECT count(*) FROM access_log") == 1


async def test_what_is_older_than_policy_says_goes_in_steps(svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "STEP", 2)
    desk = Client(svc)
    lead = await desk.ask("rep:ann", "POST", "/v1/leads", LEAD, expect=201)
    for _ in range(6):
        await desk.ask("rep:ann", "GET", f"/v1/leads/{lead['id']}")
    await svc.app.state.access_log.flush()
    async with svc.db.connection() as conn:
        old = "UPDATE access_log SET at = at - interval '181 days' WHERE id IN (SELECT id FROM access_log ORDER BY id LIMIT 5)"
        await conn.execute(old)
    await access_log.forget_old(svc.db, 180)
    assert len(await entries(svc)) == 1


def test_a_query_is_kept_without_personal_values() -> None:
    given = b"q=anna&email=anna%40acme.example&email%5Bin%5D=x&region=north&cursor=secret"
    assert shown(given, frozenset({"email"})) == "q=...&email=...&email%5Bin%5D=...&region=north&cursor=..."


LOGGED = {
    "list_leads", "get_lead", "lead_timeline", "list_interactions", "list_contacts", "get_contact", "account_timeline",
    "list_deals", "get_deal", "deal_timeline", "list_spin", "list_committee", "list_proposals", "get_quote", "list_quotes",
    "get_contract", "list_contracts", "contract_timeline", "get_payment", "list_payments", "list_events", "stream_events",
    "get_leads_import_problems", "get_deals_import_problems",
}  # fmt: skip
"""Reads of personal data, or of what customers said, by whatever the answers' models say of their fields."""


@pytest.mark.parametrize("name", SERVICES)
def test_every_read_of_personal_data_is_logged(name: str) -> None:
    routes = [route for router in load(name).routers for route in router.routes if isinstance(route, APIRoute)]
    known = {route.name for route in routes}
    found = {route.name for route in routes if reads_of(route) is not None}
    assert known & LOGGED <= found
    assert not {n for n in found if n.startswith(("list_team", "list_product", "read_kpi"))}
