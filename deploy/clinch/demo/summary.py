"""What was made, and where to look at it."""

import asyncio
import time
from decimal import Decimal
from typing import Any

from clinch.demo import staff
from clinch.demo.calls import PATIENCE, Calls
from clinch.demo.story import Plan
from clinch.errors import CommandError

LOOKS = (
    ("the funnel by source", "funnel?by=source"),
    ("the pipeline by stage and owner", "pipeline?by=owner"),
    ("win rate by owner", "kpis/win_rate?by=owner"),
    ("what is overdue, by region", "kpis/overdue_rate?by=region"),
)


async def figures_come(calls: Calls, plan: Plan) -> None:
    """Wait until the figures have heard of it all: every lead counts, and nothing has moved for a moment. Raises `CommandError`."""
    before, deadline = None, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        funnel = await calls.get("/v1/metrics/funnel", by=staff.ADMIN)
        if funnel == before and funnel["total"]["steps"][0]["n"] >= len(plan.leads):
            return
        before = funnel
        await asyncio.sleep(0.7)
    raise CommandError(f"All is made, but the figures did not follow within {PATIENCE:.0f} s; `clinch logs worker` may say why.")


async def told(calls: Calls, plan: Plan) -> str:
    """A few lines: what the plan holds, and what the figures make of it."""
    funnel = await calls.get("/v1/metrics/funnel", by=staff.ADMIN)
    pipeline = (await calls.get("/v1/metrics/pipeline", by=staff.ADMIN))["total"]["total"]
    overdue = (await calls.get("/v1/metrics/kpis/overdue_rate", by=staff.ADMIN))["total"]
    won = _won(funnel)
    currency = funnel["currency"]
    by_hand = sum(1 for lead in plan.worked if lead.deal) + len(plan.direct)
    return (
        f"A year until {plan.now:%Y-%m-%d}: {len(plan.leads):,} leads, {len(plan.written):,} of them from lists; "
        f"{len(plan.deals):,} deals, {by_hand:,} worked by hand through {_signed(plan):,} signatures and {_payments(plan):,} payments.\n"
        f"The figures say: {won[0]:,} deals won, worth {_amount(won[1])} {currency}; {pipeline['n']:,} open, worth "
        f"{_amount(Decimal(pipeline['amount']))}; {_amount(Decimal(overdue['parts']['overdue']))} overdue."
    )


def looks(origin: str, token: str) -> str:
    """Commands that work as they are when pasted into a terminal; `token` is the one that prints an access token."""
    lines = [f'  curl -s "{origin}/v1/metrics/{path}" -H "Authorization: Bearer $({token} 2>/dev/null)"  # {says}' for says, path in LOOKS]
    return "\n".join(
        ["Worth a look:", *lines, f"  {origin}/  # the page: choose somebody, and see their quarter", f"  {origin}/docs  # the API"]
    )


def _won(funnel: Any) -> tuple[int, Decimal]:
    steps = [s for line in ("total", "direct") for s in funnel[line]["steps"] if s["step"] == "F8"]
    return sum(s["deals"] for s in steps), sum((Decimal(s["value"]) for s in steps), Decimal(0))


def _signed(plan: Plan) -> int:
    return sum(1 for deal in plan.deals if deal.contract and deal.contract.signed_at)


def _payments(plan: Plan) -> int:
    return sum(len(deal.contract.payments) for deal in plan.deals if deal.contract)


def _amount(value: Decimal) -> str:
    return f"{value:,.0f}"
