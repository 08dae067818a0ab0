"""Drawing leads: where each comes from, how far it gets, and what its owner did for that."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from clinch.demo import tables
from clinch.demo.deals import draw_deal
from clinch.demo.moments import Draw
from clinch.demo.story import Aside, Dropped, Finding, Lead, Prospect, Touch
from clinch.demo.tables import CUSTOMERS, LARGE, SELLERS, SOURCES, Source

MQL, SQL, DEAL, WON = 0.46, 0.5, 0.8, 0.33
"""The odds of each step, for a source and a seller of average quality."""
DROPPED = 0.5
"""Of the leads that get no further."""
_STRIDE = 2477
"""Neighbours get names that do not look alike: it shares no factor with the number of names."""
POOLED = 0.35
"""Of the leads that nobody has looked at yet."""


def draw_lead(draw: Draw, key: str, company: str, home: str, abroad: str) -> Lead:
    """A lead and its fate. `home`, `abroad`: the currencies that its deal may be in."""
    captured_at = draw.captured_at()
    source = draw.weighted(SOURCES)
    lead = Lead(key, captured_at, source, draw.one(source.campaigns), draw_prospect(draw, company), draw.weighted(tables.LINES))
    if not draw.chance(min(0.9, MQL * source.quality**0.5)):
        return _left(draw, lead, captured_at)
    lead = replace(lead, owner=_owner(draw, lead.prospect), mql_at=draw.later(captured_at, 3), why_mql=draw.one(tables.WHY_MQL))
    seller = SELLERS[lead.owner or ""]
    if lead.mql_at is None or not draw.chance(min(0.85, SQL * source.quality**0.6 * seller.strength**0.3)):
        return _left(draw, lead, lead.mql_at or captured_at)
    lead = replace(lead, qualified_at=draw.later(lead.mql_at, 6 / seller.pace))
    opened_at = lead.qualified_at and draw.later(lead.qualified_at, 3 / seller.pace)
    if opened_at is None or not draw.chance(DEAL):
        return lead
    odds = min(0.8, WON * source.quality**0.35 * seller.strength)
    name = f"{lead.prospect.company}: {lead.line.name}"
    currency = abroad if lead.prospect.region is tables.ABROAD else home
    return replace(lead, deal=draw_deal(draw, seller, name, "new", lead.line, lead.prospect.size, opened_at, odds, currency))


def _owner(draw: Draw, prospect: Prospect) -> str:
    if prospect.size is LARGE and draw.chance(0.4):
        return "dev-kam"
    return draw.one(prospect.region.sellers)


def _left(draw: Draw, lead: Lead, since: datetime) -> Lead:
    """It gets no further: given up, or still waiting for somebody."""
    at = draw.later(since, 18) if draw.chance(DROPPED) else None
    if at is None:
        return lead if draw.chance(POOLED) else replace(lead, owner=lead.owner or _owner(draw, lead.prospect))
    dropped = Dropped(at, draw.by_weight(tables.DISQUALIFIED))
    return replace(lead, owner=lead.owner or _owner(draw, lead.prospect), dropped=dropped)


def draw_prospect(draw: Draw, company: str) -> Prospect:
    given, family = draw.one(tables.GIVEN_NAMES), draw.one(tables.FAMILY_NAMES)
    host = re.sub("[^a-z]+", "-", company.lower())
    return Prospect(
        company=company,
        contact=f"{given} {family}",
        job=draw.one(tables.JOBS),
        email=f"{given}.{family}@{host}.example".lower(),
        phone=f"+86 21 5550 {draw.between(1000, 9999)}",
        region=draw.weighted(tables.REGIONS),
        industry=draw.one(tables.INDUSTRIES),
        size=draw.weighted(tables.SIZES),
    )


def company_name(n: int) -> str:
    """The n-th lead's company, which no other has: which of two accounts with one name a lead is for, only people can say."""
    places, trades, forms = tables.PLACES, tables.TRADES, tables.FORMS
    times, n = divmod(n, len(places) * len(trades) * len(forms))
    rest, place = divmod(n * _STRIDE % (len(places) * len(trades) * len(forms)), len(places))
    form, trade = divmod(rest, len(trades))
    second = f" & {trades[(trade + times) % len(trades)]}" if times else ""
    return f"{places[place]} {trades[trade]}{second} {forms[form]}"


# -- What the owner did ------------------------------------------------------------------------------------------------------


def work_out(draw: Draw, lead: Lead) -> Lead:
    """The lead with all that was done by hand to bring it where it is."""
    since = lead.mql_at or lead.captured_at
    if lead.source.name == "customer_referral":
        lead = replace(lead, referrer=draw.one(CUSTOMERS))
    if lead.qualified_at:
        return replace(lead, touches=_answered(draw, since, lead.qualified_at), findings=_findings(draw, since, lead.qualified_at))
    if lead.dropped and lead.dropped.reason == "no_response_3":
        return _unanswered(draw, lead, since)
    if lead.dropped:
        return replace(lead, touches=_answered(draw, since, lead.dropped.at)[-1:])
    aside = _aside(draw, since) if draw.chance(0.5) else None
    touched = (aside.at if aside else None) or draw.later(since, 2)
    return replace(lead, aside=aside, touches=_answered(draw, since, touched)[-1:] if touched else ())


def _answered(draw: Draw, start: datetime, end: datetime) -> tuple[Touch, ...]:
    """A few contacts. Only the first may be in vain: three in a row would be the end of the lead."""
    first, *others = draw.within(start, end, draw.between(2, 4))
    return (_try(draw, first) if draw.chance(0.4) else _talk(draw, first)), *(_talk(draw, at) for at in others)


def _try(draw: Draw, at: datetime) -> Touch:
    return Touch(at, draw.one(("mail", "call")), False, None)


def _talk(draw: Draw, at: datetime) -> Touch:
    return Touch(at, draw.one(("call", "meeting", "visit", "chat")), True, draw.one(tables.KEY_POINTS))


def _unanswered(draw: Draw, lead: Lead, since: datetime) -> Lead:
    """Three attempts on three working days, after which the system gives the lead up; fewer when the third has not come yet."""
    day = timedelta(days=1)
    touches: list[Touch] = []
    at = draw.later(since, 2)
    while at and len(touches) < 3:
        touches.append(_try(draw, at))
        at = draw.later(at + day, 4)
    dropped = replace(lead.dropped, at=touches[-1].at) if lead.dropped and len(touches) == 3 else None
    return replace(lead, touches=tuple(touches), dropped=dropped)


def _findings(draw: Draw, start: datetime, end: datetime) -> tuple[Finding, ...]:
    """Need, and at least two of the others: what an SQL takes."""
    others = draw.some(("budget", "authority", "timeline"), 3 if draw.chance(0.4) else 2)
    times = draw.within(start, end, 1 + len(others))
    months = draw.between(1, 9)
    found = zip(("need", *others), times, strict=True)
    return tuple(Finding(dimension, months if dimension == "timeline" else None, at) for dimension, at in found)


def _aside(draw: Draw, since: datetime) -> Aside | None:
    at = draw.later(since, 12)
    if at is None:
        return None
    wake_at = draw.now + timedelta(days=draw.between(5, 90))
    return Aside(at, draw.one(tables.NURTURED), wake_at, draw.later(at, 45) if draw.chance(0.3) else None)


def newest(draw: Draw, key: str, company: str) -> Lead:
    """The lead that has just come in."""
    source: Source = draw.weighted(SOURCES)
    at = draw.now - timedelta(minutes=draw.between(1, 4))
    return Lead(key, at, source, draw.one(source.campaigns), draw_prospect(draw, company), draw.weighted(tables.LINES))
