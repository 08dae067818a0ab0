"""Making, sending and answering quotes.

The deal is locked first, always: it orders everything that happens to its quotes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert

from deal_svc.deals import queries as deals
from deal_svc.deals.commands import change
from deal_svc.deals.pipeline import Stage, skipped_gates
from deal_svc.deals.record import Deal
from deal_svc.policy import POLICY
from deal_svc.quotes import facts as gates
from deal_svc.quotes import pricing, rules
from deal_svc.quotes.acceptance import is_early, reason_unmet
from deal_svc.quotes.approvals import both, end_approval
from deal_svc.quotes.currency import agreed, rate_of, revised
from deal_svc.quotes.drafting import TOTAL_DISCOUNT, buyer_of, items_of, priced, total_discount
from deal_svc.quotes.events import terms_told, told
from deal_svc.quotes.fields import LineIn
from deal_svc.quotes.printing import order_paper
from deal_svc.quotes.queries import OF_DEAL, SUPERSEDABLE, facts_of
from deal_svc.quotes.record import Item, Quote, QuoteStatus
from deal_svc.quotes.rules import ACCEPT, CHANGE, QUOTE_DEAL, REJECT, REVISE, WITHDRAW, QuoteFacts
from deal_svc.quotes.tables import QUOTE_NUMBER, QUOTES
from shared import calendar
from shared.db.query import Query
from shared.db.tx import Tx
from shared.events.quote import (
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
from shared.ids import new_id
from shared.occurred import happened
from shared.timers import cancel_timers, set_timer

EXPIRY = "quote_expiry"
_NEXT_NUMBER = Query(insert(QUOTE_NUMBER).values(deal_id=bindparam("deal_id")).returning(QUOTE_NUMBER.c.id), int)


def day_of(tx: Tx, when: datetime) -> date:
    """The day in the company's zone: which prices hold, and until when a quote is valid."""
    return calendar.day_of(when, tx.settings.zone)


# -- Drafts ------------------------------------------------------------------------------------------------------------------


async def create(
    tx: Tx,
    deal_id: UUID,
    said: Mapping[str, Any],
    *,
    currency: str | None,
    lines: Sequence[LineIn],
    schedule: list[dict[str, Any]] | None,
    valid_until: date | None,
    at: datetime | None,
) -> Quote:
    """A first draft in this or the deal's currency, at the price book of the day.

    `said` are its descriptive fields.
    """
    deal = await deals.SEEN.load(tx, deal_id)
    QUOTE_DEAL.check(deal, tx.actor)
    when = happened(tx, at, since=deal.opened_at)
    day, policy = day_of(tx, when), tx.policy(POLICY)
    currency = currency or deal.currency
    buyer = await buyer_of(tx, deal, said["channel"], currency)
    quote = Quote(
        id=new_id(),
        version=0,
        deal_id=deal_id,
        number=f"Q-{await tx.one(_NEXT_NUMBER, deal_id=deal_id)}" if tx.kept else "Q-next",
        revision=1,
        status=QuoteStatus.DRAFT,
        currency=currency,
        **await rate_of(tx, tx.settings, deal, currency, when),
        quoted_on=day,
        valid_until=valid_until or day + timedelta(days=policy.quote_valid_days),
        valid_days=None if valid_until else policy.quote_valid_days,
        policy_version=policy.version,
        schedule=schedule or pricing.planned(policy.payment_plan),
        sent_at=None,
        viewed_at=None,
        accepted_at=None,
        ended_at=None,
        reason=None,
        flags={},
        created_by=tx.actor.id,
        created_at=tx.now,
        updated_at=tx.now,
        tax_rounding=policy.tax_rounding,
        **{**said, **priced(await items_of(tx, lines, buyer, day), said, currency, policy.tax_rounding)},
    )
    return await tx.add(QUOTES, quote, told(QuoteCreated, quote, deal), at=when)


async def edit(
    tx: Tx, quote_id: UUID, *, expect: int | None, at: datetime | None, lines: Sequence[LineIn] | None, changes: Mapping[str, Any]
) -> Quote:
    """Change a draft. Lines are given all together, and take their prices from the price book of the day."""
    deal, quote = await both(tx, quote_id, expect)
    CHANGE.check(quote, tx.actor, facts=QuoteFacts(deal, day_of(tx, tx.now)))
    when = happened(tx, at, since=deal.opened_at)
    day = day_of(tx, when)
    after = dict(changes)
    if "valid_until" in changes:
        after["valid_days"] = None
    if lines is not None:
        after["quoted_on"] = day
        if quote.currency != deal.currency:
            after |= await rate_of(tx, tx.settings, deal, quote.currency, when)
    if lines is not None or not changes.keys().isdisjoint(TOTAL_DISCOUNT):
        items: Sequence[Item] = pricing.lines_of(quote)
        if lines is not None:
            items = await items_of(tx, lines, await buyer_of(tx, deal, after.get("channel", quote.channel), quote.currency), day)
        after |= priced(items, total_discount(quote, changes), quote.currency, quote.tax_rounding)
    changed = {name: value for name, value in after.items() if getattr(quote, name) != value}
    if not changed:
        return quote
    return await tx.save(QUOTES, quote, told(QuoteChanged, replace(quote, **changed), deal), at=when, **changed)


async def revise(tx: Tx, quote_id: UUID, *, expect: int | None, at: datetime | None) -> Quote:
    """A draft of the next version, alike in all but its validity.

    The earlier one stands until this one is sent.
    """
    deal, quote = await both(tx, quote_id, expect)
    REVISE.check(quote, tx.actor, facts=await facts_at(tx, deal, quote, tx.now))
    when = happened(tx, at, since=quote.sent_at or deal.opened_at)
    policy = tx.policy(POLICY)
    draft = replace(
        quote,
        id=new_id(),
        revision=quote.revision + 1,
        status=QuoteStatus.DRAFT,
        **revised(quote, deal),
        valid_until=day_of(tx, when) + timedelta(days=policy.quote_valid_days),
        valid_days=policy.quote_valid_days,
        policy_version=policy.version,
        sent_at=None,
        accepted_at=None,
        viewed_at=None,
        ended_at=None,
        reason=None,
        flags={},
        created_by=tx.actor.id,
        created_at=tx.now,
        updated_at=tx.now,
        tier=None,
        content_hash=None,
        submitted_at=None,
        approved_at=None,
        kept_from=None,
        template_id=None,
    )
    return await tx.add(QUOTES, draft, told(QuoteCreated, draft, deal), at=when)


# -- Sent, and answered --------------------------------------------------------------------------------------------------------


async def deliver(tx: Tx, deal: Deal, quote: Quote, note: str | None, when: datetime) -> Quote:
    """The customer has an approved quote. Earlier versions that they had, or could still get, are superseded."""
    for earlier in await tx.all(SUPERSEDABLE, number=quote.number):
        if earlier.id != quote.id:
            superseded = told(QuoteSuperseded, earlier, deal, by_quote_id=quote.id)
            await _end(tx, earlier, superseded, QuoteStatus.SUPERSEDED, None, when)
    await set_timer(tx, EXPIRY, quote.id, calendar.end_of(quote.valid_until, tx.settings.zone))
    by, template_id = tx.policy(POLICY).version, await order_paper(tx, deal, quote, when)
    event = told(QuoteSent, quote, deal, policy_version=by, template_id=template_id)
    sent = {"status": QuoteStatus.SENT, "sent_at": when, "policy_version": by, "template_id": template_id}
    return await tx.save(QUOTES, quote, event, at=when, note=note, **sent)


async def accept(tx: Tx, quote_id: UUID, *, reason: str | None = None, expect: int | None, at: datetime | None) -> Quote:
    """The customer said yes.

    From here on the deal is worth what they agreed to pay, before tax; contract-svc drafts the contract. `reason`: why the gates up to
    negotiation are passed over.
    """
    deal, quote = await both(tx, quote_id, expect)
    return await accept_locked(tx, deal, quote, reason=reason, at=at)


async def accept_locked(
    tx: Tx, deal: Deal, quote: Quote, *, at: datetime | None, reason: str | None = None, link_id: UUID | None = None
) -> Quote:
    """The customer said yes; `link_id`: by this link of theirs."""
    when = happened(tx, at, since=quote.sent_at)
    ACCEPT.check(quote, tx.actor, facts=await facts_at(tx, deal, quote, when), also=reason_unmet(deal, reason))
    skipped = skipped_gates(deal, Stage.NEGOTIATION, (await gates.facts_of(tx, [deal.id]))[deal.id]) if is_early(deal) else []
    await cancel_timers(tx, quote.id, EXPIRY)
    lines = pricing.lines_of(quote)
    worth = agreed(quote, deal)
    deal = await change(tx, deal, at=when, **worth, quote_id=quote.id, product=deal.product or pricing.main_line(lines))
    event = told(
        QuoteAccepted,
        quote,
        deal,
        account_name=deal.account_name or deal.name,
        lead_id=deal.lead_id,
        lines=[QuoteLineData(**pricing.fields_of(x)) for x in pricing.counted(lines)],
        schedule=terms_told(quote),
        reason=reason,
        skipped_gates=skipped,
        link_id=link_id,
    )
    accepted = {"status": QuoteStatus.ACCEPTED, "accepted_at": when, "ended_at": None, "reason": None}
    return await tx.save(QUOTES, quote, event, at=when, **accepted)


async def reject(tx: Tx, quote_id: UUID, *, reason: str, expect: int | None, at: datetime | None) -> Quote:
    """The customer said no."""
    deal, quote = await both(tx, quote_id, expect)
    return await reject_locked(tx, deal, quote, reason=reason, at=at)


async def reject_locked(tx: Tx, deal: Deal, quote: Quote, *, reason: str, at: datetime | None, link_id: UUID | None = None) -> Quote:
    """The customer said no; `link_id`: by this link of theirs."""
    REJECT.check(quote, tx.actor, facts=QuoteFacts(deal, day_of(tx, tx.now)))
    when = happened(tx, at, since=quote.sent_at)
    return await _end(tx, quote, told(QuoteRejected, quote, deal, reason=reason, link_id=link_id), QuoteStatus.REJECTED, reason, when)


async def withdraw(tx: Tx, quote_id: UUID, *, reason: str, expect: int | None, at: datetime | None) -> Quote:
    """We take it back."""
    deal, quote = await both(tx, quote_id, expect)
    WITHDRAW.check(quote, tx.actor, facts=QuoteFacts(deal, day_of(tx, tx.now)))
    when = happened(tx, at, since=quote.accepted_at or quote.sent_at or deal.opened_at)
    return await _withdraw(tx, deal, quote, reason, when)


async def withdraw_open(tx: Tx, deal: Deal, reason: str, when: datetime) -> None:
    """Take back all quotes of a locked deal that are not answered."""
    for quote in await tx.all(OF_DEAL, deal_id=deal.id, statuses=list(rules.OPEN)):
        await _withdraw(tx, deal, quote, reason, when)


async def expire(tx: Tx, quote_id: UUID, when: datetime) -> None:
    """Its validity ended while it was sent. Nothing happens to one that was answered meanwhile."""
    deal, quote = await both(tx, quote_id, None)
    if quote.status is QuoteStatus.SENT:
        await _end(tx, quote, told(QuoteExpired, quote, deal), QuoteStatus.EXPIRED, None, when)


async def extend(tx: Tx, deal: Deal, quote: Quote, days: int, policy_version: int) -> None:
    """Give a sent quote more days than the policy gave it before. Nobody takes back what the customer was promised."""
    more = days - (quote.valid_days or days)
    if quote.status is QuoteStatus.SENT and more > 0:
        given: dict[str, Any] = {
            "valid_until": quote.valid_until + timedelta(days=more),
            "valid_days": days,
            "policy_version": policy_version,
        }
        await cancel_timers(tx, quote.id, EXPIRY)
        await set_timer(tx, EXPIRY, quote.id, calendar.end_of(given["valid_until"], tx.settings.zone))
        await tx.save(QUOTES, quote, told(QuoteChanged, replace(quote, **given), deal), **given)


async def _withdraw(tx: Tx, deal: Deal, quote: Quote, reason: str, when: datetime) -> Quote:
    if quote.status is QuoteStatus.PENDING_APPROVAL:
        await end_approval(tx, quote, deal, reason, when)
    return await _end(tx, quote, told(QuoteWithdrawn, quote, deal, reason=reason), QuoteStatus.WITHDRAWN, reason, when)


async def _end(tx: Tx, quote: Quote, event: QuoteEvent, status: QuoteStatus, reason: str | None, when: datetime) -> Quote:
    await cancel_timers(tx, quote.id, EXPIRY)
    return await tx.save(QUOTES, quote, event, at=when, status=status, reason=reason, ended_at=when)


async def facts_at(tx: Tx, deal: Deal, quote: Quote, when: datetime) -> QuoteFacts:
    """What decides about the quote on the day of `when`."""
    return (await facts_of(tx, [quote], day_of(tx, when), [deal]))[quote.id]
