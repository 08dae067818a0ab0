"""A deal worked by hand, from the first question to its end."""

from datetime import datetime, timedelta
from typing import Any

from clinch.demo import staff, tables
from clinch.demo.calls import Hand
from clinch.demo.company import Company, Known
from clinch.demo.pricing import COMPLETE
from clinch.demo.showing import show
from clinch.demo.signing import sign
from clinch.demo.story import Deal, DirectDeal, Offer, Quote

AHEAD = timedelta(days=6)
"""From one step to the next that was agreed."""
QUARTER = timedelta(days=91)
"""From one instalment to the next."""


async def open_direct(hand: Hand, direct: DirectDeal, customer: Known) -> str:
    """Open a further deal with an old customer; its id."""
    deal = direct.deal
    opened = await hand.post(
        deal.owner,
        "/v1/deals",
        name=deal.name,
        kind=deal.kind,
        account_id=customer.account_id,
        amount={"amount": deal.amount, "currency": deal.currency},
        source="existing_customer",
        product=deal.line.name,
        expected_close_on=deal.expected_close_on,
        at=deal.opened_at,
    )
    return str(opened["id"])


async def sell(hand: Hand, deal: Deal, deal_id: str, contact_id: str, company: Company, now: datetime) -> None:
    """Everything that happened to the deal by `now`, each act by the one whose it is."""
    path, owner = f"/v1/deals/{deal_id}", deal.owner
    ends_at = (deal.lost.at if deal.lost else deal.won_at) or now
    await _discover(hand, deal, path, contact_id, ends_at)
    if deal.proposal_at:
        await hand.post(owner, f"{path}/transitions", to="proposal", at=deal.proposal_at)
        quote = await _propose(hand, deal, deal_id, contact_id, company, ends_at)
        if deal.negotiation_at:
            await _negotiate(hand, deal, deal_id, quote)
        if deal.closing_at:
            await hand.post(owner, f"{path}/transitions", to="closing", at=deal.closing_at)
            await sign(hand, deal, quote["id"], contact_id, now)
        if deal.quote and deal.quote.link:
            await show(hand, deal, quote["id"], deal.quote.link)
    if deal.offer:
        await _offer(hand, deal, deal.offer, deal_id, company, now)
    await _end(hand, deal, path)
    if deal.stage not in ("won", "lost"):
        due_at = now + timedelta(days=1 + len(deal.name) % 10)
        await hand.put(owner, f"{path}/next-step", what=_next_step(deal, 1), due_at=due_at, at=_last_act(deal))


async def _discover(hand: Hand, deal: Deal, path: str, contact_id: str, ends_at: datetime) -> None:
    """What is asked before there is a proposal; half of it, where it never came so far."""
    entries = tables.SPIN if deal.proposal_at else tables.SPIN[:2]
    first, *times, confirmed_at = _spread(deal.opened_at, deal.proposal_at or min(ends_at, deal.opened_at + AHEAD), len(entries) + 2)
    await hand.post(deal.owner, f"{path}/contacts", contact_id=contact_id, committee_role="champion", stance="supporter", at=first)
    for (part, text), at in zip(entries, times, strict=True):
        await hand.post(deal.owner, f"{path}/spin", part=part, text=text, explicit=part != "implication", at=at)
    if deal.proposal_at:
        await hand.post(deal.owner, f"{path}/needs-confirmation", needs=tables.NEEDS, confirmed_by=contact_id, at=confirmed_at)
        due_at = confirmed_at + AHEAD
        await hand.put(deal.owner, f"{path}/next-step", what=_next_step(deal), due_at=due_at, at=confirmed_at)


async def _propose(hand: Hand, deal: Deal, deal_id: str, contact_id: str, company: Company, ends_at: datetime) -> Any:
    """The proposal and the quote; the quote as it was sent, if it was."""
    path = f"/v1/deals/{deal_id}"
    assert deal.proposal_at is not None, "only deals in the stage come here"
    until = deal.quote.sent_at if deal.quote else deal.negotiation_at or ends_at
    drafted_at, presented_at, decides_at = _spread(deal.proposal_at, until, 3)
    points = [dict(zip(("pain", "capability", "value"), pain, strict=True)) for pain in tables.PAINS]
    await hand.post(staff.presales_of(deal.owner), f"{path}/proposals", title=deal.line.name, points=points, at=drafted_at)
    if not deal.quote:
        return None
    await hand.post(deal.owner, f"{path}/proposals/1/present", at=presented_at)
    decider = {"contact_id": contact_id, "committee_role": "economic_buyer", "decision_maker": True, "stance": "supporter"}
    await hand.post(deal.owner, f"{path}/contacts", **decider, at=decides_at)
    return await _quote(hand, deal, deal.quote, deal_id, company)


async def _quote(hand: Hand, deal: Deal, quote: Quote, deal_id: str, company: Company) -> Any:
    lines = [{"product_id": company.products[line.item.sku], "quantity": str(line.quantity)} for line in quote.lines]
    drafted = await hand.post(
        deal.owner,
        "/v1/quotes",
        deal_id=deal_id,
        lines=lines,
        total_discount_percent=str(quote.discount),
        valid_until=quote.valid_until,
        at=quote.sent_at,
    )
    path, approvers = f"/v1/quotes/{drafted['id']}", staff.approvers_of(deal.owner, quote.discount)
    if approvers:
        asked = await hand.post(deal.owner, f"{path}/submit", at=quote.sent_at)
        for step, approver in approvers.items():
            said = {"step": step, "decision": "approved", "content_hash": asked["content_hash"]}
            await hand.post(approver, f"{path}/decisions", **said, at=quote.sent_at)
    return await hand.post(deal.owner, f"{path}/send", at=quote.sent_at)


async def _offer(hand: Hand, deal: Deal, offer: Offer, deal_id: str, company: Company, now: datetime) -> None:
    """What is offered today, at the prices of a large number, waits for whoever may give the discount."""
    core, seats, service = deal.line.items
    if deal.line.name == COMPLETE.line:
        core = COMPLETE.item
    lines = [(core, 1, False), (seats, offer.packs, False), (service, 1, True)]
    drafted = await hand.post(
        deal.owner,
        "/v1/quotes",
        deal_id=deal_id,
        lines=[{"product_id": company.products[item.sku], "quantity": str(n), "optional": optional} for item, n, optional in lines],
        total_discount_percent=str(offer.discount),
        special_terms=offer.special_terms,
        schedule=[{"trigger": "signed"}, *({"trigger": "date", "due_on": (now + QUARTER * n).date(), "due_days": 0} for n in (1, 2, 3))],
    )
    await hand.post(deal.owner, f"/v1/quotes/{drafted['id']}/submit")


async def _negotiate(hand: Hand, deal: Deal, deal_id: str, quote: Any) -> None:
    path, asked = f"/v1/deals/{deal_id}/transitions", deal.quote
    assert asked is not None, "there is no negotiation without a quote"
    await hand.post(deal.owner, path, to="negotiation", at=deal.negotiation_at)
    if deal.reworked:
        back_at, again_at = deal.reworked
        await hand.post(deal.owner, path, to="proposal", reason=tables.BACK_REASON, at=back_at)
        await hand.post(deal.owner, path, to="negotiation", at=again_at)
    if asked.accepted_at and asked.link != "accepted":
        await hand.post(deal.owner, f"/v1/quotes/{quote['id']}/accept", at=asked.accepted_at)
    if asked.rejected_at:
        await hand.post(deal.owner, f"/v1/quotes/{quote['id']}/reject", reason="Too dear for this year.", at=asked.rejected_at)


async def _end(hand: Hand, deal: Deal, path: str) -> None:
    if deal.won_at and deal.manual:
        await hand.post(staff.DIRECTOR, f"{path}/win", evidence="A signed order came by post.", at=deal.won_at)
    if deal.lost:
        note = "Their board stopped all projects." if deal.lost.reason == "other" else None
        await hand.post(deal.owner, f"{path}/lose", reason=deal.lost.reason, competitor=deal.lost.competitor, note=note, at=deal.lost.at)
        if deal.lost.reopened_at:
            await hand.post(staff.boss_of(deal.owner), f"{path}/reopen", reason=tables.WIN_BACK_REASON, at=deal.lost.reopened_at)


def _next_step(deal: Deal, n: int = 0) -> str:
    """The n-th of them is another one than the one before, so that one is done."""
    return tables.NEXT_STEPS[(len(deal.name) + n) % len(tables.NEXT_STEPS)]


def _last_act(deal: Deal) -> datetime:
    """When somebody last did something with an open deal."""
    known = [deal.opened_at, deal.proposal_at, deal.negotiation_at, deal.closing_at]
    known += [deal.quote.sent_at, deal.quote.accepted_at] if deal.quote else []
    known += [deal.lost.reopened_at] if deal.lost else []
    return max(at for at in known if at)


def _spread(start: datetime, end: datetime, n: int) -> list[datetime]:
    """`n` times at equal distances, all between the two."""
    return [start + (end - start) * k / (n + 1) for k in range(1, n + 1)]
