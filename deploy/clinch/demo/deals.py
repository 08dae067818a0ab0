"""Drawing deals: how far each gets and when, and for those worked by hand the quote, the way back, the second chance."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from clinch.demo import tables
from clinch.demo.contracts import draw_contract
from clinch.demo.moments import Draw
from clinch.demo.story import Bought, Deal, Lost, Quote
from clinch.demo.tables import LOST_REASONS, Line, Seller, Size

DAYS = {"discovery": 12.0, "proposal": 14.0, "negotiation": 13.0, "closing": 9.0}
"""The median stay in a stage, for a seller of average pace."""
LOST_IN = (("discovery", 34), ("proposal", 31), ("negotiation", 28), ("closing", 7))
STALLED = 0.06
"""Of the deals that are not won: the customer keeps delaying, and nothing happens any more."""
DISCOUNTS = ((0, 5), (5, 4), (8, 3), (10, 3), (15, 3), (20, 1), (25, 1))
"""Percent, and how often. Above 10 a manager sends the quote, above 20 the director."""
MANUAL, REWORKED, REOPENED = 0.06, 0.15, 0.15
VALID = timedelta(days=30)


def draw_deal(
    draw: Draw, seller: Seller, name: str, kind: str, line: Line, size: Size, opened_at: datetime, odds: float, currency: str
) -> Deal:
    """A deal and its way through the stages, as far as there was time for it. `odds`: of winning it in the end."""
    wins = draw.chance(odds)
    ends_in = "closing" if wins else draw.by_weight(LOST_IN)
    stalls = not wins and draw.chance(STALLED)
    entered: dict[str, datetime | None] = {"discovery": opened_at}
    at: datetime | None = opened_at
    for stage, after in (("discovery", "proposal"), ("proposal", "negotiation"), ("negotiation", "closing"), ("closing", None)):
        at = at and draw.later(at, DAYS[stage] * size.longer / seller.pace)
        if stage == ends_in or after is None:
            break
        entered[after] = at
    closed_at = None if stalls else at
    bought = _bought(draw, line, size)
    first = sum(item.priced(currency, opened_at.year) * n for item, n in bought)
    return Deal(
        name=name,
        kind=kind,
        owner=seller.key,
        line=line,
        amount=Decimal(first * (100 - draw.by_weight(DISCOUNTS)) // 100),
        currency=currency,
        opened_at=opened_at,
        expected_close_on=_expected(draw, closed_at),
        proposal_at=entered.get("proposal"),
        negotiation_at=entered.get("negotiation"),
        closing_at=entered.get("closing"),
        won_at=closed_at if wins else None,
        lost=_lost(draw, closed_at, ends_in) if closed_at and not wins else None,
    )


def _bought(draw: Draw, line: Line, size: Size) -> list[tuple[tables.Item, int]]:
    service = [(line.service, 1)] if draw.chance(0.7) else []
    return [(line.core, 1), (line.seats, draw.between(1, size.seats)), *service]


def _expected(draw: Draw, closed_at: datetime | None) -> date:
    """What was expected of a deal that is closed lay around its end; open ones are to close in the coming quarter."""
    if closed_at:
        return closed_at.date() + timedelta(days=draw.between(-15, 10))
    return draw.now.date() + timedelta(days=draw.between(4, 90))


def _lost(draw: Draw, at: datetime, stage: str) -> Lost:
    reason = draw.by_weight(LOST_REASONS[stage])
    return Lost(at, reason, draw.by_weight(tables.COMPETITORS) if reason == "competitor" else None)


# -- By hand -----------------------------------------------------------------------------------------------------------------


def negotiate(draw: Draw, deal: Deal, size: Size) -> Deal:
    """The deal with its quote, its contract, and what else happens to deals that people work on."""
    if deal.lost and draw.chance(REOPENED):
        deal = replace(deal, lost=replace(deal.lost, reopened_at=draw.later(deal.lost.at, 25)))
        if deal.lost and deal.lost.reopened_at:
            deal = replace(deal, expected_close_on=_expected(draw, None))
    if deal.won_at and draw.chance(MANUAL):
        deal = replace(deal, manual=True, closing_at=None)
    if deal.negotiation_at and deal.closing_at and draw.chance(REWORKED):
        back, again = draw.within(deal.negotiation_at, deal.closing_at, 2)
        deal = replace(deal, reworked=(back, again))
    deal = replace(deal, quote=_quote(draw, deal, size))
    if deal.quote is None or deal.closing_at is None:
        return deal
    ends_at = deal.lost.at if deal.lost else draw.now
    return replace(deal, contract=draw_contract(draw, deal.quote, deal.closing_at, deal.won_at, ends_at))


def _quote(draw: Draw, deal: Deal, size: Size) -> Quote | None:
    closed_at = deal.won_at or (deal.lost.at if deal.lost else None)
    if deal.proposal_at is None or not (deal.negotiation_at or draw.chance(0.5)):
        return None
    (sent_at,) = draw.within(deal.proposal_at, deal.negotiation_at or closed_at or draw.now)
    accepted_at = rejected_at = None
    if deal.negotiation_at and deal.closing_at:
        (accepted_at,) = draw.within(deal.reworked[1] if deal.reworked else deal.negotiation_at, deal.closing_at)
    elif deal.negotiation_at and deal.lost and deal.lost.at < sent_at + VALID and draw.chance(0.6):
        (rejected_at,) = draw.within(deal.negotiation_at, deal.lost.at)
    # What came of it in time is told when that time has passed: a timer must not be there first and let the quote expire.
    in_time = deal.negotiation_at or (closed_at and closed_at < sent_at + VALID)
    valid_until = ((draw.now if in_time else sent_at) + VALID).date()
    lines = tuple(Bought(item, n) for item, n in _bought(draw, deal.line, size))
    return Quote(sent_at, valid_until, lines, draw.by_weight(DISCOUNTS), deal.currency, accepted_at, rejected_at)
