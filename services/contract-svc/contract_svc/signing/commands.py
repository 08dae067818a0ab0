"""Review, sign, and void a contract."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from contract_svc.contracts.commands import about
from contract_svc.contracts.queries import SEEN
from contract_svc.contracts.record import Contract, ContractState, ReviewPart
from contract_svc.contracts.reviews import CONTRACT_APPROVALS, reviews_of
from contract_svc.contracts.tables import CONTRACTS
from contract_svc.delivery.commands import take_effect
from contract_svc.milestones import commands as milestones
from contract_svc.milestones.queries import OF_CONTRACT
from contract_svc.milestones.record import Trigger
from contract_svc.payments.commands import trigger
from contract_svc.payments.queries import facts_of
from contract_svc.policy import POLICY
from contract_svc.signing.rules import (
    DECLINE,
    DELEGATIONS,
    REVIEWS,
    SEND,
    SIGN,
    SUBMIT,
    VOID,
    WITHDRAW,
    content_hash,
    review_plans,
    signature_unmet,
)
from shared.approvals import commands as approvals
from shared.approvals.record import ApprovalState, Decision, Request, Step
from shared.calendar import day_of, start_of
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected, require
from shared.events.contract import (
    ContractApproved,
    ContractDeclined,
    ContractRejected,
    ContractReviewed,
    ContractSentForSignature,
    ContractSigned,
    ContractSubmitted,
    ContractVoided,
    ContractWithdrawn,
)
from shared.occurred import happened
from shared.timers import cancel_timers


async def submit(tx: Tx, contract_id: UUID, *, expect: int | None, at: datetime | None) -> Contract:
    """draft → in_review.

    From now on the content has a hash, and reviewers decide about the content with that hash.
    """
    contract = await SEEN.load(tx, contract_id, expect)
    SUBMIT.check(contract, tx.actor, facts=await facts_of(tx, contract.id))
    when = happened(tx, at, since=contract.drafted_at)
    digest = content_hash(contract, await tx.all(OF_CONTRACT, contract_id=contract.id))
    told = about(ContractSubmitted, contract, content_hash=digest)
    contract = await tx.save(CONTRACTS, contract, told, at=when, state=ContractState.IN_REVIEW, content_hash=digest)
    policy = tx.policy(POLICY)
    await approvals.ask(
        tx,
        CONTRACT_APPROVALS,
        contract,
        review_plans(contract),
        content_hash=digest,
        at=when,
        hours=policy.review_hours,
        policy_version=policy.version,
    )
    return contract


async def review(
    tx: Tx, contract_id: UUID, part: ReviewPart, decision: Decision, *, reviewed: str, reason: str | None, at: datetime | None
) -> Contract:
    """Record one part's decision. All approvals that it needs make it approved, one rejection sends it back.

    The hash takes the place of If-Match, so that reviewers can work at the same time.
    """
    contract = await SEEN.load(tx, contract_id)
    facts = await facts_of(tx, contract.id)
    REVIEWS[part].check(contract, tx.actor, facts=facts)
    request, step = _part_of(facts.review, part)
    if reviewed != contract.content_hash:
        raise Rejected("The content has changed since you read it. Read it again.", code="content_changed")
    when = happened(tx, at, since=contract.drafted_at)
    told = about(ContractReviewed, contract, part=part.value, decision=decision.value, content_hash=reviewed)
    if decision is Decision.REJECTED and reason is None:
        raise Invalid("Say why it is rejected.", pointer="/reason", code="missing")
    after = await approvals.decide(tx, CONTRACT_APPROVALS, contract, request, step, decision, at=when, reason=reason)
    if after.approval.state is ApprovalState.REJECTED:
        return await tx.save(CONTRACTS, contract, told, about(ContractRejected, contract, reason=reason), at=when, **_back(contract))
    if after.approval.state is ApprovalState.OPEN:
        return await tx.save(CONTRACTS, contract, told, at=when)
    approved = about(ContractApproved, contract, content_hash=reviewed)
    return await tx.save(CONTRACTS, contract, told, approved, at=when, state=ContractState.APPROVED)


async def delegate(tx: Tx, contract_id: UUID, part: ReviewPart, to: UUID, *, at: datetime | None) -> Contract:
    """Name who gives one part of the review. The contract stays as it is, and so does its version."""
    contract = await SEEN.load(tx, contract_id)
    facts = await facts_of(tx, contract.id)
    DELEGATIONS[part].check(contract, tx.actor, facts=facts)
    request, step = _part_of(facts.review, part)
    when = happened(tx, at, since=request.approval.requested_at)
    await approvals.delegate(tx, CONTRACT_APPROVALS, contract, request, step, to, at=when)
    return contract


async def withdraw(tx: Tx, contract_id: UUID, *, reason: str | None, expect: int | None, at: datetime | None) -> Contract:
    """in_review → draft, by who submitted it or its owner. What others approved by then is void."""
    contract = await SEEN.load(tx, contract_id, expect)
    facts = await facts_of(tx, contract.id)
    WITHDRAW.check(contract, tx.actor, facts=facts)
    when = happened(tx, at, since=contract.drafted_at)
    told = about(ContractWithdrawn, contract, content_hash=contract.content_hash, reason=reason)
    await _end_review(tx, contract, facts.review, reason, at=when)
    return await tx.save(CONTRACTS, contract, told, at=when, **_back(contract))


def _part_of(review: Request | None, part: ReviewPart) -> tuple[Request, Step]:
    """The step of a part that an act has found open."""
    assert review is not None
    step = review.step(part)
    assert step is not None
    return review, step


async def _end_review(tx: Tx, contract: Contract, review: Request | None, reason: str | None, *, at: datetime) -> None:
    if review is not None:
        await approvals.withdraw(tx, CONTRACT_APPROVALS, contract, review, at=at, reason=reason)


def _back(contract: Contract) -> dict[str, Any]:
    """Back to a draft of the next revision. Approvals of the old content are void."""
    return {"state": ContractState.DRAFT, "revision": contract.revision + 1, "content_hash": None}


async def send(
    tx: Tx,
    contract_id: UUID,
    *,
    signers: Sequence[dict[str, Any]] | None,
    sign_by: date | None,
    expect: int | None,
    at: datetime | None,
) -> Contract:
    """approved → out_for_signature. Signers and deadline are those given, or those of the draft; else the policy gives the deadline."""
    contract = await SEEN.load(tx, contract_id, expect)
    given: dict[str, Any] = {"signers": contract.signers if signers is None else list(signers), "sign_by": sign_by or contract.sign_by}
    SEND.check(replace(contract, **given), tx.actor)
    when = happened(tx, at, since=contract.drafted_at)
    if given["sign_by"] is None and contract.sign_within_days is not None:
        given["sign_by"] = day_of(when, tx.settings.zone) + timedelta(days=contract.sign_within_days)
    told = about(ContractSentForSignature, contract)
    return await tx.save(CONTRACTS, contract, told, at=when, state=ContractState.OUT_FOR_SIGNATURE, **given)


async def sign(
    tx: Tx,
    contract_id: UUID,
    *,
    signers: Sequence[dict[str, Any]] | None,
    signed_at: datetime | None,
    starts_on: date | None,
    ends_on: date | None,
    expect: int | None,
) -> Contract:
    """out_for_signature → signed, in person: the deal is won, and the first milestone falls due.

    Without `signers` all those named have signed; without `starts_on` it takes effect on the day of the signature.
    """
    contract = await SEEN.load(tx, contract_id, expect)
    SIGN.check(contract, tx.actor)
    at = happened(tx, signed_at, since=contract.drafted_at, field="signed_at")
    on = day_of(at, tx.settings.zone)
    who = contract.signers if signers is None else list(signers)
    starts, ends = starts_on or contract.starts_on or on, ends_on or contract.ends_on
    require(signature_unmet(contract, who, on, starts, ends), "The signature is not valid.", "signature_not_valid")
    schedule = await tx.all(OF_CONTRACT, contract_id=contract.id)
    told = about(
        ContractSigned,
        contract,
        signed_at=at,
        starts_on=starts,
        ends_on=ends,
        committed_go_live_on=contract.committed_go_live_on,
        channel="in_person",
        signer_contact_ids=[s["contact_id"] for s in who if s["contact_id"]],
        milestones=[milestones.as_data(m) for m in schedule],
    )
    signed = {"state": ContractState.SIGNED, "signed_at": at, "starts_on": starts, "ends_on": ends, "signers": who}
    contract = await tx.save(CONTRACTS, contract, told, at=at, **signed)
    contract = await take_effect(tx, contract, max(at, start_of(starts, tx.settings.zone)))
    return await trigger(tx, contract, Trigger.SIGNED, at=at)


async def decline(tx: Tx, contract_id: UUID, *, reason: str, expect: int | None, at: datetime | None) -> Contract:
    """out_for_signature → draft: the customer does not sign it as it is."""
    contract = await SEEN.load(tx, contract_id, expect)
    DECLINE.check(contract, tx.actor)
    when = happened(tx, at, since=contract.drafted_at)
    return await tx.save(CONTRACTS, contract, about(ContractDeclined, contract, reason=reason), at=when, **_back(contract))


async def void(tx: Tx, contract_id: UUID, *, reason: str, expect: int | None, at: datetime | None) -> Contract:
    """Void it before it takes effect. If it was signed, deal-svc takes back the win."""
    contract = await SEEN.load(tx, contract_id, expect)
    VOID.check(contract, tx.actor, facts=await facts_of(tx, contract.id))
    return await _void(tx, contract, reason, at=happened(tx, at, since=contract.signed_at or contract.drafted_at))


async def give_up(tx: Tx, contracts: Sequence[Contract], reason: str, *, at: datetime) -> None:
    """Void unsigned contracts because of what happened to their deal or quote."""
    for contract in contracts:
        await _void(tx, contract, reason, at=max(at, contract.drafted_at))


async def _void(tx: Tx, contract: Contract, reason: str, *, at: datetime) -> Contract:
    """Waive what is open of a locked contract, and cancel its timers."""
    if contract.state is ContractState.IN_REVIEW:
        await _end_review(tx, contract, (await reviews_of(tx, [contract.id])).get(contract.id), reason, at=at)
    await milestones.waive_open(tx, contract, "The contract was voided.", at=at)
    await cancel_timers(tx, contract.id)
    told = about(ContractVoided, contract, reason=reason, was_signed=contract.signed_at is not None)
    return await tx.save(CONTRACTS, contract, told, at=at, state=ContractState.VOIDED, closed_at=at, close_reason=reason)
