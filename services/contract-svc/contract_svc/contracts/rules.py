"""A contract, its states, and who answers for it (domain-model §4). The guards of each step are with the step: signing, delivery.

draft → in_review → approved → out_for_signature → signed → active → completed; back to draft when rejected or declined;
voided before it takes effect, terminated afterwards. A reversed payment makes a completed contract active again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.masking import masked_name, sees_personal_data


class State(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    OUT_FOR_SIGNATURE = "out_for_signature"
    SIGNED = "signed"
    ACTIVE = "active"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    VOIDED = "voided"


UNSIGNED = (State.DRAFT, State.IN_REVIEW, State.APPROVED, State.OUT_FOR_SIGNATURE)
BINDING = (State.SIGNED, State.ACTIVE, State.COMPLETED, State.TERMINATED)
"""Money may come in and be waived; after a termination, what fell due before it."""


class Section(StrEnum):
    """The five parts that no contract may lack (C2)."""

    SCOPE = "scope"
    PRICE_PAYMENT = "price_payment"
    DELIVERY_ACCEPTANCE = "delivery_acceptance"
    BREACH_DISPUTES = "breach_disputes"
    CONFIDENTIALITY_IP = "confidentiality_ip"


ACCEPTANCE = timedelta(days=30)
"""So many calendar days after the day of go-live the customer has to accept."""


@dataclass(frozen=True, slots=True)
class Contract:
    """`fx` is the rate to the reporting currency, frozen in the quote. `revision`: one more each time it goes back to draft.

    `acceptance_due_day` is the last day to accept, and `acceptance_due_at` the end of that day where the company is.
    """

    id: UUID
    version: int
    number: str
    revision: int
    state: State
    deal_id: UUID
    quote_id: UUID
    account_id: UUID | None
    account_name: str
    owner_id: UUID | None
    team_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    total: Decimal
    currency: str
    fx: Decimal
    lines: list[dict[str, Any]]
    sections: dict[str, str]
    core_clauses: list[str]
    signers: list[dict[str, Any]]
    sign_by: date | None
    committed_go_live_on: date | None
    starts_on: date | None
    ends_on: date | None
    content_hash: str | None
    submitted_by: UUID | None
    reviews: dict[str, dict[str, Any]]
    drafted_at: datetime
    signed_at: datetime | None
    live_on: date | None
    live_at: datetime | None
    acceptance_due_day: date | None
    acceptance_due_at: datetime | None
    acceptance_overdue: bool
    accepted_at: datetime | None
    paid_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    created_at: datetime
    updated_at: datetime


def shown(contract: Contract, by: Actor) -> Contract:
    """The contract as this actor may see it: names of signers, and reasons in somebody's own words, only with personal data."""
    if sees_personal_data(by):
        return contract
    signers = [{**signer, "name": masked_name(signer["name"])} for signer in contract.signers]
    return replace(contract, signers=signers, close_reason=None)


LEADING = (Role.manager, Role.director, Role.admin)
"""Who acts on the contracts of others: a manager on those of his team and the teams below (he sees no others), these on all."""
SELLING = (Role.rep, Role.kam, Role.csm, *LEADING)
DIRECTING = (Role.director, Role.admin)
PREPARING = (*SELLING, Role.assistant)
"""The paper work around signing."""
EDITING = (*PREPARING, Role.legal)

NOT_OWNER = Unmet("not_owner", "Only the contract's owner or a manager may do this.")


def state_unmet(contract: Contract, *states: State) -> list[Unmet]:
    if contract.state in states:
        return []
    return [Unmet("wrong_state", f"The contract is {contract.state}; this needs {' or '.join(states)}.")]


def responsible_unmet(contract: Contract, by: Actor, *others: Role) -> list[Unmet]:
    """The owner, who leads him, and the roles that do this for him."""
    return [] if contract.owner_id == by.id or by.has(*LEADING, *others) else [NOT_OWNER]


def edit_unmet(contract: Contract, by: Actor) -> list[Unmet]:
    """The text is written by the owner, a manager, an assistant of the team and the lawyers, as long as it is a draft."""
    return [*state_unmet(contract, State.DRAFT), *responsible_unmet(contract, by, Role.assistant, Role.legal)]


def term_unmet(starts_on: date | None, ends_on: date | None) -> list[Unmet]:
    if starts_on and ends_on and ends_on < starts_on:
        return [Unmet("ends_before_start", "The contract would end before it starts.")]
    return []


def missing_sections(contract: Contract) -> Sequence[Section]:
    return [s for s in Section if not contract.sections.get(s, "").strip()]
