"""From draft to signature: what each step needs, and who does it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from contract_svc.contracts.record import CONTRACT, OWNER, PREPARER, UNSIGNED, Contract, ContractState, Facts, ReviewPart
from contract_svc.contracts.rules import missing_sections, term_unmet
from contract_svc.milestones.record import Milestone
from shared.acts import Act, who
from shared.approvals import rules as approvals
from shared.approvals.record import Decision, Plan, Step
from shared.approvals.rules import Obstacle, obstacles
from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.events.contract import (
    ContractApprovalDecided,
    ContractApprovalDelegated,
    ContractApprovalRequested,
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


def content_hash(contract: Contract, milestones: Sequence[Milestone]) -> str:
    """SHA-256 of what is agreed, as canonical JSON: equal content gives the same hash."""
    schedule = [[m.trigger, _plain(m.percent), m.due_days, m.due_on, _plain(m.amount)] for m in milestones]
    content: dict[str, Any] = {
        "account": contract.account_name,
        "sections": contract.sections,
        "core_clauses": sorted(contract.core_clauses),
        "lines": contract.lines,
        "total": [_plain(contract.total), contract.currency],
        "schedule": schedule,
        "dates": [contract.committed_go_live_on, contract.starts_on, contract.ends_on],
    }
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


# -- Review -------------------------------------------------------------------------------------------------------------------


def _submit_needs(contract: Contract, facts: Facts, _: Actor) -> Iterable[Unmet]:
    if missing := missing_sections(contract):
        yield Unmet("sections", f"These parts are empty: {', '.join(missing)}.")
    if facts.scheduled != contract.total:
        yield Unmet("schedule", "The milestones do not add up to the contract's total.")


SUBMIT: Act[Contract, Facts] = Act(
    of=CONTRACT,
    name="submit",
    operation="submit_contract",
    who=OWNER,
    states=(ContractState.DRAFT,),
    to=(ContractState.IN_REVIEW,),
    needs=_submit_needs,
    tells=(ContractSubmitted, ContractApprovalRequested),
    refused="The contract cannot go to review.",
    code="contract_not_submittable",
    says="Sends the draft to review. From then on its content has a hash, and reviewers decide about that content.",
    asks="All five parts have text, the milestones add up to the total.",
)


_REVIEWERS: Mapping[ReviewPart, tuple[Role, ...]] = {
    ReviewPart.LEGAL: (Role.legal,),
    ReviewPart.FINANCE: (Role.finance,),
    ReviewPart.MANAGER: (Role.manager, Role.regional_head, Role.director),  # a director stands in for a manager
}


def review_plans(contract: Contract) -> list[Plan]:
    """What a submission asks for: the parts that the contract needs, side by side."""
    return [Plan(part, [role.value for role in roles]) for part, roles in _REVIEWERS.items() if part in contract.review_parts]


def _is_asked(contract: Contract, facts: Facts) -> bool:
    """A review is of one content. Another process may have submitted this one, of a release before reviews were approvals."""
    return facts.review is not None and facts.review.approval.content_hash == contract.content_hash


def _in_the_way(obstacle: Obstacle, step: Step) -> Unmet | None:
    match obstacle:
        case Obstacle.REQUESTED:
            return Unmet("own_submission", "You submitted the contract. Somebody else must review it.")
        case Obstacle.OWNS:
            return Unmet("own_contract", "You own the deal. Somebody else must review its contract.")
        case Obstacle.DECIDED_ANOTHER:
            return Unmet("one_part_each", f"You gave the {step.name} review. Somebody else must give this one.")
        case Obstacle.DECIDED:
            return Unmet("reviewed", f"The {step.name} review is already done.")
        case _:  # the contract's state says so
            return None


def _reviewing(part: ReviewPart) -> dict[str, Any]:
    """What reviewing and delegating a part have in common.

    The parts that the contract needs decide in any order, once per content, each by another person. The owner of the deal and the
    person who submitted the contract do not review it, even if they have the role.
    """

    def needs(contract: Contract, facts: Facts, by: Actor) -> Iterable[Unmet]:
        if part not in contract.review_parts:
            yield Unmet("not_needed", f"This contract needs no {part} review.")
        elif contract.state is ContractState.IN_REVIEW and not _is_asked(contract, facts):
            yield Unmet("not_asked", "Nobody is asked about this content. Take the contract back and submit it again.")
        if facts.review and (step := facts.review.step(part)):
            found = (_in_the_way(*each) for each in obstacles(facts.review, step, by.id, contract.owner_id))
            yield from (unmet for unmet in found if unmet)

    def named(_: Contract, facts: Facts, by: Actor) -> bool:
        step = facts.review.step(part) if facts.review else None
        return step is not None and approvals.named(step, by.id)

    return {"of": CONTRACT, "who": who(*_REVIEWERS[part]), "states": (ContractState.IN_REVIEW,), "needs": needs, "named": named}


def _review(part: ReviewPart) -> Act[Contract, Facts]:
    return Act(
        **_reviewing(part),
        name=f"review_{part}",
        operation="review_contract",
        tells=(ContractReviewed, ContractApprovalDecided),
        refused="The review cannot be recorded.",
        code="contract_not_reviewable",
        says=f"Approves or rejects the content, as the {part} part of the review.",
        asks="The part is needed and open. The reviewer does not own the deal, did not submit the contract and gave no other part.",
        sample=lambda contract, _: {"part": part, "decision": Decision.APPROVED, "content_hash": contract.content_hash or "0" * 64},
    )


def _delegate(part: ReviewPart) -> Act[Contract, Facts]:
    return Act(
        **_reviewing(part),
        name=f"delegate_{part}",
        operation="delegate_contract_review",
        tells=(ContractApprovalDelegated,),
        refused="The review cannot be delegated.",
        code="review_not_delegable",
        says=f"Names who decides the {part} part of the review, whatever their role.",
        asks="As for the review. The person named could give it, and sees the contract unmasked.",
        sample=lambda _, by: {"part": part, "person_id": str(by.id)},
    )


REVIEWS: Mapping[ReviewPart, Act[Contract, Facts]] = {part: _review(part) for part in ReviewPart}
DELEGATIONS: Mapping[ReviewPart, Act[Contract, Facts]] = {part: _delegate(part) for part in ReviewPart}


def _withdraw_needs(contract: Contract, facts: Facts, by: Actor) -> Iterable[Unmet]:
    if facts.review and by.id not in (facts.review.approval.requested_by, contract.owner_id):
        yield Unmet("not_submitted_by_you", "Somebody else submitted the contract. They or its owner can take it back; you can reject it.")


WITHDRAW: Act[Contract, Facts] = Act(
    of=CONTRACT,
    name="withdraw",
    operation="withdraw_contract",
    who=OWNER,
    states=(ContractState.IN_REVIEW,),
    to=(ContractState.DRAFT,),
    needs=_withdraw_needs,
    tells=(ContractWithdrawn,),
    refused="The contract cannot be taken back from review.",
    code="contract_not_withdrawable",
    says="Takes the contract back from review, to change it: it is a draft of the next revision.",
    asks="Done by who submitted it, or by its owner.",
)

APPROVE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="approve",
    states=(ContractState.IN_REVIEW,),
    to=(ContractState.APPROVED,),
    tells=(ContractApproved,),
    says="Follows from the last approval that the contract needs.",
)
REJECT: Act[Contract, None] = Act(
    of=CONTRACT,
    name="reject",
    states=(ContractState.IN_REVIEW,),
    to=(ContractState.DRAFT,),
    tells=(ContractRejected,),
    says="Follows from a rejection: it is a draft of the next revision.",
)


# -- Signature ----------------------------------------------------------------------------------------------------------------


def _send_needs(contract: Contract, _: None, by: Actor) -> Iterable[Unmet]:
    marked = len(set(contract.core_clauses))
    if marked != contract.core_count:
        yield Unmet("core_clauses", f"{contract.core_count} core clauses must be marked; {marked} are.")
    if not contract.signers:
        yield Unmet("signers", "Nobody is named to sign.")


SEND: Act[Contract, None] = Act(
    of=CONTRACT,
    name="send_for_signature",
    operation="send_contract",
    who=PREPARER,
    states=(ContractState.APPROVED,),
    to=(ContractState.OUT_FOR_SIGNATURE,),
    needs=_send_needs,
    tells=(ContractSentForSignature,),
    refused="The contract cannot be sent for signature.",
    code="contract_not_sendable",
    says="Sends the approved contract to those who sign it.",
    asks="As many core clauses are marked as the policy named when it was drafted, signers are named.",
)
SIGN: Act[Contract, None] = Act(
    of=CONTRACT,
    name="sign",
    operation="sign_contract",
    who=PREPARER,
    states=(ContractState.OUT_FOR_SIGNATURE,),
    to=(ContractState.SIGNED,),
    tells=(ContractSigned,),
    refused="The signature cannot be recorded.",
    code="contract_not_signable",
    says="Records that all signed: the deal is won, and the first milestone falls due.",
    asks="Everybody who is named signed, in time, with the dates that were approved.",
)
DECLINE: Act[Contract, None] = Act(
    of=CONTRACT,
    name="decline",
    operation="decline_contract",
    who=PREPARER,
    states=(ContractState.OUT_FOR_SIGNATURE,),
    to=(ContractState.DRAFT,),
    tells=(ContractDeclined,),
    refused="The refusal cannot be recorded.",
    code="contract_not_declinable",
    says="Records that the customer does not sign it as it is: it is a draft of the next revision.",
    sample=lambda *_: {"reason": "Other terms"},
)


def signature_unmet(
    contract: Contract, signers: Sequence[Mapping[str, Any]], on: date, starts_on: date, ends_on: date | None
) -> list[Unmet]:
    """Compare who signed, on which day, and the dates with what was approved and sent."""
    unmet = term_unmet(starts_on, ends_on)
    signed = [_who(s) for s in signers]
    if missing := [s["name"] for s in contract.signers if _who(s) not in signed]:
        unmet.append(Unmet("signatures", f"{len(missing)} of the named signers have not signed."))
    if contract.sign_by is not None and on > contract.sign_by:
        unmet.append(Unmet("deadline", f"It had to be signed by {contract.sign_by}."))
    if (contract.starts_on or starts_on) != starts_on or (contract.ends_on or ends_on) != ends_on:
        unmet.append(Unmet("approved_dates", "The dates differ from those that were approved."))
    return unmet


def _who(signer: Mapping[str, Any]) -> Any:
    return signer["contact_id"] or signer["name"]


# -- Giving it up -------------------------------------------------------------------------------------------------------------


def _void_needs(contract: Contract, facts: Facts, by: Actor) -> Iterable[Unmet]:
    """After the signature only a director voids it, and no payment may be kept."""
    if contract.state in UNSIGNED:
        return
    if not by.has(Role.system, Role.director, Role.admin):
        yield Unmet("not_director", "Only a director can void a signed contract.")
    if facts.received:
        yield Unmet("payments", "Payments were received. Reverse them first.")


VOID: Act[Contract, Facts] = Act(
    of=CONTRACT,
    name="void",
    operation="void_contract",
    who=OWNER,
    states=(*UNSIGNED, ContractState.SIGNED),
    to=(ContractState.VOIDED,),
    needs=_void_needs,
    tells=(ContractVoided,),
    refused="The contract cannot be voided.",
    code="contract_not_voidable",
    says="Gives the contract up before it takes effect. After the signature this takes back the win of the deal.",
    asks="After the signature a director does it, and no payment is kept.",
    sample=lambda *_: {"reason": "Given up"},
)
