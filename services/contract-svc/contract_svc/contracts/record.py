"""A contract as its table has it, its states, and who answers for it.

draft → in_review → approved → out_for_signature → signed → active → completed; back to draft when rejected or declined; voided before
it takes effect, terminated afterwards. A reversed payment makes a completed contract active again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from contract_svc.redrafting.record import Standing
from shared.access import kinds
from shared.acts import Subject, who
from shared.approvals.record import Request
from shared.auth.actor import LEADERS, OWNERS, Actor, Role
from shared.errors import Unmet
from shared.masking import masked_name
from shared.stored import Stored


class ContractState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    OUT_FOR_SIGNATURE = "out_for_signature"
    SIGNED = "signed"
    ACTIVE = "active"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    VOIDED = "voided"


UNSIGNED = (ContractState.DRAFT, ContractState.IN_REVIEW, ContractState.APPROVED, ContractState.OUT_FOR_SIGNATURE)
BINDING = (ContractState.SIGNED, ContractState.ACTIVE, ContractState.COMPLETED, ContractState.TERMINATED)
"""Money may come in and be waived; after a termination, what fell due before it."""


class Section(StrEnum):
    """The five parts that no contract may lack."""

    SCOPE = "scope"
    PRICE_PAYMENT = "price_payment"
    DELIVERY_ACCEPTANCE = "delivery_acceptance"
    BREACH_DISPUTES = "breach_disputes"
    CONFIDENTIALITY_IP = "confidentiality_ip"


class ReviewPart(StrEnum):
    """The parts of the review. The policy says which of them a contract needs."""

    LEGAL = "legal"
    FINANCE = "finance"
    MANAGER = "manager"


ACCEPTANCE = "acceptance"
"""The deadline by which the customer accepts."""

WORTH = ("total", "net", "tax")

_MONEY = Stored(digits=(18, 4))
_NET = Stored(digits=(18, 4), comment="of the total, without tax; none in rows that the release before wrote")
_TAX = Stored(digits=(18, 4), comment="of the total; none where there is no net")


@dataclass(frozen=True, slots=True)
class Contract:
    """`acceptance_due_day` is the last day to accept, `acceptance_due_at` its end in the company's zone.

    What the policy said when it was drafted holds for it until it ends: `acceptance_days`, `core_count`, `review_parts` and
    `sign_within_days`.
    """

    id: UUID
    version: int
    number: Annotated[str, Stored(unique=True)]
    revision: Annotated[int, Stored(comment="1, and one more each time it goes back to draft")]
    state: ContractState
    deal_id: UUID
    quote_id: UUID
    account_name: Annotated[str, Stored(comment="the customer as the contract names it")]
    total: Annotated[Decimal, _MONEY]
    currency: str
    fx: Annotated[Decimal, Stored(digits=(18, 8), comment="units of the reporting currency for one unit of currency, frozen")]
    lines: Annotated[list[dict[str, Any]], Stored(comment="the lines of the accepted quote")]
    sections: Annotated[dict[str, str], Stored(comment="section -> text")]
    core_clauses: Annotated[list[str], Stored(comment="the sections that the customer confirms one by one")]
    signers: Annotated[list[dict[str, Any]], Stored(comment="personal: name and contact of each")]
    drafted_at: datetime
    policy_version: Annotated[int, Stored(default="1", comment="of the document that it was drafted by")]
    acceptance_days: Annotated[int, Stored(default="30", comment="calendar days after the day of go-live")]
    core_count: Annotated[int, Stored(default="3", comment="how many core clauses must be marked")]
    review_parts: Annotated[list[str], Stored(default="""'["legal", "finance", "manager"]'""", comment="the parts that its review needs")]
    created_at: datetime
    updated_at: datetime
    net: Annotated[Decimal | None, _NET] = None
    tax: Annotated[Decimal | None, _TAX] = None
    account_id: UUID | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    source: str | None = None
    product: Annotated[str | None, Stored(comment="product line")] = None
    region: str | None = None
    campaign: Annotated[str | None, Stored(comment="of the lead's first touch, as is the medium")] = None
    deal_kind: Annotated[str | None, Stored(comment="that of its deal: new, upsell, cross_sell or renewal")] = None
    medium: str | None = None
    sign_by: Annotated[date | None, Stored(comment="the last day to sign")] = None
    sign_within_days: Annotated[int | None, Stored(comment="from sending to the last day to sign, where nobody names one")] = None
    committed_go_live_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    content_hash: Annotated[str | None, Stored(comment="SHA-256 of the content under review")] = None
    signed_at: datetime | None = None
    live_on: date | None = None
    live_at: Annotated[datetime | None, Stored(comment="when it went live; no acceptance was before")] = None
    acceptance_due_day: Annotated[date | None, Stored(comment="the last day to accept")] = None
    acceptance_due_at: Annotated[datetime | None, Stored(comment="the end of acceptance_due_day in the company's zone")] = None
    accepted_at: datetime | None = None
    paid_at: Annotated[datetime | None, Stored(comment="when nothing was open any more")] = None
    closed_at: Annotated[datetime | None, Stored(comment="completed, terminated or voided")] = None
    close_reason: str | None = None
    flags: Annotated[dict[str, bool], Stored(default="'{}'", comment="flag -> true: odd but true")] = field(default_factory=dict)

    @property
    def worth(self) -> dict[str, Decimal]:
        """What the customer pays, and what of it is net and tax, as far as it is known."""
        return {n: amount for n in WORTH if (amount := getattr(self, n)) is not None}


def masked(contract: Contract, by: Actor) -> Contract:
    """The contract as this actor may see it: signers and reasons are masked for some roles."""
    if kinds.unmasked(kinds.CONTRACTS, by):
        return contract
    signers = [{**signer, "name": masked_name(signer["name"])} for signer in contract.signers]
    return replace(contract, signers=signers, close_reason=None)


@dataclass(frozen=True, slots=True)
class Facts:
    """What some acts ask besides the contract: the sum of its milestones, the payments kept, its last review, and of one that is voided or
    terminated what is known of its quote."""

    scheduled: Decimal
    received: Decimal
    review: Request | None = None
    quote: Standing | None = None


def _wrong_state(contract: Contract, states: Sequence[str]) -> Unmet:
    return Unmet("wrong_state", f"The contract is {_words(contract.state)}; this needs {' or '.join(map(_words, states))}.")


def _words(state: str) -> str:
    return state.replace("_", " ")


CONTRACT: Subject[Contract, Any] = Subject(
    name="contract",
    label="contract",
    states=ContractState,
    state=lambda contract: contract.state,
    owner=lambda contract, _: contract.owner_id,
    not_owner=Unmet("not_owner", "Only the contract's owner or a manager may do this."),
    wrong_state=_wrong_state,
)

OWNER = who(*LEADERS, own=OWNERS)
PREPARER = who(*LEADERS, Role.assistant, own=OWNERS)
"""Who does the paper work around signing."""
