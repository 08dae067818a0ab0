"""The list of leads is written from the columns: it must say what its documented model would."""

from urllib.parse import parse_qs, urlsplit

from lead_svc.leads.queries import LeadItem
from shared.http.page import Page
from tests.client import done
from tests.harness import Running
from tests.lead.desk import WHO, Desk

_FILL = """
UPDATE lead SET flags = '{"b": true, "a": true}', last_contact_at = '2026-01-05T10:00:00.120000Z', wake_at = '2026-02-01',
  account_id = uuidv7(), contact_id = uuidv7(), deal_id = uuidv7(), medium = 'mail', campaign = 'Spring', grade = 'A', imported = true
WHERE external_id = 'full'
"""
_SCORE = """
INSERT INTO lead_score (id, lead_id, points, told, scored_at, policy_version, version)
SELECT uuidv7(), id, 7, 0, now(), 1, 0 FROM lead WHERE external_id = 'full'
"""


async def _leads(desk: Desk, svc: Running) -> None:
    await desk.lead(external_id="full", **WHO)
    await desk.lead(company="Straße & Söhne \u2028")
    async with svc.db.connection() as conn:
        await conn.execute(_FILL)
        await conn.execute(_SCORE)


async def test_items_are_written_as_their_model_would_write_them(desk: Desk, svc: Running) -> None:
    await _leads(desk, svc)
    for query in ("", "?limit=1", "?count=exact", "?state=mql"):
        body = (await desk.by("eva").get(f"/v1/leads{query}")).content
        assert Page[LeadItem].model_validate_json(body).model_dump_json().encode() == body
    full = done(await desk.by("eva").get("/v1/leads?external_id=full"), 200)["items"][0]
    assert (full["flags"], full["contact_name"], full["score"]) == (["a", "b"], "Anna Berg", 7)


async def test_names_are_masked_and_fields_chosen(desk: Desk, svc: Running) -> None:
    await _leads(desk, svc)
    names = [i["contact_name"] for i in done(await desk.by("auditor").get("/v1/leads"), 200)["items"]]
    assert sorted(names, key=str) == ["A*** B***", None]
    chosen = done(await desk.by("eva").get("/v1/leads?fields=id,flags"), 200)["items"]
    assert all(item.keys() == {"id", "flags"} for item in chosen)


async def test_a_page_leads_to_the_next(desk: Desk, svc: Running) -> None:
    await _leads(desk, svc)
    first = await desk.by("eva").get("/v1/leads?limit=1&count=exact")
    page = done(first, 200)
    address = urlsplit(first.headers["link"].partition(">")[0].removeprefix("<"))
    assert (page["count"], parse_qs(address.query)["cursor"]) == (2, [page["next_cursor"]])
    last = done(await desk.by("eva").get(f"{address.path}?{address.query}"), 200)
    assert last["next_cursor"] is None
    assert {page["items"][0]["id"], last["items"][0]["id"]} == {i["id"] for i in done(await desk.by("eva").get("/v1/leads"), 200)["items"]}


async def test_a_page_names_the_owners_of_its_items_when_it_is_asked_to(desk: Desk, svc: Running) -> None:
    """Each once, of this page alone, whatever fields are chosen."""
    for by, company in (("sue", "One"), ("ann", "Two"), ("ann", "Three")):
        await desk.lead(by, company=company)
    page = await desk.ask("eva", "GET", "/v1/leads", embed="owner")
    assert [(one["id"], one["name"], one["active"]) for one in page["owners"]] == [
        (desk.id("ann"), "Ann", True),
        (desk.id("sue"), "Sue", True),
    ]
    assert {item["owner_id"] for item in page["items"]} == {one["id"] for one in page["owners"]}
    chosen = await desk.ask("eva", "GET", "/v1/leads", embed="owner", fields="id")
    assert (chosen["owners"], chosen["items"][0].keys()) == (page["owners"], {"id"})
    repeated = await desk.ask("eva", "GET", "/v1/leads", fields=["id", "company"], embed=["owner", "account"])
    assert {frozenset(item) for item in repeated["items"]} == {frozenset({"id", "company"})}, "as some clients write a list"
    assert (repeated["owners"], repeated["accounts"]) == (page["owners"], [])
    alone = await desk.ask("eva", "GET", "/v1/leads", embed="owner", limit=1)
    assert [one["name"] for one in alone["owners"]] == ["Ann"]
    assert "owners" not in await desk.ask("eva", "GET", "/v1/leads")
    assert (await desk.ask("eva", "GET", "/v1/leads", embed="owner", owner_id="none"))["owners"] == []
    await desk.ask("eva", "GET", "/v1/leads", embed="quote", expect=422)


async def test_accounts_name_their_owners_too(desk: Desk, svc: Running) -> None:
    await desk.ask("ann", "POST", "/v1/accounts", {"name": "Acme", "owner_id": desk.id("ann")}, expect=201)
    assert [one["name"] for one in (await desk.ask("eva", "GET", "/v1/accounts", embed="owner"))["owners"]] == ["Ann"]
    assert "owners" not in await desk.ask("eva", "GET", "/v1/accounts")
