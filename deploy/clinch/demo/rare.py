"""What happens once a year, so that a demo has it: each is made of what was drawn, and leaves the rest of the year as it is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from clinch.demo import staff
from clinch.demo.story import Contract, Deal, Lead, Linked

PAID_AGAIN = timedelta(days=9)
IN_REVIEW = timedelta(days=8)
"""A contract that can be in review for so long has used up the working hours of it, as the first policy counts them."""
ACCEPTS_WITHIN, HISTORY = timedelta(days=32), timedelta(days=85)
"""Who has not accepted after the first is late, in every zone; what is older than the second starts no deadline, by the first policy."""

LINKS: tuple[Linked, ...] = ("opened", "revoked")

Signing = tuple[Lead, Deal, Contract]


def with_what_is_rare(leads: Sequence[Lead], now: datetime) -> list[Lead]:
    """The leads, of which some deals go another way. A small year may not have one for each."""
    for change in (_voided, _paid_again, _waiting, _withdrawn, _delegated, _not_accepted, _linked):
        leads = change(leads, now)
    return list(leads)


def _voided(leads: Sequence[Lead], now: datetime) -> list[Lead]:
    """The latest contract that nobody has paid for is voided before it takes effect, and the win with it."""
    for lead, deal, contract in sorted(_signed(leads), key=_won_at, reverse=True):
        if not contract.payments and not contract.live_on:
            won_at, starts_on = _won_at((lead, deal, contract)), (now + timedelta(days=20)).date()
            void = replace(contract, starts_on=starts_on, voided_at=won_at + (now - won_at) / 2)
            return _changed(leads, lead, replace(deal, contract=void, expected_close_on=starts_on))
    return list(leads)


def _paid_again(leads: Sequence[Lead], now: datetime) -> list[Lead]:
    """The bank took the first payment of the oldest contract back, and the customer paid again."""
    for lead, deal, contract in sorted(_signed(leads), key=_won_at):
        first, *others = contract.payments or [None]
        if first and first.at + PAID_AGAIN < now:
            payments = (replace(first, reversed_at=first.at + PAID_AGAIN / 3), replace(first, at=first.at + PAID_AGAIN), *others)
            return _changed(leads, lead, replace(deal, contract=replace(contract, payments=payments)))
    return list(leads)


def _withdrawn(leads: Sequence[Lead], _: datetime) -> list[Lead]:
    """One contract that came back from review was taken back by its owner."""
    return _one(leads, lambda _, contract: replace(contract, withdrawn=True) if contract.resubmitted_at else None)


def _delegated(leads: Sequence[Lead], _: datetime) -> list[Lead]:
    """A manager is away, and lets the regional head decide."""

    def change(deal: Deal, contract: Contract) -> Contract | None:
        fits = contract.approved_at and not contract.objected_at and staff.boss_of(deal.owner) != staff.DIRECTOR
        return replace(contract, delegated=True) if fits else None

    return _one(leads, change)


def _waiting(leads: Sequence[Lead], now: datetime) -> list[Lead]:
    """A contract that is not signed yet has been in review for too long. Where there is none, the latest signature has not come."""
    known = [(lead, deal) for lead, deal, contract in _with_contract(leads) if deal.stage in ("closing", "won") and not contract.voided_at]
    old = [(lead, deal) for lead, deal in known if deal.closing_at and deal.closing_at + IN_REVIEW < now]
    if not old:
        return list(leads)
    lead, deal = max(old, key=lambda found: found[1].won_at or now)
    expected = max(deal.expected_close_on, (now + timedelta(days=20)).date())
    return _changed(leads, lead, replace(deal, won_at=None, contract=Contract(waits=True), expected_close_on=expected))


def _not_accepted(leads: Sequence[Lead], now: datetime) -> list[Lead]:
    """A customer has worked with it for over a month, and has not accepted it."""

    def change(_: Deal, contract: Contract) -> Contract | None:
        fits = contract.live_on and (now - HISTORY).date() < contract.live_on < (now - ACCEPTS_WITHIN).date()
        return replace(contract, accepted_at=None, payments=tuple(p for p in contract.payments if p.part < 2)) if fits else None

    return _one(leads, change)


def _linked(leads: Sequence[Lead], _: datetime) -> list[Lead]:
    """Two customers who bought get a link to their quote's document: one opens it, the other's is revoked."""
    bought = [(lead, lead.deal) for lead in leads if lead.deal and lead.deal.stage == "won" and lead.deal.contract]
    for link, (lead, deal) in zip(LINKS, bought, strict=False):
        assert deal.quote is not None, "a contract comes of a quote"
        leads = _changed(leads, lead, replace(deal, quote=replace(deal.quote, link=link)))
    return list(leads)


def _one(leads: Sequence[Lead], change: Callable[[Deal, Contract], Contract | None]) -> list[Lead]:
    """Change the first contract that fits."""
    for lead, deal, contract in _with_contract(leads):
        if (now := change(deal, contract)) is not None:
            return _changed(leads, lead, replace(deal, contract=now))
    return list(leads)


def _with_contract(leads: Iterable[Lead]) -> list[Signing]:
    return [(lead, lead.deal, lead.deal.contract) for lead in leads if lead.deal and lead.deal.contract]


def _signed(leads: Iterable[Lead]) -> list[Signing]:
    return [found for found in _with_contract(leads) if found[2].signed_at]


def _won_at(found: Signing) -> datetime:
    assert found[1].won_at is not None, "what is signed is won"
    return found[1].won_at


def _changed(leads: Iterable[Lead], changed: Lead, deal: Deal) -> list[Lead]:
    return [replace(lead, deal=deal) if lead.key == changed.key else lead for lead in leads]
