"""Campaigns, and what was spent on them: month by month, in a list as the agency sends it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from clinch.demo import lists, staff
from clinch.demo.calls import Calls, Hand, Progress
from clinch.demo.lists import Row
from clinch.demo.moments import YEAR, Draw
from clinch.demo.story import Plan
from clinch.demo.tables import LEAD_COSTS, SOURCES


async def spend(plan: Plan, calls: Calls, progress: Progress) -> None:
    """Plan the year's campaigns, and enter their bills."""
    campaigns = [(source, name) for source in SOURCES for name in source.campaigns]
    advance = progress.stage("Campaigns", len(campaigns))
    known = {found["name"] for found in (await calls.get("/v1/campaigns", by=staff.MARKETING, limit=200))["items"]}
    for source, name in campaigns:
        if name not in known:
            hand = Hand(calls, f"demo-campaign-{name}")
            await hand.post(staff.MARKETING, "/v1/campaigns", name=name, source=source.name, medium=source.medium)
        advance(1)
    rows = list(bills(plan))
    await lists.bring_in(calls, "spend", rows, by=staff.MARKETING, key=plan.key, advance=progress.stage("What they cost", len(rows)))


def bills(plan: Plan) -> Iterator[Row]:
    """One for each month and campaign: what the leads of the month are worth to us, more or less."""
    first = (plan.now - YEAR).date()
    for source in SOURCES:
        for name in source.campaigns:
            for begins, ends in months(first, plan.now.date()):
                draw = Draw(f"{plan.key}/{name}/{begins}", plan.now)
                came = sum(1 for lead in plan.leads if lead.campaign == name and begins <= lead.captured_at.date() <= ends)
                cost = LEAD_COSTS[source.name] * (came + 1) * draw.between(80, 120) / Decimal(100)
                yield {
                    "external_id": f"{plan.key}-{name}-{begins}",
                    "campaign": name,
                    "starts_on": begins.isoformat(),
                    "ends_on": ends.isoformat(),
                    "amount": round(cost),
                    "currency": plan.currency,
                }


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The months from one day to another, of which the first and the last may be parts."""
    while first <= last:
        following = (datetime(first.year, first.month, 1, tzinfo=UTC) + timedelta(days=32)).date().replace(day=1)
        yield first, min(following - timedelta(days=1), last)
        first = following
