"""The year as a whole, drawn from a seed without any I/O: the same seed, size and end give the same plan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from clinch.demo import staff
from clinch.demo.deals import draw_deal, negotiate
from clinch.demo.leads import company_name, draw_lead, newest, work_out
from clinch.demo.moments import Draw
from clinch.demo.offers import with_offers
from clinch.demo.rare import with_what_is_rare
from clinch.demo.story import DirectDeal, Lead, Plan
from clinch.demo.tables import CUSTOMERS, LINES, SELLERS, SIZES

JOURNEYS, DESK, DIRECT = 0.04, 0.03, 0.01
"""Shares of the leads: whose deal is worked by hand, which are worked by hand without one, and deals of old customers. The rest of the
leads and of their deals come in lists, as they do where a company brings its history along."""
AT_LEAST = 12
"""Of each, where there are so many, so that a small demo has something of everything."""
SKIPPED = 0.08
KINDS = (("renewal", 4), ("upsell", 4), ("cross_sell", 2))


class Key(NamedTuple):
    """What a demo is known by. Its text begins the external key of everything that the demo makes."""

    seed: int
    leads: int
    until: datetime

    def __str__(self) -> str:
        return f"{self.begins(self.seed)}{self.leads}-{self.until:%Y%m%d%H}"

    @staticmethod
    def begins(seed: int) -> str:
        return f"demo-{seed}-"

    @classmethod
    def of(cls, external_id: str) -> "Key":
        _, seed, leads, until, *_ = external_id.split("-")
        return cls(int(seed), int(leads), datetime.strptime(until, "%Y%m%d%H").replace(tzinfo=UTC))


def plan(seed: int, leads: int, now: datetime, home: str = "CNY", abroad: str | None = None) -> Plan:
    """A year of `leads` leads that ends with the last full hour before `now`, in the currencies `home` and, beyond the border, `abroad`."""
    until = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    key = str(Key(seed, leads, until))
    foreign = abroad or home
    drawn = [draw_lead(Draw(f"{key}/{n}", until), f"{key}-L{n:05d}", company_name(n), home, foreign) for n in range(1, leads)]
    chosen = _by_hand(Draw(f"{key}/by hand", until), drawn, leads)
    worked = [_worked(Draw(f"{lead.key}/worked", until), lead) for lead in drawn if lead.key in chosen]
    count = max(min(AT_LEAST, leads // 10), round(DIRECT * leads))
    direct = [_direct(Draw(f"{key}/D{n}", until), f"{key}-D{n:04d}", home, foreign) for n in range(1, count + 1)]
    worked = with_what_is_rare(worked, until)
    by_hand: list[Lead | DirectDeal] = with_offers([*worked, *direct], until)
    return Plan(
        key=key,
        now=until,
        currency=home,
        written=tuple(_written(Draw(f"{lead.key}/written", until), lead) for lead in drawn if lead.key not in chosen),
        worked=tuple(each for each in by_hand if isinstance(each, Lead)),
        direct=tuple(each for each in by_hand if isinstance(each, DirectDeal)),
        newest=newest(Draw(f"{key}/newest", until), newest_key(key), company_name(leads)),
    )


def newest_key(key: str) -> str:
    return f"{key}-newest"


def _by_hand(draw: Draw, leads: Sequence[Lead], size: int) -> set[str]:
    """The keys of the leads that are worked by hand."""
    with_deal = [lead.key for lead in leads if lead.deal]
    without = [lead.key for lead in leads if not lead.deal and lead.owner]
    journeys = min(len(with_deal), max(AT_LEAST, round(JOURNEYS * size)))
    desk = min(len(without), max(AT_LEAST, round(DESK * size)))
    return {*draw.some(with_deal, journeys), *draw.some(without, desk)}


def _written(draw: Draw, lead: Lead) -> Lead:
    """Lists do not always say when a deal came to its proposal: the stage was skipped."""
    skips = lead.deal and lead.deal.negotiation_at and draw.chance(SKIPPED)
    return replace(lead, deal=replace(lead.deal, proposal_at=None)) if lead.deal and skips else lead


def _worked(draw: Draw, lead: Lead) -> Lead:
    lead = work_out(draw, lead)
    return replace(lead, deal=negotiate(draw, lead.deal, lead.prospect.size)) if lead.deal else lead


def _direct(draw: Draw, key: str, home: str, abroad: str) -> DirectDeal:
    """A deal with an old customer who comes back unasked; those are won more often."""
    customer, line, size, seller = draw.one(CUSTOMERS), draw.weighted(LINES), draw.weighted(SIZES), SELLERS[draw.one(staff.CUSTOMER_TEAM)]
    opened_at = draw.later(draw.captured_at(), 1) or draw.now - timedelta(days=3)
    kind = draw.by_weight(KINDS)
    currency = abroad if customer.region == "Overseas" else home
    name = f"{customer.name}: {line.name}, {kind.replace('_', '-')}"
    deal = draw_deal(draw, seller, name, kind, line, size, opened_at, 0.65, currency)
    return DirectDeal(key, customer, negotiate(draw, deal, size))
