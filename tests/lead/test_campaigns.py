"""Campaigns: planned, paid for, corrected, imported, and the leads that they brought."""

import asyncio
from typing import Any

import httpx
import pytest

from lead_svc.campaigns.imports import SpendRow, run_imports, take
from lead_svc.campaigns.rules import CAMPAIGN_ACTS, SPEND_ACTS
from lead_svc.campaigns.tables import CAMPAIGNS, SPENDS
from lead_svc.checks import TOTALS
from shared import verify
from shared.auth import Role
from shared.events.campaign import CampaignChanged, CampaignPlanned, CampaignSpendCorrected, CampaignSpendRecorded
from shared.money import plain
from tests.acts import Acts
from tests.client import done
from tests.harness import Running
from tests.importing import imported
from tests.lead.desk import Desk
from tests.statements import counted

FAIR = {"name": "CRM Expo 2026", "source": "Trade Show", "medium": "stand", "starts_on": "2026-02-10", "ends_on": "2026-02-12"}
READERS = {"admin", "director", "ops", "sales_ops", "marketing", "auditor"}


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def version(number: int) -> dict[str, str]:
    return {"If-Match": f'"{number}"'}


async def planned(desk: Desk, **over: Any) -> dict[str, Any]:
    return done(await desk.by("marketing").post("/v1/campaigns", json=FAIR | over), 201)


async def spend(desk: Desk, campaign: dict[str, Any], status: int = 201, **said: Any) -> dict[str, Any]:
    body = {"starts_on": "2026-02-10", "ends_on": "2026-02-12", "amount": yuan("3000"), **said}
    return done(await desk.by("marketing").post(f"/v1/campaigns/{campaign['id']}/spend", json=body), status)


async def correct(desk: Desk, made: dict[str, Any], amount: dict[str, str], number: int = 1) -> httpx.Response:
    path = f"/v1/campaigns/{made['campaign_id']}/spend/{made['id']}/correct"
    return await desk.by("sales_ops").post(path, json={"amount": amount, "reason": "the final bill"}, headers=version(number))


async def test_a_campaign_is_planned_and_changed_and_each_is_told(desk: Desk, svc: Running) -> None:
    made = await planned(desk, budget=yuan("50000"))
    assert (made["source"], made["budget"], made["spent"]) == ("trade_show", yuan("50000.00"), yuan("0.00"))
    path = f"/v1/campaigns/{made['id']}"
    changed = await desk.by("marketing").patch(path, json={"budget": yuan("40000"), "region": "north"}, headers=version(1))
    assert (done(changed)["budget"], changed.json()["version"]) == (yuan("40000.00"), 2)
    same = await desk.by("marketing").patch(path, json={"budget": yuan("40000")}, headers=version(2))
    assert done(same)["version"] == 2, "the same again changes nothing"
    gone = await desk.by("marketing").patch(path, json={"budget": None}, headers=version(2))
    assert done(gone)["budget"] is None
    late = await desk.by("marketing").patch(path, json={"ends_on": "2026-02-09"}, headers=version(3))
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "before_start")
    told = [e.data for e in await svc.told(CampaignPlanned, CampaignChanged)]
    assert [type(e) for e in told] == [CampaignPlanned, CampaignChanged, CampaignChanged]
    assert [getattr(e, "changed", None) for e in told] == [None, ["budget", "region"], ["budget"]]


async def test_a_name_is_one_campaign_in_whatever_spelling(desk: Desk) -> None:
    await planned(desk)
    again = await asyncio.gather(
        *[desk.by("marketing").post("/v1/campaigns", json={"name": n}) for n in ("crm expo 2026", "CRM  EXPO 2026")]
    )
    assert [(a.status_code, a.json()["code"]) for a in again] == [(409, "name_taken")] * 2


async def test_two_who_plan_the_same_at_once_make_one(desk: Desk) -> None:
    answers = await asyncio.gather(*[desk.by("marketing").post("/v1/campaigns", json=FAIR) for _ in range(4)])
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]


async def test_spend_keeps_the_rate_of_the_spending_day(desk: Desk, svc: Running) -> None:
    """A late record of a closed month meets the rate of then, not today's; the billed amount and currency stay."""
    for day, rate in (("2026-01-01", "7.0"), ("2026-02-11", "7.5"), ("2026-03-01", "9.9")):
        done(await desk.by("finance").post("/v1/rates", json={"currency": "USD", "day": day, "rate": rate, "source": "ECB"}), 201)
    campaign = await planned(desk)
    made = await spend(desk, campaign, amount={"amount": "100", "currency": "USD"})
    assert (made["amount"], made["fx"], made["fx_day"]) == ({"amount": "100.00", "currency": "USD"}, "7.5", "2026-02-11")
    (told,) = await svc.told(CampaignSpendRecorded)
    assert (plain(told.data.fx), told.data.campaign, told.data.source, told.time.date().isoformat()) == (
        "7.5", "CRM Expo 2026", "trade_show", "2026-02-12",
    )  # fmt: skip
    seen = done(await desk.by("director").get(f"/v1/campaigns/{campaign['id']}"))
    assert seen["spent"] == yuan("750.00")
    (total,) = [total for total in TOTALS if total.says == "money spent, by campaign"]
    async with svc.db.connection() as conn:
        assert [tuple(row) for row in await conn.fetch(total.sql)] == [("CRM Expo 2026", 1, "750")]
    ahead = await spend(desk, campaign, starts_on="2026-06-01", ends_on="2026-06-30", amount={"amount": "1", "currency": "USD"})
    assert (ahead["fx"], ahead["fx_day"]) == ("9.9", "2026-03-01"), "paid ahead: the rate of today"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"ends_on": "2026-02-09"}, "before_start"),
        ({"ends_on": "2027-02-11"}, "too_many_days"),
        ({"amount": {"amount": "5", "currency": "JPY"}}, "no_fx_rate"),
        ({"amount": yuan("-1")}, "value_error"),
        ({"amount": yuan("0.001")}, "too_fine"),
    ],
)
async def test_what_cannot_be_spent(desk: Desk, said: dict[str, Any], code: str) -> None:
    found = await spend(desk, await planned(desk), 422, **said)
    assert found["errors"][0]["code"] == code


async def test_a_correction_is_a_record_of_its_own(desk: Desk, svc: Running) -> None:
    campaign = await planned(desk)
    made = await spend(desk, campaign)
    after = done(await correct(desk, made, yuan("2500")))
    assert (after["amount"], after["version"]) == (yuan("2500.00"), 2)
    assert [(c["previous"], c["amount"], c["reason"]) for c in after["corrections"]] == [
        (yuan("3000.00"), yuan("2500.00"), "the final bill")
    ]
    assert (await correct(desk, made, yuan("1"))).status_code == 412, "somebody corrected it meanwhile"
    assert done(await correct(desk, made, yuan("2500"), 2))["version"] == 2
    dollars = await correct(desk, made, {"amount": "1", "currency": "USD"}, 2)
    assert (dollars.status_code, dollars.json()["errors"][0]["code"]) == (422, "other_currency")
    back = done(await correct(desk, made, yuan("0"), 2))
    assert (back["amount"], len(back["corrections"])) == (yuan("0.00"), 2)
    told = [e.data for e in await svc.told(CampaignSpendCorrected)]
    assert [(str(e.previous.amount), str(e.amount.amount)) for e in told] == [("3000.0000", "2500"), ("2500.0000", "0")]
    other = await planned(desk, name="Another")
    elsewhere = await correct(desk, made | {"campaign_id": other["id"]}, yuan("7"), 3)
    assert elsewhere.status_code == 404


async def test_a_known_key_brings_its_record_to_the_amount(desk: Desk) -> None:
    campaign = await planned(desk)
    made = await spend(desk, campaign, external_id="bill 1")
    same = await spend(desk, campaign, 200, external_id="bill 1")
    assert (same["id"], same["version"]) == (made["id"], 1)
    other = await spend(desk, campaign, 200, external_id="bill 1", amount=yuan("9"))
    assert (other["version"], other["amount"], len(other["corrections"])) == (2, yuan("9.00"), 1)
    moved = await spend(desk, campaign, 409, external_id="bill 1", starts_on="2026-02-11")
    assert (moved["code"], "another first day" in moved["detail"]) == ("other_spend", True)


async def test_spend_comes_by_file_and_the_same_file_changes_nothing(desk: Desk, svc: Running) -> None:
    await planned(desk)
    head = "external_id,campaign,starts_on,ends_on,amount,currency,reference\n"
    raw = head + (
        "B-1,crm expo 2026,2026-02-10,2026-02-12,3000,CNY,stand\nB-2,CRM Expo 2026,2026-02-11,,10.50,EUR,\n"
        "B-3,Nobody planned,2026-02-11,,5,CNY,\nB-4,CRM Expo 2026,2026-02-11,2026-02-01,5,CNY,\nB-5,CRM Expo 2026,2026-02-11,,5,JPY,\n"
    )
    mapped = [f"{name}={name}" for name in head.strip().split(",")]

    async def sent(text: str) -> tuple[int, int, int, int]:
        job = await imported(svc, desk.by("marketing"), "/v1/imports/spend", run_imports, text, map=mapped)
        return job["created"], job["updated"], job["unchanged"], job["refused"]

    assert await sent(raw) == (2, 0, 0, 3)
    assert await sent(raw) == (0, 0, 2, 3)
    assert await sent(raw.replace("3000", "2800")) == (0, 1, 1, 3)
    assert len(await svc.told(CampaignSpendRecorded)) == 2
    (corrected,) = await svc.told(CampaignSpendCorrected)
    assert str(corrected.data.previous.amount) == "3000.0000"


async def test_many_lines_take_a_few_statements(desk: Desk, svc: Running) -> None:
    await planned(desk)

    def rows(amount: int) -> list[tuple[int, SpendRow]]:
        said = {"campaign": FAIR["name"], "starts_on": "2026-02-10", "currency": "CNY"}
        return [(n, SpendRow(external_id=f"B-{n}", amount=str(amount), **said)) for n in range(200)]

    for amount in (1, 2):
        async with svc.transaction() as tx:
            with counted() as statements:
                await take(tx, rows(amount), svc.settings)
                await tx.flush()
            assert len(statements) < 12


async def test_the_leads_that_a_campaign_brought(desk: Desk) -> None:
    campaign = await planned(desk)
    came = await desk.lead(campaign="CRM Expo 2026", company="Acme", contact_name="Anna Berg")
    other = await desk.lead(campaign="Another")
    path = f"/v1/campaigns/{campaign['id']}/leads"
    seen = done(await desk.by("marketing").get(path))["items"]
    assert [(lead["id"], lead["contact_name"]) for lead in seen] == [(came["id"], "Anna Berg")]
    later = {"signal_id": "s-1", "kind": "visit", "lead_id": other["id"], "campaign": "CRM Expo 2026"}
    assert (await desk.by("marketing").post("/v1/signals", json=later)).is_success
    assert {lead["id"] for lead in done(await desk.by("marketing").get(path))["items"]} == {came["id"], other["id"]}
    masked = done(await desk.by("auditor").get(path, params={"sort": "created_at"}))["items"]
    assert masked[0]["contact_name"] != "Anna Berg"


@pytest.mark.parametrize("role", [role.value for role in Role if role not in (Role.system, Role.service)])
async def test_who_sees_all_leads_sees_what_they_cost(desk: Desk, role: str) -> None:
    campaign = await planned(desk)
    await spend(desk, campaign)
    paths = ("/v1/campaigns", *[f"/v1/campaigns/{campaign['id']}{rest}" for rest in ("", "/spend", "/leads")])
    expected = 200 if role in READERS else 403
    assert [(await desk.by(role).get(path)).status_code for path in paths] == [expected] * 4


async def test_a_client_needs_its_scope(desk: Desk) -> None:
    for scope, read, write in (("leads.read", 403, 403), ("campaigns.read", 200, 403), ("campaigns.write", 200, 201)):
        client = desk.by(f"service={scope}:ads")
        assert (await client.get("/v1/campaigns")).status_code == read
        assert (await client.post("/v1/campaigns", json={"name": scope})).status_code == write


async def test_what_is_shown_as_allowed_is_what_the_routes_do(desk: Desk, svc: Running) -> None:
    campaign = await planned(desk)
    made = await spend(desk, campaign)
    path = f"/v1/campaigns/{campaign['id']}"

    async def one(who: str) -> Any:
        answer = await desk.raw(who, "GET", path)
        return answer.json() if answer.status_code == 200 else None

    async def of_spend(who: str) -> Any:
        answer = await desk.raw(who, "GET", f"{path}/spend")
        return answer.json()["items"][0] if answer.status_code == 200 else None

    async with svc.db.read() as db:
        rows = await db.get(CAMPAIGNS, campaign["id"]), await db.get(SPENDS, made["id"])
    for row, acts, read in zip(rows, (CAMPAIGN_ACTS, SPEND_ACTS), (one, of_spend), strict=True):
        held: Acts = Acts(desk, acts)
        await held.hold(row, [role.value for role in Role if role is not Role.system], read)
        held.complete()
    async with svc.db.connection() as conn:
        found = [finding async for finding in verify.run(conn, verify.atomicity(svc.service.metadata))]
    assert [finding.offenders for finding in found] == [0]
