"""From draft to signature: what each step needs, and whose it is (C1, C2, C4). Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from contract_svc.contracts.rules import (
    DIRECTING,
    UNSIGNED,
    Contract,
    State,
    missing_sections,
    responsible_unmet,
    state_unmet,
    term_unmet,
)
from contract_svc.milestones.rules import Milestone
from shared.auth.actor import Actor, Role
from shared.errors import Unmet

CORE_CLAUSES = 3
"""The customer confirms so many, the rest is standard (C4)."""


class ReviewPart(StrEnum):
    LEGAL = "legal"
    FINANCE = "finance"
    MANAGER = "manager"


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


REVIEWERS: Mapping[ReviewPart, tuple[Role, ...]] = {
    ReviewPart.LEGAL: (Role.legal,),
    ReviewPart.FINANCE: (Role.finance,),
    ReviewPart.MANAGER: (Role.manager, Role.director),
}
"""A director stands in for a manager."""
REVIEWING = (Role.legal, Role.finance, Role.manager, Role.director)


def content_hash(contract: Contract, milestones: Sequence[Milestone]) -> str:
    """SHA-256 of what is agreed, as canonical JSON: the same content gives the same hash, however it is stored."""
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


def submit_unmet(contract: Contract, milestones: Sequence[Milestone], by: Actor) -> list[Unmet]:
    unmet = [*state_unmet(contract, State.DRAFT), *responsible_unmet(contract, by)]
    if missing := missing_sections(contract):
        unmet.append(Unmet("sections", f"These parts are empty: {', '.join(missing)}."))
    if sum((m.amount for m in milestones), Decimal(0)) != contract.total:
        unmet.append(Unmet("schedule", "The milestones do not add up to the contract's total."))
    return unmet


def review_unmet(contract: Contract, part: ReviewPart, by: Actor) -> list[Unmet]:
    """The parts decide in any order, each once for the same content, and each by another person.

    Neither the owner of the deal nor whoever submitted the contract reviews it, whatever roles they have.
    """
    unmet = state_unmet(contract, State.IN_REVIEW)
    if not by.has(*REVIEWERS[part]):
        unmet.append(Unmet("role", f"This review is for the role {' or '.join(REVIEWERS[part])}."))
    if contract.submitted_by == by.id:
        unmet.append(Unmet("own_submission", "You submitted the contract; somebody else reviews it."))
    if contract.owner_id == by.id:
        unmet.append(Unmet("own_contract", "You own the deal; somebody else reviews its contract."))
    given = next((other for other, review in contract.reviews.items() if other != part and str(review["by"]) == str(by.id)), None)
    if given is not None:
        unmet.append(Unmet("one_part_each", f"You gave the {given} review; another person gives this one."))
    if part in contract.reviews:
        unmet.append(Unmet("reviewed", f"The {part} review is done."))
    return unmet


def reviews_without(contract: Contract, owner_id: UUID | None) -> dict[str, dict[str, Any]]:
    """The reviews that count when the deal belongs to this owner: a review of one's own deal does not."""
    return {part: review for part, review in contract.reviews.items() if str(review["by"]) != str(owner_id)}


def send_unmet(contract: Contract, by: Actor) -> list[Unmet]:
    """`contract` with the signers and the deadline that it shall be sent with."""
    unmet = [*state_unmet(contract, State.APPROVED), *responsible_unmet(contract, by, Role.assistant)]
    marked = len(set(contract.core_clauses))
    if marked != CORE_CLAUSES:
        unmet.append(Unmet("core_clauses", f"{CORE_CLAUSES} core clauses must be marked; {marked} are."))
    if not contract.signers:
        unmet.append(Unmet("signers", "Nobody is named to sign."))
    return unmet


def sign_unmet(contract: Contract, by: Actor) -> list[Unmet]:
    """To record what the customer did with it: sign, or decline."""
    return [*state_unmet(contract, State.OUT_FOR_SIGNATURE), *responsible_unmet(contract, by, Role.assistant)]


def signature_unmet(
    contract: Contract, signers: Sequence[Mapping[str, Any]], on: date, starts_on: date, ends_on: date | None
) -> list[Unmet]:
    """What was signed, by whom and on which day, against what was approved and sent."""
    unmet = term_unmet(starts_on, ends_on)
    signed = [_who(s) for s in signers]
    if missing := [s["name"] for s in contract.signers if _who(s) not in signed]:
        unmet.append(Unmet("signatures", f"{len(missing)} of those named have not signed."))
    if contract.sign_by is not None and on > contract.sign_by:
        unmet.append(Unmet("deadline", f"It had to be signed by {contract.sign_by}."))
    if (contract.starts_on or starts_on) != starts_on or (contract.ends_on or ends_on) != ends_on:
        unmet.append(Unmet("approved_dates", "The dates are not those that were approved."))
    return unmet


def _who(signer: Mapping[str, Any]) -> Any:
    return signer["contact_id"] or signer["name"]


def void_unmet(contract: Contract, received: Decimal, by: Actor) -> list[Unmet]:
    """Before the signature the owner may give it up; after it, until it takes effect, only a director, and without money kept."""
    if contract.state in UNSIGNED:
        return responsible_unmet(contract, by)
    unmet = state_unmet(contract, *UNSIGNED, State.SIGNED)
    if not by.has(*DIRECTING):
        unmet.append(Unmet("not_director", "A signed contract is voided by a director."))
    if received:
        unmet.append(Unmet("payments", "Payments came in; reverse them first."))
    return unmet
