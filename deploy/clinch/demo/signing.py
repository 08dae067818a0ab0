"""A contract worked by hand, from the draft that the accepted quote brought to the last payment."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from clinch.demo import staff, tables
from clinch.demo.calls import Hand
from clinch.demo.story import Contract, Deal, Payment
from shared.auth import person_id

TERM = timedelta(days=365)
DELIVERY = timedelta(days=45)
CLOSE, MARGIN = timedelta(seconds=1), timedelta(seconds=3)
"""How near the search comes, and what the request may take after it. Meanwhile the time goes on."""
PARTS = ("legal", "finance", "manager")


async def sign(hand: Hand, deal: Deal, quote_id: str, contact_id: str, now: datetime) -> None:
    """The paper work, the signature, delivery and payments, as far as they have come."""
    plan = deal.contract
    assert plan is not None, "whoever accepted a quote gets a contract"
    drafts = await hand.until(deal.owner, "/v1/contracts", lambda page: page["items"], quote_id=quote_id)
    path = f"/v1/contracts/{drafts[0]['id']}"
    if plan.submitted_at:
        await _review(hand, deal, plan, path)
    if plan.waits:
        await _let_wait(hand, deal, path, now)
    if plan.sent_at:
        signers = [{"name": deal.name.partition(":")[0], "contact_id": contact_id}]
        sign_by = (max(plan.sent_at, plan.signed_at or plan.sent_at) + timedelta(days=14)).date()
        await hand.post(staff.assistant_of(deal.owner), f"{path}/send-for-signature", signers=signers, sign_by=sign_by, at=plan.sent_at)
    if plan.signed_at:
        ends_on = (plan.signed_at + TERM).date()
        await hand.post(staff.assistant_of(deal.owner), f"{path}/sign", signed_at=plan.signed_at, starts_on=plan.starts_on, ends_on=ends_on)
        await _fulfil(hand, plan, deal.currency, drafts[0])
    if plan.voided_at:
        deal_path = f"/v1/deals/{drafts[0]['deal_id']}"
        await hand.until(deal.owner, deal_path, lambda known: known["stage"] == "won")
        await hand.post(staff.DIRECTOR, f"{path}/void", reason="The customer's parent company stopped the project.", at=plan.voided_at)
        await hand.until(deal.owner, deal_path, lambda known: known["stage"] == "closing")


async def _review(hand: Hand, deal: Deal, plan: Contract, path: str) -> None:
    assert plan.submitted_at is not None, "only what was submitted is reviewed"
    committed = plan.live_on or (plan.submitted_at + DELIVERY).date()
    await hand.patch(staff.assistant_of(deal.owner), path, committed_go_live_on=committed, at=plan.submitted_at)
    submitted = await hand.post(deal.owner, f"{path}/submit", at=plan.submitted_at)
    if plan.objected_at:
        if plan.withdrawn:
            await hand.post(deal.owner, f"{path}/withdraw", reason=tables.TAKEN_BACK, at=plan.objected_at)
        else:
            no = {"part": "legal", "decision": "rejected", "reason": tables.LEGAL_OBJECTION, "content_hash": submitted["content_hash"]}
            await hand.post(staff.LEGAL, f"{path}/reviews", **no, at=plan.objected_at)
        await hand.patch(staff.LEGAL, path, sections={"breach_disputes": tables.LIABILITY}, at=plan.objected_at)
        if plan.resubmitted_at:
            submitted = await hand.post(deal.owner, f"{path}/submit", at=plan.resubmitted_at)
    if plan.approved_at:
        boss = staff.boss_of(deal.owner)
        if plan.delegated:
            to = person_id(staff.HEAD)
            await hand.post(boss, f"{path}/reviews/delegate", part="manager", person_id=to, at=plan.submitted_at)
            boss = staff.HEAD
        for part, by in zip(PARTS, (staff.LEGAL, staff.FINANCE, boss), strict=True):
            yes = {"part": part, "decision": "approved", "content_hash": submitted["content_hash"]}
            await hand.post(by, f"{path}/reviews", **yes, at=plan.approved_at)


async def _let_wait(hand: Hand, deal: Deal, path: str, now: datetime) -> None:
    """Submit it at such a time that the working hours of the review are over in a moment: nobody decides, and it is escalated.

    Only a time that still lies ahead is a deadline. So the latest time of submission that has none is looked for by dry runs.
    """
    contract = await hand.until(deal.owner, path, lambda contract: contract)
    asked = contract["approval"]  # there, if a demo that was cut off goes on
    at = datetime.fromisoformat(asked["requested_at"]) if asked else await _in_time_for_now(hand, deal, path, now)
    await hand.post(deal.owner, f"{path}/submit", at=min(at, now))


async def _in_time_for_now(hand: Hand, deal: Deal, path: str, now: datetime) -> datetime:
    started = time.monotonic()
    assert deal.closing_at is not None, "contracts are for deals that come so far"
    early, late = deal.closing_at, now
    while late - early > CLOSE:
        middle = early + (late - early) / 2
        asked = (await hand.would(deal.owner, f"{path}/submit", at=middle))["approval"]
        early, late = (early, middle) if any(step["due_at"] for step in asked["steps"]) else (middle, late)
    return early + timedelta(seconds=time.monotonic() - started) + MARGIN


async def _fulfil(hand: Hand, plan: Contract, currency: str, contract: Mapping[str, Any]) -> None:
    """Delivery and payments. What pays the first part is booked first: timers tell of everything that is overdue by then."""
    path = f"/v1/contracts/{contract['id']}"
    await _book(hand, [p for p in plan.payments if p.part == 0], currency, path)
    if plan.live_on or plan.accepted_at:
        await _welcome(hand, contract["account_id"], path)
    if plan.live_on:
        await hand.post(staff.SUCCESS, f"{path}/go-live", live_on=plan.live_on)
    if plan.accepted_at:
        await hand.post(staff.SUCCESS, f"{path}/accept", accepted_at=plan.accepted_at)
    await _book(hand, [p for p in plan.payments if p.part > 0], currency, path)


async def _welcome(hand: Hand, account_id: str, path: str) -> None:
    """Customer success joins the team of the account, and sees its contracts from then on."""
    await hand.until(staff.DIRECTOR, f"/v1/accounts/{account_id}")  # there once lead-svc has heard of its first deal
    await hand.put(staff.DIRECTOR, f"/v1/accounts/{account_id}/members/{person_id(staff.SUCCESS)}")
    await hand.until(staff.SUCCESS, path)


async def _book(hand: Hand, payments: list[Payment], currency: str, path: str) -> None:
    contract_id = path.rpartition("/")[2]
    for payment in payments:
        given: dict[str, Any] = {"amount": {"amount": payment.amount, "currency": currency}, "received_at": payment.at}
        reference = f"TT {payment.at:%y%m%d} {contract_id[-6:]}"
        booked = await hand.post(staff.FINANCE, "/v1/payments", contract_id=contract_id, reference=reference, **given)
        if payment.reversed_at:
            reverse = f"/v1/payments/{booked['id']}/reverse"
            await hand.post(staff.FINANCE, reverse, reason="The bank took it back.", reversed_at=payment.reversed_at)
