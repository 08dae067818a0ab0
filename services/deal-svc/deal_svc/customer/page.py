"""The page that a customer's link shows, made of what the document says too."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from deal_svc.customer.commands import Opened
from deal_svc.customer.queries import Signed
from deal_svc.customer.rules import answerable, over
from deal_svc.customer.words import WORDS
from deal_svc.quotes.document import Parties, day, said_of
from deal_svc.quotes.record import Quote, QuoteStatus
from deal_svc.quotes.rules import QuoteFacts
from shared.calendar import day_of
from shared.documents.record import Language
from shared.links.page import Html, page, tag, void

LONGEST_NAME, LONGEST_REASON = 120, 1000
GONE = 410


@dataclass(frozen=True, slots=True)
class Shown:
    """A quote as its customer finds it. `signed`: who said yes by a link."""

    quote: Quote
    facts: QuoteFacts
    signed: Signed | None
    parties: Parties
    zone: tzinfo


def quote_page(request: Request, path: str, link: Opened, shown: Shown, *, status: int = 200, problem: str | None = None) -> HTMLResponse:
    """The page; `problem` names what is said above it."""
    words, quote = WORDS[link.language], shown.quote
    title = words["title"].format(number=f"{link.number}-{link.revision}")
    warned = [tag("p", words[problem], role="alert")] if problem else []
    if ended := over(quote, shown.facts):
        says = words[ended].format(day=day(quote.valid_until, link.language))
        return page(request, link.language, title, tag("h1", title), *warned, tag("p", says, role="status"), status=GONE)
    said = said_of(quote, shown.parties, _day_of(quote.sent_at, shown.zone), link.language)
    customer, seller = said["customer"]["name"], said["seller"]["name"]
    parts = [
        tag("h1", title),
        tag("p", words["for" if seller else "for_alone"].format(customer=customer, seller=seller)),
        tag("p", words["valid"].format(day=said["valid_until"], revision=link.revision), class_="quiet", data_seen=f"{path}/viewed"),
        *warned,
        _answered(words, shown, link.language),
        tag("h2", words["lines"]),
        _table(words, said),
        tag("p", tag("a", words["document"], href=f"{path}/document")),
        *_forms(words, path, shown, customer),
    ]
    return page(request, link.language, title, *parts, status=status)


def nothing_page(request: Request, language: Language = "en") -> HTMLResponse:
    """For an address that leads nowhere. In both languages: nothing is known of who asks."""
    says = [tag("p", WORDS[each]["no_link"], lang=each) for each in WORDS]
    return page(request, language, WORDS[language]["nothing"], tag("h1", WORDS[language]["nothing"]), *says, status=404)


def _day_of(at: datetime | None, zone: tzinfo) -> Any:
    assert at is not None  # only what was sent has a link
    return day_of(at, zone)


def _answered(words: dict[str, str], shown: Shown, language: Language) -> Html:
    quote = shown.quote
    if quote.status is QuoteStatus.ACCEPTED:
        if shown.signed is not None:
            says = words["accepted_by"].format(name=shown.signed.name, day=day(_day_of(shown.signed.at, shown.zone), language))
        else:
            says = words["accepted"].format(day=day(_day_of(quote.accepted_at, shown.zone), language))
        return tag("p", says, role="status")
    return Html() if answerable(quote, shown.facts) else tag("p", words["not_yet"], role="status")


def _table(words: dict[str, str], said: dict[str, Any]) -> Html:
    head = tag("tr", tag("th", words["item"]), tag("th", words["quantity"]), tag("th", words["amount"], class_="amount"))
    named = [(line["name"], line) for line in said["lines"]] + [(f"{x['name']} ({said['names']['options']})", x) for x in said["options"]]
    lines = [
        tag("tr", tag("td", name), tag("td", f"{x['quantity']} {x['periods']}".strip()), tag("td", x["amount"], class_="amount"))
        for name, x in named
    ]
    sums = [
        tag(
            "tr",
            tag("td", f"{words[step['label']]} {step['percent']}".strip(), colspan="2", class_="total"),
            tag("td", step["amount"], class_="amount total"),
        )
        for step in said["sums"]
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *lines, *sums)), class_="wide", tabindex="0", role="region",
               aria_label=words["lines"])  # fmt: skip


def _forms(words: dict[str, str], path: str, shown: Shown, customer: str) -> list[Html]:
    if not answerable(shown.quote, shown.facts):
        return []
    reason = tag("label", words["reason"], tag("textarea", name="reason", rows="2", maxlength=str(LONGEST_REASON)))
    yes = _form(words, f"{path}/accept", words["agree"].format(customer=customer), tag("button", words["accept"], class_="primary"))
    no = _form(words, f"{path}/decline", words["refuse"].format(customer=customer), tag("button", words["decline"]), reason)
    return [tag("h2", words["answer"]), yes, tag("details", tag("summary", words["say_no"]), no)]


def _form(words: dict[str, str], action: str, ticked: str, button: Html, *more: Html) -> Html:
    name = void("input", type="text", name="name", required=True, maxlength=str(LONGEST_NAME), autocomplete="name")
    tick = void("input", type="checkbox", name="agreed", value="yes", required=True)
    return tag("form", tag("label", words["name"], name), *more, tag("label", tick, " ", ticked), button, method="post", action=action)
