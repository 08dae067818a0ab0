"""What a list names beside its items when asked: each record once, as far as the reader sees it, by one statement for each kind."""

from typing import Any
from uuid import UUID

from shared.db.tx import Reader
from shared.events.deal import DealOpened
from tests.harness import Running
from tests.lead.desk import WHO, Desk
from tests.lead.test_search_told import AMOUNT
from tests.statements import counted

ALL = "account,contact,deal,owner"


async def converted(desk: Desk, svc: Running, owner: str = "ann", **who: Any) -> dict[str, Any]:
    """Ann's lead whose deal somebody owns."""
    lead = await desk.sql(**who)
    now = await desk.act(lead, "convert", amount={"amount": "1000", "currency": "CNY"})
    of = {name: UUID(now[name]) for name in ("conversion_id", "account_id")}
    opened = DealOpened(name="Northern Lights", lead_id=UUID(lead["id"]), owner_id=svc.person(subject=owner), **of, **AMOUNT)
    await svc.hear(opened, UUID(now["deal_id"]))
    return await desk.see(lead)


async def test_leads_name_their_account_contact_deal_and_owner(desk: Desk, svc: Running) -> None:
    lead = await converted(desk, svc)
    page = await desk.ask("ann", "GET", "/v1/leads", embed=ALL)
    assert page["accounts"] == [{"id": lead["account_id"], "name": "Acme Ltd", "owner_id": desk.id("ann")}]
    assert page["contacts"] == [{"id": lead["contact_id"], "name": "Anna Berg", "account_id": lead["account_id"]}]
    assert page["deals"] == [{"id": lead["deal_id"], "name": "Northern Lights", "stage": "discovery"}]
    assert [one["name"] for one in page["owners"]] == ["Ann"]
    chosen = await desk.ask("ann", "GET", "/v1/leads", embed="deal", fields="id")
    assert (chosen["deals"], chosen["items"]) == (page["deals"], [{"id": lead["id"]}])
    assert page.keys() == {"items", "next_cursor", "accounts", "contacts", "deals", "owners"}
    assert (await desk.ask("ann", "GET", "/v1/leads")).keys() == {"items", "next_cursor"}


async def test_who_sees_accounts_masked_is_told_masked_names(desk: Desk, svc: Running) -> None:
    await converted(desk, svc)
    page = await desk.ask("auditor", "GET", "/v1/leads", embed=ALL)
    assert ([one["name"] for one in page["contacts"]], len(page["accounts"])) == (["A*** B***"], 1)


async def test_a_deal_that_the_reader_may_not_see_is_not_named(desk: Desk, svc: Running) -> None:
    lead = await converted(desk, svc, owner="sue")
    page = await desk.ask("ann", "GET", "/v1/leads", embed=ALL)
    assert (page["items"][0]["deal_id"], page["deals"]) == (lead["deal_id"], [])
    assert [one["id"] for one in (await desk.ask("eva", "GET", "/v1/leads", embed="deal"))["deals"]] == [lead["deal_id"]]


async def test_a_page_of_many_takes_as_many_statements_as_a_page_of_one(desk: Desk, svc: Running) -> None:
    for n in range(3):
        await converted(desk, svc, **WHO | {"email": f"anna{n}@acme.example", "company": f"Acme {n}"})
    with counted(Reader) as one:
        await desk.ask("eva", "GET", "/v1/leads", embed=ALL, limit=1)
    with counted(Reader) as many:
        page = await desk.ask("eva", "GET", "/v1/leads", embed=ALL)
    assert [len(page[beside]) for beside in ("items", "accounts", "contacts", "deals", "owners")] == [3, 3, 3, 3, 1]
    assert len(many) == len(one)


async def test_contacts_name_their_accounts_and_signals_their_leads(desk: Desk, svc: Running) -> None:
    lead = await converted(desk, svc)
    contacts = await desk.ask("ann", "GET", "/v1/contacts", embed="account", id=lead["contact_id"])
    assert [one["id"] for one in contacts["items"]] == [lead["contact_id"]]
    assert [one["name"] for one in contacts["accounts"]] == ["Acme Ltd"]
    sent = {"signal_id": "web-1", "lead_id": lead["id"], "kind": "download"}
    await desk.ask("marketing", "POST", "/v1/signals", sent, expect=201)
    for path in ("/v1/signals", f"/v1/leads/{lead['id']}/signals"):
        page = await desk.ask("ann", "GET", path, embed="lead")
        assert page["leads"] == [{"id": lead["id"], "title": "CRM for Acme", "company": "Acme Ltd", "state": lead["state"]}]


async def test_what_a_list_cannot_embed_is_refused_by_name(desk: Desk) -> None:
    refused = await desk.ask("eva", "GET", "/v1/leads", embed="owner,quote", expect=422)
    assert refused["errors"][0]["pointer"] == "embed"
    assert "account, contact, deal, owner" in refused["errors"][0]["message"]
    await desk.ask("eva", "GET", "/v1/campaigns", embed="owner", expect=422)


async def test_accounts_and_contacts_are_looked_up_by_their_ids(desk: Desk) -> None:
    made = [await desk.ask("ann", "POST", "/v1/accounts", {"name": name}, expect=201) for name in ("One", "Two", "Three")]
    asked = ",".join(one["id"] for one in made[:2])
    assert {one["name"] for one in (await desk.ask("ann", "GET", "/v1/accounts", id=asked))["items"]} == {"One", "Two"}
