"""Making, sending and answering quotes. The deal is locked first, always: it orders everything that happens to its quotes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, insert

from deal_svc.catalog import queries as catalog
from deal_svc.deals import queries as deals
from deal_svc.deals.commands import change, dimensions
from deal_svc.deals.rules import Deal, change_unmet
from deal_svc.quotes import rules
from deal_svc.quotes.queries import OF_DEAL, SEEN, SENT_OF_NUMBER, facts_of
from deal_svc.quotes.rules import Facts, Item, Quote, QuoteStatus
from deal_svc.quotes.tables import QUOTE_NUMBER, QUOTES
from shared import calendar
from shared.clock import happened
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected, require
from shared.events.deal import (
    PaymentTerm,
    QuoteAccepted,
    QuoteChanged,
    QuoteCreated,
    QuoteEvent,
    QuoteExpired,
    QuoteLineData,
    QuoteRejected,
    QuoteSent,
    QuoteSuperseded,
    QuoteWithdrawn,
)
from shared.events.envelope import Money
from shared.ids import new_id
from shared.money import minor_unit
from shared.timers import cancel_timers, set_timer

EXPIRY = "quote_expiry"
_NEXT_NUMBER = Query(insert(QUOTE_NUMBER).values(deal_id=bindparam("deal_id")).returning(QUOTE_NUMBER.c.id), int)


class Wanted(NamedTuple):
    """A line as the seller asks for it. Without a tax, the product's."""

    product_id: UUID
    quantity: Decimal
    discount_percent: Decimal
    tax_percent: Decimal | None


def day_of(tx: Tx, when: datetime) -> date:
    """The day in the company's zone: which prices hold, and until when a quote is valid."""
    return calendar.day_of(when, tx.settings.zone)


# -- Drafts ------------------------------------------------------------------------------------------------------------------


async def create(
    tx: Tx,
    deal_id: UUID,
    *,
    lines: Sequence[Wanted],
    total_discount_percent: Decimal,
    schedule: list[dict[str, Any]] | None,
    valid_until: date | None,
    note: str | None,
    at: datetime | None,
) -> Quote:
    """A first draft in the deal's currency, at the price book of the day."""
    deal = await deals.SEEN.load(tx, deal_id)
    require(change_unmet(deal, tx.actor), "The deal cannot be quoted for.", "deal_not_quotable")
    when = happened(at, tx.now, since=deal.opened_at)
    day = day_of(tx, when)
    quote = Quote(
        id=new_id(),
        version=0,
        deal_id=deal_id,
        number=f"Q-{await tx.one(_NEXT_NUMBER, deal_id=deal_id)}" if tx.kept else "Q-next",
        revision=1,
        status=QuoteStatus.DRAFT,
        currency=deal.currency,
        fx=deal.fx,
        quoted_on=day,
        valid_until=valid_until or day + timedelta(days=rules.VALID_DAYS),
        schedule=schedule or rules.DEFAULT_SCHEDULE,
        note=note,
        sent_at=None,
        accepted_at=None,
        ended_at=None,
        reason=None,
        created_by=tx.actor.id,
        created_at=tx.now,
        updated_at=tx.now,
        **_priced(await _items(tx, lines, deal.currency, day), total_discount_percent, deal.currency),
    )
    return await tx.add(QUOTES, quote, _told(QuoteCreated, quote, deal), at=when)


async def edit(
    tx: Tx, quote_id: UUID, *, expect: int | None, at: datetime | None, lines: Sequence[Wanted] | None, changes: Mapping[str, Any]
) -> Quote:
    """Change a draft. Lines are given all together, and take their prices from the price book of the day."""
    deal, quote = await _both(tx, quote_id, expect)
    require(rules.edit_unmet(deal, quote, tx.actor), "The quote cannot be changed.", "quote_not_changeable")
    when = happened(at, tx.now, since=deal.opened_at)
    day = day_of(tx, when)
    after = dict(changes)
    if lines is not None:
        after["quoted_on"] = day
    if lines is not None or "total_discount_percent" in changes:
        items = rules.lines_of(quote) if lines is None else await _items(tx, lines, quote.currency, day)
        after |= _priced(items, after.get("total_discount_percent", quote.total_discount_percent), quote.currency)
    changed = {name: value for name, value in after.items() if getattr(quote, name) != value}
    if not changed:
        return quote
    return await tx.save(QUOTES, quote, _told(QuoteChanged, replace(quote, **changed), deal), at=when, **changed)


async def revise(tx: Tx, quote_id: UUID, *, expect: int | None, at: datetime | None) -> Quote:
    """A draft of the next version (D21), alike in all but its validity. The earlier one stands until this one is sent."""
    deal, quote = await _both(tx, quote_id, expect)
    facts = await _facts(tx, quote, tx.now)
    require(rules.revise_unmet(deal, quote, facts, tx.actor), "There can be no new version.", "quote_not_revisable")
    when = happened(at, tx.now, since=quote.sent_at or deal.opened_at)
    draft = replace(
        quote,
        id=new_id(),
        revision=quote.revision + 1,
        status=QuoteStatus.DRAFT,
        fx=deal.fx,
        valid_until=day_of(tx, when) + timedelta(days=rules.VALID_DAYS),
        sent_at=None,
        ended_at=None,
        reason=None,
        created_by=tx.actor.id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    return await tx.add(QUOTES, draft, _told(QuoteCreated, draft, deal), at=when)


async def _items(tx: Tx, lines: Sequence[Wanted], currency: str, day: date) -> list[Item]:
    known = await catalog.products(tx, {x.product_id for x in lines})
    book = await catalog.prices_on(tx, known, day)
    items = []
    for n, wanted in enumerate(lines):
        product = known.get(wanted.product_id)
        if product is None:
            raise Invalid("There is no such product.", pointer=f"/lines/{n}/product_id", code="unknown_product")
        if not product.active:
            raise Rejected(f"{product.sku} is not sold any more.", code="product_retired")
        price = book.get((product.id, currency))
        if price is None:
            raise Rejected(f"The price book has no price of {product.sku} in {currency} on {day}.", code="no_price")
        tax = product.tax_percent if wanted.tax_percent is None else wanted.tax_percent
        items.append(
            Item(product.id, product.sku, product.name, product.line, wanted.quantity, price.unit_price, wanted.discount_percent, tax)
        )
    return items


def _priced(items: Sequence[Item], total_discount_percent: Decimal, currency: str) -> dict[str, Any]:
    lines, totals = rules.price_lines(items, total_discount_percent, minor_unit(currency))
    if max(totals.list_total, totals.total) >= rules.MOST:
        raise Invalid("The amounts are too large for a quote.", pointer="/lines", code="too_large")
    return {**asdict(totals), "lines": [rules.as_json(x) for x in lines], "total_discount_percent": total_discount_percent}


# -- Sent, and answered --------------------------------------------------------------------------------------------------------


async def send(tx: Tx, quote_id: UUID, *, note: str | None, expect: int | None, at: datetime | None) -> Quote:
    """The customer has it. An earlier version that he had is superseded."""
    deal, quote = await _both(tx, quote_id, expect)
    when = happened(at, tx.now, since=deal.opened_at)
    day, note = day_of(tx, when), note or quote.note
    facts = await _facts(tx, quote, when)
    require(rules.send_unmet(deal, quote, facts, tx.actor, day), "The quote cannot be sent.", "quote_not_sendable")
    require(rules.authority_unmet(quote, tx.actor, note), "The discount is beyond your authority.", "discount_authority")
    for earlier in await tx.all(SENT_OF_NUMBER, number=quote.number):
        superseded = _told(QuoteSuperseded, earlier, deal, by_quote_id=quote.id)
        await _end(tx, earlier, superseded, QuoteStatus.SUPERSEDED, None, when)
    await set_timer(tx, EXPIRY, quote.id, calendar.end_of(quote.valid_until, tx.settings.zone))
    return await tx.save(QUOTES, quote, _told(QuoteSent, quote, deal), at=when, status=QuoteStatus.SENT, sent_at=when, note=note)


async def accept(tx: Tx, quote_id: UUID, *, expect: int | None, at: datetime | None) -> Quote:
    """The customer said yes. From here on the deal is worth what he agreed to pay, before tax; contract-svc drafts the contract."""
    deal, quote = await _both(tx, quote_id, expect)
    when = happened(at, tx.now, since=quote.sent_at)
    facts = await _facts(tx, quote, when)
    unmet = rules.accept_unmet(deal, quote, facts, tx.actor, day_of(tx, when))
    require(unmet, "The quote cannot be accepted.", "quote_not_acceptable")
    await cancel_timers(tx, quote.id, EXPIRY)
    lines = rules.lines_of(quote)
    agreed = {"amount": quote.net, "currency": quote.currency, "fx": quote.fx, "quote_id": quote.id}
    deal = await change(tx, deal, at=when, **agreed, product=deal.product or rules.main_line(lines))
    event = _told(
        QuoteAccepted,
        quote,
        deal,
        account_name=deal.account_name or deal.name,
        lead_id=deal.lead_id,
        lines=[QuoteLineData(**asdict(x)) for x in lines],
        schedule=[PaymentTerm(**term) for term in quote.schedule],
    )
    accepted = {"status": QuoteStatus.ACCEPTED, "accepted_at": when, "ended_at": None, "reason": None}
    return await tx.save(QUOTES, quote, event, at=when, **accepted)


async def reject(tx: Tx, quote_id: UUID, *, reason: str, expect: int | None, at: datetime | None) -> Quote:
    """The customer said no."""
    deal, quote = await _both(tx, quote_id, expect)
    require(rules.reject_unmet(deal, quote, tx.actor), "The quote cannot be rejected.", "quote_not_open")
    when = happened(at, tx.now, since=quote.sent_at)
    return await _end(tx, quote, _told(QuoteRejected, quote, deal, reason=reason), QuoteStatus.REJECTED, reason, when)


async def withdraw(tx: Tx, quote_id: UUID, *, reason: str, expect: int | None, at: datetime | None) -> Quote:
    """We take it back."""
    deal, quote = await _both(tx, quote_id, expect)
    require(rules.withdraw_unmet(deal, quote, tx.actor), "The quote cannot be withdrawn.", "quote_not_withdrawable")
    when = happened(at, tx.now, since=quote.accepted_at or quote.sent_at or deal.opened_at)
    return await _withdraw(tx, deal, quote, reason, when)


async def withdraw_open(tx: Tx, deal: Deal, reason: str, when: datetime) -> None:
    """Take back all drafts and sent quotes of a locked deal."""
    for quote in await tx.all(OF_DEAL, deal_id=deal.id, statuses=list(rules.OPEN)):
        await _withdraw(tx, deal, quote, reason, when)


async def expire(tx: Tx, quote_id: UUID, when: datetime) -> None:
    """Its validity ended while it was sent. Nothing happens to one that was answered meanwhile."""
    deal, quote = await _both(tx, quote_id, None)
    if quote.status is QuoteStatus.SENT:
        await _end(tx, quote, _told(QuoteExpired, quote, deal), QuoteStatus.EXPIRED, None, when)


async def _withdraw(tx: Tx, deal: Deal, quote: Quote, reason: str, when: datetime) -> Quote:
    return await _end(tx, quote, _told(QuoteWithdrawn, quote, deal, reason=reason), QuoteStatus.WITHDRAWN, reason, when)


async def _end(tx: Tx, quote: Quote, event: QuoteEvent, status: QuoteStatus, reason: str | None, when: datetime) -> Quote:
    await cancel_timers(tx, quote.id, EXPIRY)
    return await tx.save(QUOTES, quote, event, at=when, status=status, reason=reason, ended_at=when)


async def _both(tx: Tx, quote_id: UUID, expect: int | None) -> tuple[Deal, Quote]:
    """The quote and its deal, both locked, the deal first."""
    found = await SEEN.get(tx, tx.actor, quote_id)
    deal = await deals.SEEN.load(tx, found.deal_id)
    return deal, await tx.load(QUOTES, quote_id, expect)


async def _facts(tx: Tx, quote: Quote, when: datetime) -> Facts:
    return (await facts_of(tx, [quote], day_of(tx, when)))[quote.id]


def _told(kind: type[QuoteEvent], quote: Quote, deal: Deal, **more: Any) -> QuoteEvent:
    def money(amount: Decimal) -> Money:
        return Money(amount=amount, currency=quote.currency)

    return kind(
        **dimensions(deal) | {"product": deal.product or rules.main_line(rules.lines_of(quote))},
        deal_id=deal.id,
        account_id=deal.account_id,
        number=quote.number,
        revision=quote.revision,
        list_total=money(quote.list_total),
        net=money(quote.net),
        tax=money(quote.tax),
        total=money(quote.total),
        fx=quote.fx,
        discount_percent=quote.discount_percent,
        valid_until=quote.valid_until,
        **more,
    )
