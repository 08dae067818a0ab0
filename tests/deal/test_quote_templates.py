"""Templates of the documents of quotes: who keeps them, what they change on paper, and that a quote keeps the one that it was sent with."""

from base64 import b64encode
from typing import Any
from uuid import UUID

import pytest

from deal_svc.quotes.printing import print_due
from shared.events.quote import QuoteSent
from shared.events.quote_template import QuoteTemplateActivated, QuoteTemplateDrafted, QuoteTemplateRetired
from tests.client import allowed, codes, done
from tests.deal.sales import Sales
from tests.harness import Running
from tests.pictures import Picture, pages_of, text_on

DOT = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><rect width="20" height="10" fill="#000"/></svg>'
OPENING = "Thank you for asking us."


async def template(sales: Sales, name: str = "House", *, active: bool = True, who: str = "ops", **over: Any) -> dict[str, Any]:
    body = {"name": name, "texts": {"en": {"opening": OPENING}}} | over
    made: dict[str, Any] = await sales.ask(who, "POST", "/v1/quote-templates", body, expect=201)
    return await do(sales, made, "activate") if active else made


async def do(sales: Sales, one: dict[str, Any], act: str, who: str = "ops", *, expect: int = 200) -> dict[str, Any]:
    done: dict[str, Any] = await sales.ask(who, "POST", f"/v1/quote-templates/{one['id']}/{act}", etag="*", expect=expect)
    return done


async def sent(sales: Sales, **over: Any) -> dict[str, Any]:
    return await sales.act(await sales.quote(await sales.deal(), **over), "send")


async def read(sales: Sales, quote: dict[str, Any], lang: str = "en") -> str:
    return text_of(await body(sales, quote, lang))


async def body(sales: Sales, quote: dict[str, Any], lang: str = "en") -> bytes:
    answer = await sales.raw("rep:ann", "GET", f"/v1/quotes/{quote['id']}/document", lang=lang)
    assert answer.status_code == 200, answer.text
    return answer.content


def text_of(pdf: bytes) -> str:
    return "\n".join(map(text_on, pages_of(pdf)))


async def test_operations_keep_templates_and_everybody_reads_them(sales: Sales) -> None:
    one = await template(sales, active=False)
    path = f"/v1/quote-templates/{one['id']}"
    for who in ("rep:ann", "manager:max", "director", "finance"):
        assert (await sales.ask(who, "GET", path))["texts"]["en"]["opening"] == OPENING
        assert allowed(await sales.ask(who, "GET", path)) == set()
        await sales.ask(who, "PATCH", path, {"accent": "#000000"}, etag="*", expect=403)
        await sales.ask(who, "POST", f"{path}/activate", etag="*", expect=403)
        await sales.ask(who, "POST", "/v1/quote-templates", {"name": "Mine", "texts": {"en": {}}}, expect=403)
    assert allowed(await sales.ask("ops", "GET", path)) == {"change", "activate", "retire"}


async def test_what_a_company_says_is_on_its_paper(sales: Sales) -> None:
    english = {
        "names": {"title": "Offer", "customer": "Client"},
        "opening": OPENING,
        "closing": "Until soon.",
        "terms": "All in *one* #panic() piece.",
        "footer": "Acme House, Shanghai",
    }
    await template(sales, texts={"en": english, "zh": {"names": {"title": "报价函"}}}, leaves_out=["signatures"])
    quote = await sent(sales)
    said = await read(sales, quote)
    for part in ("Offer", "Client", OPENING, "Until soon.", "All in *one* #panic() piece.", "Acme House, Shanghai", "Unit price"):
        assert part in said, part
    assert "Name and signature" not in said
    assert "报价函" in await read(sales, quote, "zh")


async def test_its_logo_and_its_colour_are_on_each_document(sales: Sales) -> None:
    quote = await sales.quote(await sales.deal())
    plain = Picture(pages_of(await body(sales, quote))[0])
    await template(sales, accent="#ff0000", logo={"data": b64encode(DOT).decode()})
    page = pages_of(await body(sales, quote))[0]
    drawn = Picture(page)
    drawn.save("quote-with-logo")
    box = (52, 52, 120, 85)
    assert plain.ink(*box) < 1000 < 4000 < drawn.ink(*box), "where there was a name there is a black box"
    colours = page.render().to_numpy().reshape(-1, 3).tolist()
    assert [0, 0, 255] in colours, "in blue, green, red"


async def test_a_quote_keeps_the_template_that_it_was_sent_with(sales: Sales, svc: Running) -> None:
    before = await sent(sales)
    first = await template(sales)
    quote = await sent(sales)
    second = await do(sales, first, "revise", expect=201)
    await sales.ask("ops", "PATCH", f"/v1/quote-templates/{second['id']}", {"texts": {"en": {"opening": "Hello again."}}}, etag="*")
    await do(sales, second, "activate")
    assert (await sales.ask("ops", "GET", f"/v1/quote-templates/{first['id']}"))["state"] == "retired"
    assert OPENING in await read(sales, quote), "though its document is made only now"
    assert OPENING not in await read(sales, before)
    later = await sent(sales)
    assert "Hello again." in await read(sales, later)
    assert [q["template_id"] for q in (before, quote, later)] == [None, first["id"], second["id"]]
    assert [str(e.data.template_id) for e in await svc.told(QuoteSent)] == ["None", first["id"], second["id"]]
    assert len(await svc.told(QuoteTemplateDrafted)) == len(await svc.told(QuoteTemplateActivated)) == 2
    assert len(await svc.told(QuoteTemplateRetired)) == 1
    assert (await sales.act(quote, "revise", expect=201))["template_id"] is None


async def test_a_channel_has_its_own(sales: Sales) -> None:
    everybody = await template(sales)
    partners = await template(sales, "Partners", channel="partner")
    assert (await sent(sales))["template_id"] == everybody["id"]
    assert (await sent(sales, channel="partner"))["template_id"] == partners["id"]
    other = await template(sales, "Other")
    assert (await sales.ask("ops", "GET", f"/v1/quote-templates/{everybody['id']}"))["state"] == "retired", "one for all is enough"
    assert (await sales.ask("ops", "GET", f"/v1/quote-templates/{partners['id']}"))["state"] == "active"
    await do(sales, other, "retire")
    assert (await sent(sales))["template_id"] is None


async def test_an_active_version_never_changes(sales: Sales) -> None:
    one = await template(sales)
    path = f"/v1/quote-templates/{one['id']}"
    assert codes(await sales.ask("ops", "PATCH", path, {"accent": "#000000"}, etag="*", expect=409)) == {"not_draft"}
    draft = await do(sales, one, "revise", expect=201)
    assert (draft["name"], draft["revision"], draft["texts"]) == (one["name"], 2, one["texts"])
    assert codes(await do(sales, one, "revise", expect=409)) == {"newer_version"}
    await sales.ask("ops", "POST", "/v1/quote-templates", {"name": "House", "texts": {"en": {}}}, expect=409)


async def test_a_template_may_leave_everything_to_us(sales: Sales) -> None:
    nothing = dict.fromkeys(("opening", "closing", "terms", "footer"))
    await template(sales, texts={"en": nothing}, channel=None, logo=None)
    assert "Unit price" in await read(sales, await sent(sales))


async def test_a_logo_is_changed_kept_and_taken_away(sales: Sales) -> None:
    one = await template(sales, active=False, logo={"data": b64encode(DOT).decode()})
    path = f"/v1/quote-templates/{one['id']}"
    assert (one["logo"]["media_type"], one["logo"]["size"]) == ("image/svg+xml", len(DOT))
    kept = await sales.ask("ops", "PATCH", path, {"accent": "#000000"}, etag="*")
    assert kept["logo"] == one["logo"]
    assert (await sales.ask("ops", "PATCH", path, {"logo": None}, etag="*"))["logo"] is None


@pytest.mark.parametrize(
    ("over", "pointer", "code"),
    [
        ({"logo": {"data": "%%%"}}, "/logo/data", "bad_image"),
        ({"logo": {"data": b64encode(b"GIF89a").decode()}}, "/logo/data", "bad_image"),
        ({"logo": {"data": b64encode(b" " * 205_000).decode()}}, "/logo/data", "too_large"),
        ({"texts": {"en": {"opening": "Hi \U0001f680"}}}, "/texts/en/opening", "unprintable_character"),
        ({"texts": {"en": {"names": {"nothing": "x"}}}}, "/texts/en/names", "unknown_part"),
        ({"texts": {}}, "/texts", "too_short"),
        ({"accent": "red"}, "/accent", None),
        ({"leaves_out": ["prices"]}, "/leaves_out/0", None),
    ],
)
async def test_what_is_no_template_is_refused_where_it_is(sales: Sales, over: dict[str, Any], pointer: str, code: str | None) -> None:
    body = {"name": "House", "texts": {"en": {}}} | over
    refused = done(await sales.raw("ops", "POST", "/v1/quote-templates", body), 422)
    assert refused["errors"][0]["pointer"] == pointer
    assert code is None or refused["errors"][0]["code"] == code


async def test_a_template_is_looked_at_before_it_is_used(sales: Sales) -> None:
    one = await template(sales, active=False, texts={"zh": {"opening": "您好"}})
    for lang, part in (("zh", "您好"), ("en", "Sample Customer Ltd")):
        answer = await sales.raw("rep:ann", "GET", f"/v1/quote-templates/{one['id']}/preview", lang=lang)
        assert answer.headers["content-type"] == "application/pdf"
        assert part in text_of(answer.content)
    sample = await sales.ask("rep:ann", "GET", "/v1/quote-templates/sample")
    assert sample["names"]["zh"]["title"] == "报价单"
    assert sample["sample"] is True


# -- Made when it is sent ------------------------------------------------------------------------------------------------------


async def kept(svc: Running) -> dict[str, bytes]:
    async with svc.db.read() as db:
        return {row["language"]: row["body"] for row in await db.rows("SELECT language, body FROM document")}


async def printed(svc: Running) -> int:
    return await print_due(svc.db, svc.settings, svc.clock)


async def test_the_documents_of_a_quote_are_kept_soon_after_it_is_sent(sales: Sales, svc: Running) -> None:
    svc.clock.advance(days=800)  # type: ignore[attr-defined]
    quote = await sent(sales)
    assert await kept(svc) == {}
    assert await printed(svc) == 1, "wherever the clock of the business stands"
    documents = await kept(svc)
    assert documents.keys() == {"en", "zh"}
    assert quote["number"] in text_of(documents["en"])
    for lang in ("en", "zh"):
        assert await body(sales, quote, lang) == documents[lang]
    assert await printed(svc) == 0, "once"


async def test_whoever_asks_earlier_has_the_same_bytes(sales: Sales, svc: Running) -> None:
    await template(sales, texts={"zh": {}}, logo={"data": b64encode(DOT).decode()})
    quote = await sent(sales)
    early = await body(sales, quote, "zh")
    async with svc.transaction() as tx:
        await tx.execute("DELETE FROM document")
    assert await printed(svc) == 1
    assert await kept(svc) == {"zh": early}, "in the languages that the template has"


async def test_what_dies_on_the_way_is_made_by_the_next(sales: Sales, svc: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    await sent(sales)

    async def dies(*_: Any, **__: Any) -> list[bytes]:
        raise ConnectionError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("deal_svc.quotes.printing.documents.render_all", dies)
        with pytest.raises(ConnectionError):
            await printed(svc)
    assert await kept(svc) == {}
    assert await printed(svc) == 0, "not at once: another may be at it"
    async with svc.transaction() as tx:
        await tx.execute("UPDATE quote_paper SET due_at = now()")
    assert await printed(svc) == 1
    assert (await kept(svc)).keys() == {"en", "zh"}


async def test_one_that_cannot_be_made_holds_up_no_other(sales: Sales, svc: Running) -> None:
    broken, whole = await sent(sales), await sent(sales)
    async with svc.transaction() as tx:
        await tx.execute("UPDATE quote_paper SET letterhead = '{\"name\": 1}' WHERE quote_id = $1", UUID(broken["id"]))
    assert await printed(svc) == 2
    async with svc.db.read() as db:
        rows = await db.rows("SELECT quote_id::text, due_at IS NOT NULL AS waits FROM quote_paper")
    assert {row["quote_id"]: row["waits"] for row in rows} == {broken["id"]: True, whole["id"]: False}


async def test_history_has_its_documents_when_somebody_asks(sales: Sales, svc: Running) -> None:
    deal = await sales.deal("manager:max", at="2025-10-01T00:00:00Z")
    quote = await sales.quote(deal, "manager:max", at="2025-10-02T00:00:00Z", valid_until="2026-12-01")
    await sales.act(quote, "send", "manager:max", at="2025-10-03T00:00:00Z")
    assert await printed(svc) == 0
    answer = await sales.raw("manager:max", "GET", f"/v1/quotes/{quote['id']}/document")
    assert quote["number"] in text_of(answer.content)


async def test_nothing_is_sent_that_cannot_be_printed(sales: Sales) -> None:
    quote = await sales.quote(await sales.deal(), buyer={"name": "Rocket \U0001f680 Ltd"})
    refused = await sales.act(quote, "send", expect=422)
    [error] = refused["errors"]
    assert (error["code"], error["pointer"]) == ("unprintable_character", "/buyer/name")
    assert (await sales.ask("rep:ann", "GET", f"/v1/quotes/{quote['id']}"))["status"] == "draft"
