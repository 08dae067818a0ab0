"""The end of the year on the desk: dormant leads are taken up again, some of the pool are claimed or given out, and twins are merged."""

from collections.abc import Sequence
from typing import Any

from clinch.demo import staff
from clinch.demo.calls import NOBODY, Calls, Hand, Progress
from clinch.demo.story import Plan
from clinch.demo.visitors import Visitor, by_hand
from shared.auth import person_id

LEADS = "/v1/leads"
OFFER = "year-end offer"
CLAIMED, GIVEN = 4, 5


async def tidy(plan: Plan, came: Sequence[Visitor], calls: Calls, progress: Progress) -> None:
    """Do all of it. Done again, it changes nothing."""
    advance = progress.stage("Dormant leads, pool, twins", 4)
    await _take_up(Hand(calls, f"{plan.key}/dormant"), calls)
    advance(1)
    await _claim(Hand(calls, f"{plan.key}/pool"), calls, plan)
    advance(1)
    await _give_out(Hand(calls, f"{plan.key}/given"), calls, plan)
    advance(1)
    await _merge(Hand(calls, f"{plan.key}/twins"), calls, by_hand(came))
    advance(1)


async def _take_up(hand: Hand, calls: Calls) -> None:
    """A campaign for those who were given up because nobody answered; who took back their consent is left out."""
    known = (await calls.get("/v1/campaigns", by=staff.MARKETING, q=OFFER))["items"]
    campaign = known[0] if known else await hand.post(staff.MARKETING, "/v1/campaigns", name=OFFER, source="content", medium="mail")
    path = f"/v1/campaigns/{campaign['id']}/drives"
    chosen = {"conditions": [{"field": "region", "op": "is", "values": ["East China"]}]}
    drive = await hand.post(staff.MARKETING, path, offer="A month more for whoever decides before the new year.", chosen=chosen)
    await hand.until(staff.MARKETING, f"{path}/{drive['id']}", lambda found: found["state"] != "counting")
    await hand.post(staff.MARKETING, f"{path}/{drive['id']}/start")
    await hand.until(staff.MARKETING, f"{path}/{drive['id']}", lambda found: found["state"] == "done")


async def _claim(hand: Hand, calls: Calls, plan: Plan) -> None:
    """A seller takes some from the pool, and puts the first of them back: they cannot claim that one again for a month."""
    seller = "dev-rep-4"
    for n, key in enumerate(_pooled(plan)[-CLAIMED:]):
        path = f"{LEADS}/{await _id(calls, key)}/assign"
        await hand.post(seller, path, owner_id=person_id(seller))
        if n == 0:
            await hand.post(seller, path, owner_id=NOBODY)


async def _give_out(hand: Hand, calls: Calls, plan: Plan) -> None:
    """Sales operations gives several of the others in the pool to a seller at once; a job does it."""
    if keys := _pooled(plan)[:-CLAIMED][-GIVEN:]:
        ids = [await _id(calls, key) for key in keys]
        job = await hand.post(staff.SALES_OPS, f"{LEADS}/bulk-assign", ids=ids, owner_id=person_id("dev-rep-3"))
        await hand.until(staff.SALES_OPS, f"{LEADS}/bulk-jobs/{job['id']}", lambda found: found["finished_at"])


def _pooled(plan: Plan) -> list[str]:
    return [lead.key for lead in plan.written if lead.owner is None]


async def _id(calls: Calls, key: str) -> str:
    (lead,) = (await calls.get(LEADS, by=staff.SALES_OPS, external_id=key))["items"]
    return str(lead["id"])


async def _merge(hand: Hand, calls: Calls, named: Sequence[Visitor]) -> None:
    """Three visitors are entered again from a fair: two are merged, of which one is undone; the third is somebody else after all."""
    for n, visitor in enumerate(named[:3]):
        lead = (await calls.get(LEADS, by=staff.SALES_OPS, external_id=visitor.key))["items"][0]
        twin = await hand.post(staff.SALES_OPS, LEADS, **_again(visitor))
        if n < 2:
            await hand.post(staff.SALES_OPS, f"{LEADS}/{lead['id']}/merge", absorbed_id=twin["id"], reason="The same person at our stand")
        else:
            await hand.post(staff.SALES_OPS, f"{LEADS}/{lead['id']}/duplicates/{twin['id']}/dismiss", reason="father and son")
        if n == 1:
            await hand.post(staff.SALES_OPS, f"{LEADS}/{twin['id']}/unmerge")


def _again(visitor: Visitor) -> dict[str, Any]:
    who = visitor.prospect
    return {
        "external_id": f"{visitor.key}-fair",
        "source": "trade_show",
        "medium": "event",
        "company": f"{who.company} Ltd",
        "contact_name": who.contact,
        "email": who.email,
        "phone": who.phone,
    }
