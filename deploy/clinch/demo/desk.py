"""A lead worked by hand: captured, touched, qualified, put aside, given up, or converted."""

from typing import Any

from clinch.demo import staff
from clinch.demo.calls import Hand
from clinch.demo.company import Company
from clinch.demo.story import Deal, Lead
from shared.auth import person_id

LEADS = "/v1/leads"


async def capture(hand: Hand, lead: Lead, company: Company) -> str:
    """Enter the lead; its id. A seller owns what they found; the rest is marketing's until somebody hands it out."""
    referrer = company.customers[lead.referrer.key].account_id if lead.referrer else None
    captured = await hand.post(
        _finder(lead),
        LEADS,
        external_id=lead.key,
        captured_at=lead.captured_at,
        source=lead.source.name,
        medium=lead.source.medium,
        campaign=lead.campaign,
        title=f"{lead.prospect.company}: {lead.line.name}",
        **lead.prospect.fields,
        product=lead.line.name,
        referrer_account_id=referrer,
    )
    return str(captured["id"])


def _finder(lead: Lead) -> str:
    return lead.owner if lead.owner and lead.source.medium == "outbound" else staff.MARKETING


async def work(hand: Hand, lead: Lead, company: Company) -> str:
    """Everything that was done with the lead, short of the conversion; its id."""
    lead_id = await capture(hand, lead, company)
    path, owner = f"{LEADS}/{lead_id}", lead.owner
    if lead.mql_at:
        await hand.post(staff.MARKETING, f"{path}/mql", reason=lead.why_mql, at=lead.mql_at)
    if owner is None:
        return lead_id
    if _finder(lead) != owner:
        await hand.post(staff.boss_of(owner), f"{path}/assign", owner_id=person_id(owner), at=lead.mql_at or lead.captured_at)
    for touch in lead.touches:
        said = {"outcome": "reached" if touch.answered else "no_response", "key_points": touch.said}
        said["direction"] = "inbound" if touch.kind == "chat" else "outbound"  # customers begin chats, we the rest
        await hand.post(owner, f"{path}/interactions", kind=touch.kind, **said, at=touch.at)
    if lead.qualified_at:
        await _qualify(hand, lead, owner, path)
    if lead.aside:
        await hand.post(owner, f"{path}/nurture", reason=lead.aside.reason, wake_at=lead.aside.wake_at, at=lead.aside.at)
        if lead.aside.again_at:
            await hand.post(owner, f"{path}/reactivate", reason="They called again.", at=lead.aside.again_at)
    if lead.dropped and lead.dropped.reason != "no_response_3":  # that one follows from the third attempt by itself
        await hand.post(owner, f"{path}/disqualify", reason=lead.dropped.reason, at=lead.dropped.at)
    return lead_id


async def _qualify(hand: Hand, lead: Lead, owner: str, path: str) -> None:
    for finding in lead.findings:
        bant: dict[str, Any] = {"status": "confirmed", "evidence": "Said so in our talk.", "months": finding.months}
        await hand.put(owner, f"{path}/bant/{finding.dimension}", **bant, at=finding.at)
    level = "high" if len(lead.findings) > 3 else "medium"
    await hand.post(owner, f"{path}/intent", level=level, at=lead.findings[-1].at)
    await hand.post(owner, f"{path}/qualify", at=lead.qualified_at)


async def convert(hand: Hand, lead_id: str, deal: Deal) -> tuple[str, str]:
    """Hand the lead over; the ids of the deal, once it is open, and of the contact."""
    converted = await hand.post(
        deal.owner,
        f"{LEADS}/{lead_id}/convert",
        deal_name=deal.name,
        join_account=False,
        amount={"amount": deal.amount, "currency": deal.currency},
        expected_close_on=deal.expected_close_on,
        at=deal.opened_at,
    )
    await hand.until(deal.owner, f"/v1/deals/{converted['deal_id']}")
    return converted["deal_id"], converted["contact_id"]
