"""The pages of a quote's document, looked at: everything is there, nothing is cut, and each page says which it is.

The pictures are kept where CI takes them from, for people to look at.
"""

import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from pypdfium2 import PdfPage

from deal_svc.quote_templates.look import SAMPLE, Look, PaperPart
from deal_svc.quotes.document import TEMPLATE, Parties, day, money, said_of
from deal_svc.quotes.pricing import as_json, due_amounts, lines_of, price_lines
from deal_svc.quotes.record import Item, Quote
from deal_svc.quotes.sample import sample_quote
from shared import documents
from shared.documents import Language
from shared.money import minor_unit
from shared.policy.company import Letterhead
from tests.pictures import Picture, pages_of, text_on

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LETTERHEAD = Letterhead(name="Clinch Ltd", name_zh="克林奇有限公司", address="8 Harbour Road\nShanghai", contact="sales@clinch.example")
PARTIES = Parties(LETTERHEAD, "nobody reads this")
LONG = {"en": "with all that goes with it, " * 6, "zh": "含全部模块，支持多语言、多币种；可按需扩展，升级免费，" * 4}
CLAUSE = {
    "en": "Prices hold until the day named above. " * 40,
    "zh": "本报价所列价格，在有效期内不作调整；逾期未确认的，双方另行商定。" * 30,
}
NEVER_FIRST = "。，、；：！？）》」』’”%"


class Made(NamedTuple):
    """A document with what it was made of."""

    quote: Quote
    pdf: bytes
    pages: list[PdfPage]
    texts: list[str]

    @property
    def text(self) -> str:
        return " ".join("\n".join(self.texts).split())


def many(quote: Quote, language: Language, count: int) -> Quote:
    """The quote with so many lines, each with a name of its own that needs several lines of print, and an end by which it is known."""
    kinds = [Item(**{name: getattr(x, name) for name in Item.__dataclass_fields__}) for x in lines_of(quote)]
    items = [
        replace(kinds[n % 3], quantity=Decimal(n), name=f"<{n}> {LONG[language] if n % 2 else ''}<end {n}>") for n in range(1, count + 1)
    ]
    lines, totals = price_lines([*items, replace(kinds[3], name="<extra>")], Decimal(3), minor_unit(quote.currency))
    return replace(quote, lines=[as_json(line) for line in lines], **asdict(totals))


async def made(language: Language, *, lines: int | None = None, look: Look | None = None, **over: Any) -> Made:
    """A sample quote on paper; with so many lines of its own, if that is said."""
    quote = sample_quote(language, over.pop("currency", "CNY"), NOW.date(), NOW)
    if lines is not None:
        quote = many(quote, language, lines) if lines else replace(quote, lines=[])
    quote = replace(quote, **over)
    pdf = await documents.render(TEMPLATE, said_of(quote, PARTIES, NOW.date(), language, look), made_at=NOW)
    pages = pages_of(pdf)
    return Made(quote, pdf, pages, [text_on(page) for page in pages])


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_long_quote_says_everything_and_cuts_nothing(language: Language) -> None:
    look = replace(SAMPLE[language], terms=CLAUSE[language])
    doc = await made(language, lines=60, look=look)
    names = look.names
    assert len(doc.pages) > 3
    for n, (page, text) in enumerate(zip(doc.pages, doc.texts, strict=True), 1):
        assert {"en": f"Page {n} of {len(doc.pages)}", "zh": f"第 {n} 页，共 {len(doc.pages)} 页"}[language] in text
        assert doc.quote.number in text
        picture = Picture(page)
        picture.save(f"quote-{language}-{n}")
        assert picture.ink(0, 0, 595, 841) > 1000
        assert not picture.ink(0, 0, 50, 841) + picture.ink(546, 0, 595, 841), "nothing runs over a margin"
        assert not picture.ink(0, 786, 595, 789), "what is above the foot ends above it"
    for n, line in enumerate(lines_of(doc.quote)[:60], 1):
        [text] = [text for text in doc.texts if f"<{n}>" in text]
        row = " ".join(text[text.index(f"<{n}>") :].split())
        assert f"<end {n}>" in row, "the whole name is on one page"
        if not line.parts:
            assert row.index(money(line.unit_price, "CNY", language)) < 800, "with the amounts of its row"
        assert names["item"] in text
        assert names["amount"] in text, "under the head of the table"
    due = due_amounts(doc.quote.schedule, doc.quote.total, "CNY")
    assert due
    for amount in (doc.quote.list_total, doc.quote.net, doc.quote.total, *due):
        assert money(amount, "CNY", language) in doc.text


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_part_of_a_quote_is_on_its_paper(language: Language) -> None:
    doc = await made(language)
    quote, names = doc.quote, SAMPLE[language].names
    for page, picture in enumerate(map(Picture, doc.pages), 1):
        picture.save(f"quote-sample-{language}-{page}")
    for part in ("title", "customer", "seller", "options", "payment", "terms", "special_terms", "for_seller", "for_customer", "signature"):
        assert names[part] in doc.text, part
    assert quote.buyer
    assert quote.delivery_on
    for said in (
        quote.number,
        day(NOW.date(), language),
        day(quote.valid_until, language),
        day(quote.delivery_on, language),
        quote.buyer["name"],
        LETTERHEAD.of(language)["name"],
        "sales@clinch.example",
        quote.terms,
        quote.special_terms,
        money(quote.total, "CNY", language) + " CNY",
        "-500.00",
        "6 %",
        "13 %",
    ):
        assert "".join(str(said).split()) in "".join(doc.text.split()), said
    for line in lines_of(quote):
        assert line.name in doc.text
        assert line.sku in doc.text
        for part in line.parts:
            assert part["name"] in doc.text
    assert {"en": "25 user", "zh": "25 用户"}[language] in doc.text
    assert "× 12" in doc.text
    assert "nobody reads this" not in doc.text, "the buyer is named with the quote"


async def test_tax_is_told_by_rate_with_what_it_is_on() -> None:
    doc = await made("en")
    found = re.findall(r"Tax (\d+) % on ([\d,.]+) ([\d,.]+)", doc.text)
    assert [rate for rate, _, _ in found] == ["6", "13"]
    told = [[Decimal(amount.replace(",", "")) for amount in amounts] for _, *amounts in found]
    assert sum(base for base, _ in told) == doc.quote.net
    assert sum(tax for _, tax in told) == doc.quote.tax


async def test_the_parts_of_a_bundle_add_up_to_what_its_line_says() -> None:
    said = said_of(sample_quote("en", "CNY", NOW.date(), NOW), PARTIES, NOW.date(), "en")
    [bundle] = [line for line in said["lines"] if line["parts"]]
    assert sum(Decimal(part["amount"].replace(",", "")) for part in bundle["parts"]) == Decimal(bundle["amount"].replace(",", ""))


async def test_the_total_in_capitals() -> None:
    assert "人民币壹拾肆万捌仟柒佰壹拾玖元肆角叁分" in (await made("zh")).text.replace(" ", "")
    assert re.search("日元[壹贰叁肆伍陆柒捌玖拾佰仟万零]+元整", (await made("zh", currency="JPY")).text.replace(" ", ""))
    assert not re.search("[壹贰叁]", (await made("en")).text)


async def test_no_printed_line_begins_with_a_closing_mark() -> None:
    doc = await made("zh", lines=8, look=replace(SAMPLE["zh"], terms=CLAUSE["zh"]))
    lines = [line for text in doc.texts for line in text.splitlines() if line]
    assert sum(line.startswith(("本", "报", "价", "所", "有")) or "，" in line for line in lines) > 15, "there is text that wraps"
    assert [line for line in lines if line[0] in NEVER_FIRST] == []


async def test_what_a_template_leaves_out_is_not_printed() -> None:
    left = replace(SAMPLE["zh"], leaves_out=frozenset(PaperPart))
    whole, doc = await made("zh"), await made("zh", look=left)
    for part in ("PLAN", "系统实施", "优先支持", "大写", "付款计划", "交付日期", "卖方（盖章）"):
        assert part in whole.text, part
        assert part not in doc.text, part
    assert len(doc.pages) == 1


async def test_a_draft_without_lines_has_a_paper_too() -> None:
    nothing = dict.fromkeys(("list_total", "net", "tax", "total"), Decimal(0))
    terms: list[dict[str, Any]] = [{"trigger": "signed", "percent": None, "amount": "100", "due_days": 30, "due_on": None}]
    doc = await made("en", lines=0, **nothing, schedule=terms, sent_at=None)
    assert "DRAFT" in doc.text
    assert "No lines yet." in doc.text
    assert "30 days after signing 0 %" in doc.text


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("CNY", 2), ("KWD", 3)])
async def test_amounts_have_the_decimals_of_their_currency(currency: str, digits: int) -> None:
    doc = await made("en", currency=currency)
    assert f"{doc.quote.total:,.{digits}f} {currency}" in doc.text
