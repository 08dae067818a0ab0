"""Submit a quote, decide about it, send it.

The deal is locked first, as for everything that happens to its quotes; the approval is guarded by the same locks.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from deal_svc.approvals.costing import cost_of, is_deep
from deal_svc.approvals.queries import costs_of
from deal_svc.approvals.rules import DECISIONS, DELEGATIONS, SUBMIT, TAKE_BACK
from deal_svc.deals.record import Deal
from deal_svc.policy import POLICY
from deal_svc.quotes.approvals import QUOTE_APPROVALS, Submitted, both
from deal_svc.quotes.commands import deliver, facts_at
from deal_svc.quotes.deciders import plans
from deal_svc.quotes.events import told
from deal_svc.quotes.record import Quote, QuoteStatus
from deal_svc.quotes.rules import DRAFT, NEEDS_APPROVAL, SEND, QuoteFacts, needs_approval
from deal_svc.quotes.tables import QUOTES
from deal_svc.quotes.tiers import ApprovalStep, content_hash, in_words, tier_of
from shared.acts import Act
from shared.approvals import commands as approvals
from shared.approvals.record import ApprovalState, Decision, Request, Step
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected
from shared.events.envelope import Money
from shared.events.quote import QuoteApproved, QuoteCosted, QuoteSubmissionRejected, QuoteSubmissionWithdrawn, QuoteSubmitted
from shared.occurred import happened


async def submit(tx: Tx, quote_id: UUID, *, note: str | None, expect: int | None, at: datetime | None) -> Quote:
    """draft → pending_approval, or approved where it needs nobody. From now on its content has a hash, and does not change."""
    deal, quote = await both(tx, quote_id, expect)
    when = happened(tx, at, since=deal.opened_at)
    facts, cost = await _weighed(tx, quote, await facts_at(tx, deal, quote, when), when)
    SUBMIT.check(quote, tx.actor, facts=facts)
    steps = facts.asked(quote)
    if not steps:
        return await _approved_alone(tx, deal, quote, facts, cost, when, note)
    planned, _ = plans(steps, facts.roster, {deal.owner_id, tx.actor.id})
    policy = tx.policy(POLICY)
    given = _given(quote, facts, when, note) | {"status": QuoteStatus.PENDING_APPROVAL}
    pending = replace(quote, **given)
    events = [*_costed(pending, deal, cost), told(QuoteSubmitted, pending, deal, auto=False)]
    quote = await tx.save(QUOTES, quote, *events, at=when, **given)
    await approvals.ask(
        tx,
        QUOTE_APPROVALS,
        Submitted(quote, deal),
        planned,
        content_hash=given["content_hash"],
        at=when,
        hours=policy.approval_hours,
        policy_version=policy.version,
    )
    return quote


async def send(tx: Tx, quote_id: UUID, *, note: str | None, expect: int | None, at: datetime | None) -> Quote:
    """The customer has it. A draft that needs nobody's approval is submitted with it."""
    deal, quote = await both(tx, quote_id, expect)
    when = happened(tx, at, since=quote.approved_at or deal.opened_at)
    facts = await facts_at(tx, deal, quote, when)
    _asking_for_approval(SEND, quote, facts, tx).check(quote, tx.actor, facts=facts)
    if quote.status is DRAFT:
        facts, cost = await _weighed(tx, quote, facts, when)
        if steps := facts.asked(quote):
            raise Rejected("The quote needs approval.", code=NEEDS_APPROVAL, unmet=[needs_approval(in_words(steps))])
        quote = await _approved_alone(tx, deal, quote, facts, cost, when, note)
    return await deliver(tx, deal, quote, note or quote.note, when)


async def _weighed(tx: Tx, quote: Quote, facts: QuoteFacts, at: datetime) -> tuple[QuoteFacts, Decimal | None]:
    """What only a submission finds out: whether the quote is sold for too little, and what it costs us.

    A dry run is asked as often as one likes and leaves no trace, so it finds out neither.

    An earlier version covers one that is sold for too little only if it was that itself.
    """
    if not tx.kept:
        return facts, None
    costs = await costs_of(tx, quote, at)
    deep, before = is_deep(quote, costs), facts.before
    if deep and before is not None and not is_deep(before, costs):
        before = None
    return replace(facts, deep=deep, before=before), cost_of(quote, costs)


def _costed(quote: Quote, deal: Deal, cost: Decimal | None) -> list[QuoteCosted]:
    """What is told of the margin, where the cost is known."""
    if cost is None:
        return []
    each, margin = (Money(amount=amount, currency=quote.currency) for amount in (cost, quote.net - cost))
    return [told(QuoteCosted, quote, deal, cost=each, margin=margin)]


def _asking_for_approval(act: Act[Quote, QuoteFacts], quote: Quote, facts: QuoteFacts, tx: Tx) -> Act[Quote, QuoteFacts]:
    """An approval that is all that stands in the way has a code of its own: somebody else can give it."""
    lacks = [unmet.code for unmet in act.unmet(quote, facts, tx.actor)] == [NEEDS_APPROVAL]
    return replace(act, refused="The quote needs approval.", code=NEEDS_APPROVAL) if lacks else act


def _given(quote: Quote, facts: QuoteFacts, at: datetime, note: str | None) -> dict[str, Any]:
    """What a submission says of the quote."""
    return {
        "tier": tier_of(quote, facts.authority, deep=facts.deep),
        "content_hash": content_hash(quote),
        "submitted_at": at,
        "approved_at": None,
        "kept_from": None,
        "note": note or quote.note,
        "reason": None,
    }


async def _approved_alone(
    tx: Tx, deal: Deal, quote: Quote, facts: QuoteFacts, cost: Decimal | None, at: datetime, note: str | None
) -> Quote:
    """Submitted and approved at once: nobody else is asked. `kept_from` says whose approval covers what the owner may not give alone."""
    given = _given(quote, facts, at, note) | {"status": QuoteStatus.APPROVED, "approved_at": at}
    if facts.before is not None and replace(facts, before=None).asked(quote):
        given["kept_from"] = facts.before.id
    approved = replace(quote, **given)
    events = [*_costed(approved, deal, cost), *(told(kind, approved, deal, auto=True) for kind in (QuoteSubmitted, QuoteApproved))]
    return await tx.save(QUOTES, quote, *events, at=at, **given)


async def decide(
    tx: Tx, quote_id: UUID, name: ApprovalStep, decision: Decision, *, seen: str, reason: str | None, at: datetime | None
) -> Quote:
    """Record the decision of one step. All approvals make the quote approved, one rejection a draft again.

    The hash takes the place of If-Match, so that several can decide at the same time.
    """
    deal, quote = await both(tx, quote_id, None)
    facts = await facts_at(tx, deal, quote, tx.now)
    DECISIONS[name].check(quote, tx.actor, facts=facts)
    request, step = _step_of(facts, name)
    if seen != quote.content_hash:
        raise Rejected("The content has changed since you read it. Read it again.", code="content_changed")
    when = happened(tx, at, since=request.approval.requested_at)
    if decision is Decision.REJECTED and reason is None:
        raise Invalid("Say why it is rejected.", pointer="/reason", code="missing")
    after = await approvals.decide(tx, QUOTE_APPROVALS, Submitted(quote, deal), request, step, decision, at=when, reason=reason)
    match after.approval.state:
        case ApprovalState.REJECTED:
            rejected = told(QuoteSubmissionRejected, quote, deal, reason=reason)
            return await tx.save(QUOTES, quote, rejected, at=when, **_back(reason))
        case ApprovalState.APPROVED:
            approved = told(QuoteApproved, quote, deal, auto=False)
            return await tx.save(QUOTES, quote, approved, at=when, status=QuoteStatus.APPROVED, approved_at=when)
        case _:
            return quote


async def delegate(tx: Tx, quote_id: UUID, name: ApprovalStep, to: UUID, *, at: datetime | None) -> Quote:
    """Name who decides one step. The quote stays as it is, and so does its version."""
    deal, quote = await both(tx, quote_id, None)
    facts = await facts_at(tx, deal, quote, tx.now)
    DELEGATIONS[name].check(quote, tx.actor, facts=facts)
    request, step = _step_of(facts, name)
    when = happened(tx, at, since=request.approval.requested_at)
    await approvals.delegate(tx, QUOTE_APPROVALS, Submitted(quote, deal), request, step, to, at=when)
    return quote


async def take_back(tx: Tx, quote_id: UUID, *, reason: str | None, expect: int | None, at: datetime | None) -> Quote:
    """pending_approval → draft. What others approved by then is void."""
    deal, quote = await both(tx, quote_id, expect)
    facts = await facts_at(tx, deal, quote, tx.now)
    TAKE_BACK.check(quote, tx.actor, facts=facts)
    assert facts.request is not None
    when = happened(tx, at, since=facts.request.approval.requested_at)
    await approvals.withdraw(tx, QUOTE_APPROVALS, Submitted(quote, deal), facts.request, at=when, reason=reason)
    return await tx.save(QUOTES, quote, told(QuoteSubmissionWithdrawn, quote, deal, reason=reason), at=when, **_back(reason))


def _step_of(facts: QuoteFacts, name: ApprovalStep) -> tuple[Request, Step]:
    """The step that an act has found open."""
    assert facts.request is not None
    step = facts.request.step(name)
    assert step is not None
    return facts.request, step


def _back(reason: str | None) -> dict[str, Any]:
    nothing = dict.fromkeys(("tier", "content_hash", "submitted_at", "approved_at", "kept_from"))
    return {"status": QuoteStatus.DRAFT, "reason": reason, **nothing}
