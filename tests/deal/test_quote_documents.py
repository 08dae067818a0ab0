"""A quote's document: what it says, who sees it, and that what went out stays as it was."""

import re
from typing import Any

import httpx
import pypdfium2
import pytest

from deal_svc.quotes import printing
from shared.documents import NotInstalled, Template, glyphs
from shared.events.party import AccountUpdated
from tests.client import done
from tests.deal.sales import ACME, Sales

HOSTILE = '#include "/etc/passwd" #read("/etc/passwd") *bold*'


async def pdf(sales: Sales, quote: dict[str, Any], who: str = "rep:ann", **params: Any) -> httpx.Response:
    return await sales.raw(who, "GET", f"/v1/quotes/{quote['id']}/document", **params)


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answer.content)).replace("\r\n", "\n")


def renamed(sales: Sales, name: str) -> AccountUpdated:
    return AccountUpdated(name=name, region="east", owner_id=sales.svc.person("rep", "ann"), changed=["name"])


async def sent(sales: Sales, **over: Any) -> dict[str, Any]:
    quote = await sales.quote(await sales.deal(), **over)
    await sales.act(quote, "send")
    return quote


async def test_a_draft_is_marked_and_made_again_each_time(sales: Sales) -> None:
    quote = await sales.quote(await sales.deal(), note="They asked for more than we like to give")
    said = text_of(await pdf(sales, quote))
    assert "DRAFT" in said
    assert quote["number"] in said
    assert "Acme Ltd" in said
    assert "They asked" not in said, "the note is for the company itself"
    async with sales.svc.db.read() as db:
        assert await db.value("SELECT count(*) FROM document") == 0
    await sales.ask("rep:ann", "PATCH", f"/v1/quotes/{quote['id']}", {"lines": [sales.line("3")]}, etag="*")
    assert "3,390.00 CNY" in text_of(await pdf(sales, quote))


async def test_amounts_are_read_back_from_the_pages(sales: Sales) -> None:
    await sales.product("TRAIN", line="services", price="123456.7", tax="6")
    lines = [sales.line("10", discount_percent="5"), sales.line("2.5", "TRAIN")]
    quote = await sent(sales, lines=lines, total_discount_percent="3")
    said = text_of(await pdf(sales, quote))
    for amount in ("list_total", "net", "total"):
        assert f"{float(quote[amount]['amount']):,.2f}" in said, amount
    assert "123,456.70" in said
    assert "DRAFT" not in said
    for part in ("50 %", "30 days after signing", "30 days after go-live", "Tax 6 %", "Tax 13 %", "Discount on the total 3 %"):
        assert part in said, part
    shares = [float(found.replace(",", "")) for found in re.findall(r"\d %\s+([\d,]+\.\d\d) CNY", said)]
    assert sum(shares) == pytest.approx(float(quote["total"]["amount"]))


async def test_in_chinese(sales: Sales) -> None:
    said = text_of(await pdf(sales, await sent(sales), lang="zh"))
    for part in ("报价单", "含税总额", "11,300.00 CNY", "签约后 30 天", "2026 年 3 月 2 日"):
        assert part in said, part


async def test_what_a_customer_or_product_is_called_stays_text(sales: Sales) -> None:
    await sales.svc.hear(renamed(sales, HOSTILE), ACME, 9)
    await sales.product("#panic() $x$", line="crm", price="1")
    said = text_of(await pdf(sales, await sales.quote(await sales.deal(name="Other"), lines=[sales.line("1", "#panic() $x$")]))).replace(
        "\n", " "
    )
    assert "#panic() $x$" in said
    assert '#read("/etc/passwd")' in said


async def test_many_lines_repeat_the_header_on_each_page(sales: Sales) -> None:
    answer = await pdf(sales, await sent(sales, lines=[sales.line(str(n)) for n in range(1, 61)]))
    text_of(answer)
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answer.content)]
    assert len(pages) >= 2
    assert all("Unit price" in page for page in pages if re.search(r"13 %", page) and "CRM-1" in page)
    assert f"Page 2 of {len(pages)}" in pages[1]


async def test_what_went_out_is_never_made_again(sales: Sales, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    quote = await sent(sales)
    first = await pdf(sales, quote)
    (tmp_path / "quote.typ").write_text("Another template")
    monkeypatch.setattr(printing, "TEMPLATE", Template(tmp_path, "quote.typ"))
    await sales.svc.hear(renamed(sales, "Acme Holding"), ACME, 9)
    again = await pdf(sales, quote, "manager:max")
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    known = await sales.by("rep:ann").get(f"/v1/quotes/{quote['id']}/document", headers={"If-None-Match": first.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert first.headers["content-disposition"] == f'inline; filename="{quote["number"]}-1-en.pdf"'
    await sales.act(quote, "reject", reason="Too dear")
    assert (await pdf(sales, quote)).content == first.content
    revised = await sales.act(quote, "revise", expect=201)
    assert b"%PDF" in (await pdf(sales, revised)).content, "the draft after it has the new template"
    assert (await pdf(sales, revised)).content != first.content


async def test_who_sees_the_quote_sees_its_document(sales: Sales) -> None:
    quote = await sent(sales)
    for who in ("manager:max", "director", "ops", "auditor"):
        assert (await pdf(sales, quote, who)).status_code == 200, who
    for who in ("manager:zoe", "marketing"):
        assert (await pdf(sales, quote, who)).status_code == 404, who


async def test_a_character_that_cannot_be_printed_is_named(sales: Sales) -> None:
    await sales.svc.hear(renamed(sales, "Rocket \U0001f680 Ltd"), ACME, 9)
    refused = done(await pdf(sales, await sales.quote(await sales.deal())), 422)
    assert refused["errors"][0]["code"] == "unprintable_character"
    assert refused["errors"][0]["pointer"] == "/customer/name"
    assert "U+1F680 (ROCKET)" in refused["detail"]


async def test_without_typst_a_clear_refusal(sales: Sales, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "font_files", lambda: None)
    refused = done(await pdf(sales, await sent(sales)), 501)
    assert refused["code"] == NotInstalled.code
