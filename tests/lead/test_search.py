"""The search over all records: what is found, in which order, by whom, and that nobody finds by what they do not see."""

from pathlib import Path
from typing import Any

from lead_svc.search import filling
from lead_svc.search.recount import differing
from shared.clock import utcnow
from tests.client import done
from tests.harness import Running
from tests.lead.desk import WHO, Desk

SEARCH_PAGE = Path(__file__).parents[2] / "docs" / "search.md"


async def found(desk: Desk, q: str, by: str = "eva", **asked: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = done(await desk.by(by).get("/v1/search", params={"q": q, **asked}), 200)["items"]
    return items


async def names(desk: Desk, q: str, by: str = "eva", **asked: Any) -> list[str]:
    return [item["name"] for item in await found(desk, q, by, **asked)]


async def wrong(svc: Running) -> list[str]:
    """The records whose entry in the index is not what they say."""
    return [id async for _, ids in differing(svc.db) for id in ids]


async def account(desk: Desk, name: str, by: str = "ann", **given: Any) -> dict[str, Any]:
    return done(await desk.by(by).post("/v1/accounts", json={"name": name, **given}), 201)


async def contact(desk: Desk, account_id: str, by: str = "ann", **given: Any) -> dict[str, Any]:
    return done(await desk.by(by).post("/v1/contacts", json={"account_id": account_id, **given}), 201)


async def test_a_lead_is_found_by_what_it_says(desk: Desk) -> None:
    lead = await desk.lead(**WHO, external_id="web-77")
    for q in (
        "acme",
        "ACME LTD",
        "crm for",
        "ltd acme",
        "anna",
        "berg anna",
        "anna@acme",
        "30 123",
        "+4930123",
        "web-77",
        "a",
        "ＡＣＭＥ",
    ):
        assert [item["id"] for item in await found(desk, q)] == [lead["id"]], q
    for q in ("acne", "acme gmbh", "cme ltdx", "z", "100%", "web_77"):
        assert await found(desk, q) == [], q


async def test_chinese_is_found_like_english(desk: Desk) -> None:
    await desk.lead(company="上海华讯科技有限公司", title="年度续约")
    assert await names(desk, "华讯") == await names(desk, "科技 上海") == await names(desk, "上") == ["年度续约"]
    assert await names(desk, "北京") == await names(desk, "讯") == [], "one character is looked for where a word begins"


async def test_an_answer_says_what_was_found_and_where_to_read_it(desk: Desk) -> None:
    lead = await desk.lead(**WHO)
    (item,) = await found(desk, "acme")
    assert item == {
        "kind": "lead",
        "id": lead["id"],
        "name": "CRM for Acme",
        "number": None,
        "state": "captured",
        "owner_id": desk.id("ann"),
        "account_id": None,
        "deal_id": None,
        "matched": [
            {"field": "company", "text": "Acme Ltd"},
            {"field": "title", "text": "CRM for Acme"},
            {"field": "email", "text": "anna@acme.example"},
        ],
        "href": f"/v1/leads/{lead['id']}",
    }
    assert done(await desk.by("eva").get(item["href"]))["id"] == lead["id"]


async def test_the_best_come_first_and_of_equals_the_newest(desk: Desk) -> None:
    for title in ("Northern Lights Oy", "Lights", "Delights", "Lightship", "Lights of Rome"):
        await desk.lead(title=title)
    best = ["Lights", "Lights of Rome", "Lightship", "Northern Lights Oy", "Delights"]
    assert await names(desk, "lights") == best
    assert await names(desk, "light", limit=2) == ["Lights of Rome", "Lightship"]


async def test_kinds_can_be_chosen(desk: Desk) -> None:
    of = await account(desk, "Acme Holding", external_id="erp-1")
    await contact(desk, of["id"], name="Acme Smith")
    await desk.lead(company="Acme Ltd")
    kinds = {item["kind"] for item in await found(desk, "acme")}
    assert kinds == {"lead", "account", "contact"}
    assert [item["kind"] for item in await found(desk, "acme", kind="account")] == ["account"]
    two = done(await desk.by("eva").get("/v1/search?q=acme&kind=account&kind=contact"))["items"]
    assert {item["kind"] for item in two} == {"account", "contact"}
    assert [item["kind"] for item in await found(desk, "erp-1")] == ["account"]


async def test_bad_questions_are_refused(desk: Desk) -> None:
    for asked in (
        {},
        {"q": ""},
        {"q": "x" * 201},
        {"q": "acme", "kind": "ship"},
        {"q": "acme", "limit": 51},
        {"q": "acme", "sort": "name"},
    ):
        assert (await desk.by("eva").get("/v1/search", params=asked)).status_code == 422, asked


# -- The index follows -------------------------------------------------------------------------------------------------------


async def test_what_a_record_said_before_finds_it_no_more(desk: Desk, svc: Running) -> None:
    lead = await desk.lead(**WHO)
    await desk.attempt(lead, "", method="PATCH", company="Bolt GmbH", title=None, email=None)
    assert (await found(desk, "bolt"))[0]["id"] == lead["id"]
    assert await found(desk, "acme") == [], "also by an address that was erased"
    of = await account(desk, "Acme")
    one = await contact(desk, of["id"], name="Anna Berg", email="anna@acme.example")
    changes = {"name": "Anna Stein", "email": None}
    done(await desk.raw("ann", "PATCH", f"/v1/contacts/{one['id']}", changes, etag=1), 200)
    assert await found(desk, "berg", kind="contact") == await found(desk, "anna@", kind="contact") == []
    assert await names(desk, "stein") == ["Anna Stein"]
    assert await wrong(svc) == []


async def test_many_at_once_are_found(desk: Desk, svc: Running) -> None:
    rows = [{"title": f"Rollout {n}", "external_id": f"m-{n}", "company": "Bulk Ltd"} for n in range(120)]
    done(await desk.raw("eva", "POST", "/v1/leads/bulk", {"items": rows}, key="k"), 207)
    assert await names(desk, "rollout 117") == ["Rollout 117"]
    assert len(await found(desk, "bulk", limit=50)) == 50, "common words too"
    assert await wrong(svc) == []


async def test_a_merged_record_is_found_as_the_one_that_it_is(desk: Desk, svc: Running) -> None:
    first, second = await account(desk, "Acme Ltd"), await account(desk, "Acme Limited")
    of = await desk.lead(title="Acme rollout", company="Acme")
    other = await desk.lead(title="Acme roll-out", company="Acme")
    await contact(desk, second["id"], name="Anna Acme")
    done(await desk.raw("max", "POST", f"/v1/accounts/{first['id']}/merge", {"absorbed_id": second["id"]}, etag="*"), 200)
    await desk.act(of, "merge", "max", absorbed_id=other["id"])
    assert [item["id"] for item in await found(desk, "acme", kind="account")] == [first["id"]]
    assert [item["id"] for item in await found(desk, "acme", kind="lead")] == [of["id"]]
    assert await names(desk, "anna") == ["Anna Acme"]
    assert await wrong(svc) == []
    done(await desk.raw("max", "POST", f"/v1/accounts/{second['id']}/unmerge", None, etag="*"), 200)
    await desk.act(other, "unmerge", "max")
    assert {item["id"] for item in await found(desk, "acme", kind="account")} == {first["id"], second["id"]}
    assert {item["id"] for item in await found(desk, "acme", kind="lead")} == {of["id"], other["id"]}
    assert await wrong(svc) == []


async def test_records_from_before_the_index_are_entered(desk: Desk, svc: Running) -> None:
    lead, of = await desk.lead(**WHO), await account(desk, "Acme")
    await contact(desk, of["id"], name="Anna Acme")
    async with svc.db.connection() as conn:
        await conn.execute("DELETE FROM search_entry")
    assert len(await wrong(svc)) == 3
    first = "INSERT INTO search_filling (kind, round, due_at) VALUES ('lead', 1, now())"
    async with svc.db.connection() as conn:
        await conn.execute(first)
        assert len(await wrong(svc)) == 2, "what is not entered yet, as after an upgrade, is no offender"
        await conn.execute("DELETE FROM search_filling")
    statement = next(line for line in SEARCH_PAGE.read_text().splitlines() if line.startswith("INSERT INTO search_filling"))
    async with svc.db.connection() as conn:
        await conn.execute(statement)
    while await filling.fill(svc.db, utcnow):
        pass
    assert await wrong(svc) == []
    assert lead["id"] in {item["id"] for item in await found(desk, "acme")}


# -- Who finds what ----------------------------------------------------------------------------------------------------------


async def test_a_rep_finds_their_own_the_pool_and_nothing_of_others(desk: Desk) -> None:
    for who in ("ann", "bob", "sue"):
        await desk.lead(who, title=f"Acme of {who}")
    await desk.lead("admin", title="Acme of nobody")
    assert set(await names(desk, "acme", "ann")) == {"Acme of ann", "Acme of nobody"}
    assert set(await names(desk, "acme", "max")) == {"Acme of ann", "Acme of bob", "Acme of nobody"}
    assert len(await names(desk, "acme", "eva")) == 4


async def test_who_sees_few_finds_them_among_many_that_they_do_not_see(desk: Desk) -> None:
    mine = await desk.lead("sue", title="Common word")
    rows = [{"title": f"Common word {n}", "owner_id": desk.id("ann"), "external_id": f"c-{n}"} for n in range(60)]
    done(await desk.raw("eva", "POST", "/v1/leads/bulk", {"items": rows}, key="k"), 207)
    assert [item["id"] for item in await found(desk, "common", "sue")] == [mine["id"]]
    assert len(await found(desk, "common", "max", limit=50)) == 50
    assert await found(desk, "common", "csm:cem") == []


async def test_who_sees_personal_data_masked_cannot_find_by_it(desk: Desk) -> None:
    await desk.lead(**WHO)
    of = await account(desk, "Bolt")
    await contact(desk, of["id"], name="Carl Jung", email="carl@bolt.example", phone="+49 151 998877")
    for who in ("ops", "auditor"):
        for q in ("anna@acme", "anna", "berg", "1234567", "carl", "jung", "998877", "carl@bolt", "c"):
            assert all(item["kind"] != "contact" and "Anna" not in str(item) for item in await found(desk, q, who)), (who, q)
            assert not await found(desk, q, who, kind="contact"), (who, q)
        (item,) = await found(desk, "acme", who)
        assert {one["field"] for one in item["matched"]} == {"company", "title"}
    assert await names(desk, "998877") == ["Carl Jung"]


async def test_who_has_searched_is_in_the_access_log_and_for_what_is_not(desk: Desk, svc: Running) -> None:
    await desk.lead(**WHO)
    await found(desk, "anna@acme.example", "ann", kind="lead")
    await found(desk, "acme", "auditor")
    await svc.app.state.access_log.flush()
    async with svc.db.read() as db:
        logged = await db.rows("SELECT actor_role, records, query FROM access_log WHERE operation = 'search'")
    assert [tuple(one) for one in logged] == [("rep", 1, "q=...&kind=lead")], "who sees it masked has read nothing personal"
