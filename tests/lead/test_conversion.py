"""Handing a lead over to deal-svc, what deal-svc answers, and history that an import of deals tells."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from clinch.run.postgres import Postgres
from lead_svc.service import service
from shared.auth import person_id
from shared.events.deal import ConversionRefused, DealLeadJoined, DealOpened, DealWon
from shared.events.envelope import Event, Money
from shared.events.lead import LeadCaptured, LeadConversionConfirmed, LeadConversionRefused, LeadConverted, LeadFlagged, LeadStubbed
from shared.events.party import AccountCreated, ContactCreated
from shared.events.team import PersonAdded
from shared.ids import external_id, new_id
from tests.client import codes, done
from tests.harness import Running, running
from tests.lead.desk import Desk

AMOUNT = {"amount": Money(amount=Decimal(100), currency="CNY"), "fx": Decimal(1)}
WON = datetime(2026, 1, 20, 12, tzinfo=UTC)


async def test_converting_makes_account_and_contact_from_the_leads_own_data(desk: Desk, svc: Running) -> None:
    lead = await desk.sql(product="crm", region="north")
    body = {"amount": {"amount": "1200.50", "currency": "EUR"}, "expected_close_on": "2026-06-30", "deal_name": "CRM"}
    sent = await desk.act(lead, "convert", **body)
    assert sent["state"] == "converting"
    assert (await desk.by("ann").get(f"/v1/accounts/{sent['account_id']}")).status_code == 404, "until the deal is open"
    assert not await svc.told(AccountCreated, ContactCreated)
    await opened(svc, sent)
    account = done(await desk.by("ann").get(f"/v1/accounts/{sent['account_id']}"), 200)
    contact = done(await desk.by("ann").get(f"/v1/contacts/{sent['contact_id']}"), 200)
    assert (account["name"], account["owner_id"], account["region"]) == ("Acme Ltd", desk.id("ann"), "north")
    assert (contact["name"], contact["email"], contact["account_id"]) == ("Anna Berg", "anna@acme.example", account["id"])
    (told,) = await svc.told(LeadConverted)
    data = told.data
    assert (str(data.deal_id), str(data.conversion_id)) == (sent["deal_id"], sent["conversion_id"])
    assert (str(data.account_id), data.account_name, [str(c) for c in data.contact_ids]) == (account["id"], "Acme Ltd", [contact["id"]])
    assert (data.deal_name, data.deal_amount, data.closes_on) == (
        "CRM",
        Money(amount=Decimal("1200.50"), currency="EUR"),
        date(2026, 6, 30),
    )
    assert (data.amount, data.currency, data.expected_close_on) == ("1200.50", "EUR", "2026-06-30"), "for readers of before"
    assert (data.product, data.region, str(data.owner_id), data.joins_existing) == ("crm", "north", desk.id("ann"), False)
    assert data.bant["need"] == "confirmed"
    assert not {"evidence", "by"} & set(data.bant), "words of people are in no event"
    for event in await svc.told(AccountCreated, ContactCreated, LeadConverted):
        assert "anna" not in event.data.model_dump_json().lower()


async def opened(svc: Running, sent: dict[str, Any]) -> None:
    """deal-svc has opened the deal that was asked for."""
    told = DealOpened(
        lead_id=sent["id"], conversion_id=sent["conversion_id"], account_id=sent["account_id"], account_name=sent["company"], **AMOUNT
    )
    await svc.hear(told, UUID(sent["deal_id"]))


async def everything_known(desk: Desk) -> list[int]:
    """How many accounts and contacts there are."""
    lists = [done(await desk.by("eva").get(f"/v1/{name}", params={"count": "exact"}), 200) for name in ("accounts", "contacts")]
    return [found["count"] for found in lists]


async def test_a_refusal_leaves_no_account_and_no_contact(desk: Desk, svc: Running) -> None:
    lead = await desk.sql()
    sent = await desk.act(lead, "convert", deal_id=str(new_id()))
    await svc.hear(ConversionRefused(lead_id=sent["id"], deal_id=sent["deal_id"], reason="No."), UUID(sent["conversion_id"]))
    back = await desk.see(lead)
    assert (back["account_id"], back["contact_id"], await everything_known(desk)) == (None, None, [0, 0])
    account = done(await desk.by("ann").post("/v1/accounts", json={"name": "Other"}), 201)
    sent = await desk.act(back, "convert", account_id=account["id"])
    await svc.hear(ConversionRefused(lead_id=sent["id"], deal_id=sent["deal_id"], reason="No."), UUID(sent["conversion_id"]))
    back = await desk.see(lead)
    assert (back["account_id"], back["contact_id"], await everything_known(desk)) == (account["id"], None, [1, 0])
    sent = await desk.act(back, "convert")
    await opened(svc, sent)
    won = await desk.see(lead)
    assert (won["state"], won["account_id"], won["contact_id"], await everything_known(desk)) == (
        "converted", account["id"], sent["contact_id"], [1, 1],
    )  # fmt: skip
    assert done(await desk.by("ann").get(f"/v1/contacts/{won['contact_id']}"), 200)["account_id"] == account["id"]
    (told,) = await svc.told(LeadConversionConfirmed)
    assert (str(told.data.account_id), str(told.data.contact_id)) == (won["account_id"], won["contact_id"])


async def test_an_account_of_the_same_name_is_offered_and_joined_when_the_caller_says_so(desk: Desk, svc: Running) -> None:
    known = done(await desk.by("ann").post("/v1/accounts", json={"name": "ACME  Ltd", "region": "east"}), 201)
    lead = await desk.sql(company="\uff21cme ltd")
    for params in ({}, {"dry_run": "true"}):
        etag = {"If-Match": f'"{lead["version"]}"'}
        offer = done(await desk.by("ann").post(f"/v1/leads/{lead['id']}/convert", json={}, headers=etag, params=params), 409)
        assert (offer["code"], [(a["id"], a["name"], a["region"]) for a in offer["accounts"]]) == (
            "account_exists", [(known["id"], "ACME Ltd", "east")],
        )  # fmt: skip
    assert (await desk.see(lead))["state"] == "sql"
    sent = await desk.act(lead, "convert", join_account=True)
    assert (sent["account_id"], sent["state"]) == (known["id"], "converting")
    (told,) = await svc.told(LeadConverted)
    assert (str(told.data.account_id), told.data.account_name) == (known["id"], "ACME Ltd")
    await opened(svc, sent)
    assert await everything_known(desk) == [1, 1]


async def test_another_account_of_the_same_name_is_made_when_the_caller_says_so(desk: Desk, svc: Running) -> None:
    known = done(await desk.by("ann").post("/v1/accounts", json={"name": "Acme Ltd"}), 201)
    sent = await desk.act(await desk.sql(), "convert", join_account=False)
    assert sent["account_id"] != known["id"]
    await opened(svc, sent)
    assert await everything_known(desk) == [2, 1]
    third = await desk.sql()
    several = done(await desk.attempt(third, "convert", join_account=True), 409)
    assert (several["code"], {a["id"] for a in several["accounts"]}) == ("account_exists", {known["id"], sent["account_id"]})
    assert (await desk.act(third, "convert", account_id=known["id"]))["account_id"] == known["id"]


async def test_an_account_that_is_hidden_is_not_offered(desk: Desk) -> None:
    done(await desk.by("sue").post("/v1/accounts", json={"name": "Acme Ltd"}), 201)
    lead = await desk.sql()
    assert done(await desk.attempt(lead, "convert", "eva"), 409)["code"] == "account_exists"
    assert (await desk.act(lead, "convert", join_account=True))["state"] == "converting"


@pytest.mark.parametrize(("policy", "joined"), [("join", True), ("new", False)])
async def test_the_policy_decides_for_those_who_do_not_say(postgres: Postgres, policy: str, joined: bool) -> None:
    async with running(service, postgres, same_name_accounts=policy) as svc:
        desk = Desk(svc)
        await desk.hire()
        known = done(await desk.by("ann").post("/v1/accounts", json={"name": "Acme Ltd"}), 201)
        sent = await desk.act(await desk.sql(), "convert")
        assert (sent["account_id"] == known["id"]) is joined


async def test_a_renamed_account_is_found_by_its_new_name(desk: Desk) -> None:
    account = done(await desk.by("ann").post("/v1/accounts", json={"name": "Old"}), 201)
    path = f"/v1/accounts/{account['id']}"
    done(await desk.by("ann").patch(path, json={"name": "Acme Ltd"}, headers={"If-Match": '"1"'}), 200)
    lead = await desk.sql()
    assert done(await desk.attempt(lead, "convert"), 409)["accounts"][0]["id"] == account["id"]


async def test_a_repeat_gives_the_first_result_and_tells_nothing_new(desk: Desk, svc: Running) -> None:
    lead = await desk.sql()
    first = await desk.act(lead, "convert")
    etag = {"If-Match": f'"{lead["version"]}"'}
    again = done(await desk.by("ann").post(f"/v1/leads/{lead['id']}/convert", json={"deal_name": "Other"}, headers=etag), 200)
    assert (again["deal_id"], again["version"]) == (first["deal_id"], first["version"])
    assert len(await svc.told(LeadConverted)) == 1


async def test_a_first_conversion_wants_the_version(desk: Desk) -> None:
    lead = await desk.sql()
    stale = await desk.by("ann").post(f"/v1/leads/{lead['id']}/convert", json={}, headers={"If-Match": '"1"'})
    assert done(stale, 412)["current_version"] == lead["version"]


async def test_every_guard_of_converting(desk: Desk) -> None:
    early = await desk.qualifiable(company=None, contact_name=None)
    assert codes(await desk.attempt(early, "convert")) == {"wrong_state", "account", "contact"}
    lead = await desk.sql()
    for body, pointer in (
        ({"account_id": str(new_id())}, "/account_id"),
        ({"contact_id": str(new_id())}, "/contact_id"),
        ({"amount": {"amount": "1", "currency": "JPY"}}, "/amount/currency"),
    ):
        assert done(await desk.attempt(lead, "convert", **body), 422)["errors"][0]["pointer"] == pointer


async def test_the_contact_must_be_the_accounts_own(desk: Desk) -> None:
    lead = await desk.sql()
    ann = desk.by("ann")
    one = done(await ann.post("/v1/accounts", json={"name": "One"}), 201)
    two = done(await ann.post("/v1/accounts", json={"name": "Two"}), 201)
    contact = done(await ann.post("/v1/contacts", json={"name": "Tom", "account_id": two["id"]}), 201)
    refused = await desk.attempt(lead, "convert", account_id=one["id"], contact_id=contact["id"])
    assert done(refused, 422)["errors"][0]["code"] == "other_account"
    sent = await desk.act(lead, "convert", account_id=two["id"], contact_id=contact["id"])
    assert (sent["account_id"], sent["contact_id"]) == (two["id"], contact["id"])


async def test_the_deal_is_open_and_the_lead_converted(desk: Desk, svc: Running) -> None:
    sent = await desk.act(await desk.sql(), "convert")
    opened = DealOpened(lead_id=sent["id"], conversion_id=sent["conversion_id"], **AMOUNT)
    await svc.hear(opened, UUID(sent["deal_id"]))
    lead = await desk.see(sent)
    assert lead["state"] == "converted"
    await svc.hear(opened, UUID(sent["deal_id"]))
    assert (await desk.see(sent))["version"] == lead["version"]
    assert codes(await desk.attempt(lead, "", method="PATCH", account_id=None)) == {"converted"}


async def test_joining_an_open_deal_of_the_account(desk: Desk, svc: Running) -> None:
    deal = str(new_id())
    sent = await desk.act(await desk.sql(), "convert", deal_id=deal)
    (told,) = await svc.told(LeadConverted)
    assert (str(told.data.deal_id), told.data.joins_existing) == (deal, True)
    await svc.hear(DealLeadJoined(lead_id=sent["id"], conversion_id=sent["conversion_id"]), UUID(deal), 7)
    assert (await desk.see(sent))["state"] == "converted"


async def test_a_refusal_brings_the_lead_back_with_its_reason(desk: Desk, svc: Running) -> None:
    first = await desk.act(await desk.sql(), "convert", deal_id=str(new_id()))
    refused = ConversionRefused(lead_id=first["id"], deal_id=first["deal_id"], reason="The deal is closed.")
    await svc.hear(refused, UUID(first["conversion_id"]))
    back = await desk.see(first)
    assert (back["state"], back["refusal"], back["deal_id"]) == ("sql", "The deal is closed.", None)
    assert len(await svc.told(LeadConversionRefused)) == 1
    second = await desk.act(back, "convert")
    assert (second["state"], second["refusal"]) == ("converting", None)
    # Late answers to the first attempt change nothing.
    await svc.hear(refused, UUID(first["conversion_id"]), 2)
    await svc.hear(DealLeadJoined(lead_id=first["id"], conversion_id=first["conversion_id"]), UUID(first["deal_id"]), 3)
    assert (await desk.see(first))["version"] == second["version"]


# -- Imported history --------------------------------------------------------------------------------------------------------


def imported(**over: Any) -> DealOpened:
    known = {
        "lead_id": external_id("lead", "m-1"), "lead_external_id": "m-1", "owner_id": person_id("sr-9"), "owner_external_id": "sr-9",
        "account_id": external_id("account", "a-1"), "account_external_id": "a-1", "account_name": "Acme", "imported": True,
    }  # fmt: skip
    return DealOpened(**(known | over), **AMOUNT)


LEAD, DEAL = external_id("lead", "m-1"), external_id("deal", "d-1")


async def test_an_imported_deal_leaves_stubs_that_their_own_data_fill_up(desk: Desk, svc: Running) -> None:
    await svc.hear(imported(), DEAL, at=WON)
    stub = await desk.see({"id": LEAD})
    assert (stub["state"], stub["captured_at"], stub["imported"], stub["deal_id"]) == ("converted", None, True, str(DEAL))
    (stubbed,), (confirmed,) = await svc.told(LeadStubbed), await svc.told(LeadConversionConfirmed)
    assert (stubbed.data.external_id, stubbed.time, confirmed.time) == ("m-1", WON, WON)
    person = done(await desk.by("ann").get(f"/v1/team/people/{person_id('sr-9')}"), 200)
    account = done(await desk.by("admin").get(f"/v1/accounts/{stub['account_id']}"), 200)
    assert (person["imported"], account["imported"], account["name"]) == (True, True, "Acme")

    filled = await desk.by("marketing").post(
        "/v1/leads", json={"external_id": "m-1", "captured_at": "2025-12-01T00:00:00Z", "source": "social", "company": "Acme"}
    )
    lead = done(filled, 200)
    assert (lead["id"], lead["state"], lead["captured_at"], lead["source"]) == (str(LEAD), "converted", "2025-12-01T00:00:00Z", "social")
    assert (lead["imported"], lead["flags"]) == (False, [])
    (captured,) = await svc.told(LeadCaptured)
    assert captured.time == datetime(2025, 12, 1, tzinfo=UTC)
    named = await desk.by("admin").post("/v1/team/people", json={"name": "Sam", "role": "kam", "external_id": "sr-9"})
    assert (done(named, 200)["id"], named.json()["imported"]) == (person["id"], False)
    known = await desk.by("ops").post("/v1/accounts", json={"name": "Acme GmbH", "external_id": "a-1", "industry": "steel"})
    assert (done(known, 200)["id"], known.json()["imported"], known.json()["name"]) == (account["id"], False, "Acme GmbH")


async def test_an_imported_deal_converts_a_lead_that_is_known(desk: Desk, svc: Running) -> None:
    lead = await desk.lead("marketing", external_id="m-1", captured_at="2025-12-01T00:00:00Z")
    await svc.hear(imported(), DEAL, at=WON)
    known = await desk.see(lead)
    assert (known["state"], known["deal_id"], known["account_id"], known["flags"]) == (
        "converted", str(DEAL), str(external_id("account", "a-1")), [],
    )  # fmt: skip
    await svc.hear(imported(), external_id("deal", "d-2"), at=WON)
    again = await desk.see(lead)
    assert (again["deal_id"], again["version"]) == (str(DEAL), known["version"])
    assert not await svc.told(LeadStubbed)


@pytest.mark.parametrize("captured_first", [True, False])
async def test_won_before_the_first_contact_is_kept_and_flagged_in_either_order(desk: Desk, svc: Running, captured_first: bool) -> None:
    won = DealWon(lead_id=LEAD, from_stage="closing", cycle=1, opened_at=WON, seconds_in_stage=0, imported=True, **AMOUNT)

    async def capture() -> None:
        answer = await desk.by("marketing").post("/v1/leads", json={"external_id": "m-1", "captured_at": "2026-01-21T00:00:00Z"})
        done(answer, 201 if captured_first else 200)

    if captured_first:
        await capture()
    await svc.hear(imported(), DEAL, at=WON)
    await svc.hear(won, DEAL, 2, at=WON)
    if not captured_first:
        await capture()
    lead = await desk.see({"id": LEAD})
    assert (lead["state"], lead["flags"]) == ("converted", ["converted_before_capture", "won_before_first_contact"])
    await svc.hear(won, DEAL, 3, at=WON)
    assert sorted(t.data.flag for t in await svc.told(LeadFlagged)) == lead["flags"]
    found = done(await desk.by("eva").get("/v1/leads", params={"flag": "won_before_first_contact"}), 200)["items"]
    assert [item["id"] for item in found] == [str(LEAD)]
    assert lead["version"] == len(await svc.told(subject=LEAD))


@pytest.mark.parametrize(
    "event",
    [
        DealOpened(**AMOUNT),
        DealOpened(imported=True, **AMOUNT),
        DealWon(from_stage="closing", cycle=1, opened_at=WON, seconds_in_stage=0, **AMOUNT),
    ],
)
async def test_deals_without_a_lead_do_not_concern_us(desk: Desk, svc: Running, event: Event) -> None:
    before = len(await svc.told())
    await svc.hear(event, DEAL)
    assert len(await svc.told()) == before


async def test_an_owner_who_is_known_stays_as_he_is(desk: Desk, svc: Running) -> None:
    await svc.hear(imported(owner_id=person_id("ann"), owner_external_id="ann"), DEAL, at=WON)
    ann = done(await desk.by("ann").get("/v1/team/people/me"), 200)
    assert (ann["imported"], ann["version"]) == (False, 1)
    assert not [t for t in await svc.told(PersonAdded) if t.data.imported]
