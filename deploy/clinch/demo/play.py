"""Carrying a plan out, stage by stage, through the import path and the API."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from clinch.demo import desk, keeping, lists, practice, selling, spending, staff, tidying, visitors
from clinch.demo.calls import Advance, Calls, Hand, Progress
from clinch.demo.company import Company
from clinch.demo.story import DirectDeal, Lead, Plan
from clinch.errors import CommandError

T = TypeVar("T")
IN_WORK = 24
"""Leads and deals that are worked on at a time. More than there are requests at a time: some wait for the workers."""


async def play(plan: Plan, company: Company, calls: Calls, progress: Progress) -> None:
    """Do everything that the plan tells of. Done again, it changes nothing. Raises `CommandError`."""
    written = [(lead, lead.deal) for lead in plan.written if lead.deal]
    rows = (lists.lead_row(lead) for lead in plan.written)
    advance = progress.stage("Leads from lists", len(plan.written))
    await lists.bring_in(calls, "leads", rows, by=staff.MARKETING, key=plan.key, advance=advance)
    rows = (lists.deal_row(lead, deal) for lead, deal in written)
    advance = progress.stage("Their deals", len(written))
    await lists.bring_in(calls, "deals", rows, by=staff.OPERATIONS, key=plan.key, advance=advance)

    async def work(lead: Lead) -> None:
        await desk.work(Hand(calls, lead.key), lead, company)

    async def journey(lead: Lead) -> None:
        hand = Hand(calls, lead.key)
        lead_id = await desk.work(hand, lead, company)
        assert lead.deal is not None, "only these come here"
        deal_id, contact_id = await desk.convert(hand, lead_id, lead.deal)
        await selling.sell(hand, lead.deal, deal_id, contact_id, company, plan.now)

    async def come_back(direct: DirectDeal) -> None:
        hand, customer = Hand(calls, direct.key), company.customers[direct.customer.key]
        deal_id = await selling.open_direct(hand, direct, customer)
        await selling.sell(hand, direct.deal, deal_id, str(customer.contact_id), company, plan.now)

    journeys = [lead for lead in plan.worked if lead.deal]
    await _each(
        [lead for lead in plan.worked if not lead.deal], work, progress.stage("Leads on the desk", len(plan.worked) - len(journeys))
    )
    await _each(journeys, journey, progress.stage("From lead to cash", len(journeys)))
    await _each(plan.direct, come_back, progress.stage("Deals with customers", len(plan.direct)))
    await spending.spend(plan, calls, progress)
    await practice.adopt(calls, plan.key)
    came = visitors.visitors(plan)
    await visitors.receive(came, calls, progress)
    await tidying.tidy(plan, came, calls, progress)
    await keeping.keep(plan, calls)
    await desk.capture(Hand(calls, plan.newest.key), plan.newest, company)


async def _each(things: Sequence[T], do: Callable[[T], Awaitable[None]], advance: Advance) -> None:
    """Do it to all of them, oldest first, some at a time; the first failure ends it."""
    free = asyncio.Semaphore(IN_WORK)

    async def one(thing: T) -> None:
        async with free:
            await do(thing)
        advance(1)

    refused: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for thing in things:
                group.create_task(one(thing))
    except* CommandError as failed:
        refused = failed.exceptions[0]  # raised from in here it would be in a group again
    if refused is not None:
        raise refused
