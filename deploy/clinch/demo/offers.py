"""What is on the table when the year ends: quotes that wait for a decision of ours, and one that its customer accepts by a link."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from clinch.demo.deals import VALID
from clinch.demo.story import Contract, Deal, DirectDeal, Lead, Offer

OFFERS = (
    Offer(packs=48, discount=15),
    Offer(packs=120, discount=35, special_terms="Payment within 60 days in place of 30."),
)
"""For a manager; and for a director, finance and the lawyers."""

Holder = TypeVar("Holder", bound=Lead | DirectDeal)


def with_offers(holders: Sequence[Holder], now: datetime) -> list[Holder]:
    """Those with deals, of which some have more to decide. A small year may not have one for each."""
    found = list(holders)
    for n, deal in _accepting(found)[:1]:
        assert deal.quote is not None, "only quotes are accepted"
        quote = replace(deal.quote, accepted_at=now, valid_until=(now + VALID).date(), link="accepted")
        found[n] = replace(found[n], deal=replace(deal, quote=quote, contract=Contract()))
    for offer, (n, deal) in zip(OFFERS, _unquoted(found), strict=False):
        found[n] = replace(found[n], deal=replace(deal, offer=offer))
    return found


def _accepting(holders: Sequence[Lead | DirectDeal]) -> list[tuple[int, Deal]]:
    """Deals in negotiation whose customers have a quote, and have not answered."""
    return [(n, deal) for n, deal in _deals(holders) if deal.stage == "negotiation" and deal.quote and not _answered(deal)]


def _unquoted(holders: Sequence[Lead | DirectDeal]) -> list[tuple[int, Deal]]:
    """Open deals without a quote, those that are further first."""
    known = [(n, deal) for n, deal in _deals(holders) if deal.stage in ("discovery", "proposal") and deal.quote is None]
    return sorted(known, key=lambda found: found[1].stage != "proposal")


def _deals(holders: Sequence[Lead | DirectDeal]) -> list[tuple[int, Deal]]:
    return [(n, holder.deal) for n, holder in enumerate(holders) if holder.deal and not holder.deal.lost]


def _answered(deal: Deal) -> bool:
    return bool(deal.quote and (deal.quote.accepted_at or deal.quote.rejected_at))
