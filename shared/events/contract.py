"""What contract-svc tells: contracts, payment milestones and cash. Amounts carry `fx`, the frozen rate to the reporting currency."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.approvals import (
    ApprovalDecided,
    ApprovalDelegated,
    ApprovalEscalated,
    ApprovalReopened,
    ApprovalRequested,
    ApprovalWithdrawn,
)
from shared.events.deadlines import DeadlineMet, DeadlineMissed, DeadlinePaused, DeadlineStarted, DeadlineStopped, DeadlineWarned
from shared.events.envelope import Decided, Dimensions, Event, Exact, Money, OwnerChanged


class ContractSvcEvent(Event):
    publisher = "contract-svc"


class MilestoneData(BaseModel):
    id: UUID
    position: int
    trigger: str
    percent: Exact
    amount: Exact
    due_days: int
    due_on: date | None = None


class ContractEvent(ContractSvcEvent, Dimensions):
    """`net` is what we earn by the contract and `tax` what goes to the state: together they are `total`, what the customer pays.

    Events without them are from an earlier release; there they are those of the quote that `quote_id` names, as `quote.accepted` told.
    """

    seen_as = "contract"
    owned_by: ClassVar[str | None] = "owner_id"

    deal_id: UUID
    quote_id: UUID
    account_id: UUID | None = None
    number: str
    revision: int
    total: Money
    net: Money | None = None
    tax: Money | None = None
    fx: Exact


class ContractDrafted(ContractEvent, Decided, type="contract.drafted"):
    milestones: list[MilestoneData]


class ContractChanged(ContractEvent, OwnerChanged, type="contract.changed"):
    """A draft was edited, or the contract has another owner: its deal's, or by a hand-over. `changed` names the fields."""

    changed: list[str]


class ContractFileAttached(ContractEvent, type="contract.file_attached"):
    """A file is attached to the contract. What it is called and what is in it are in no event."""

    attachment_id: UUID
    media_type: str
    size: int


class ContractFileRemoved(ContractEvent, type="contract.file_removed"):
    """It is no longer attached, and its bytes are erased."""

    attachment_id: UUID


class ContractSubmitted(ContractEvent, Decided, type="contract.submitted"):
    content_hash: str


class ContractReviewed(ContractEvent, type="contract.reviewed"):
    """One of the three parts of the review decided."""

    part: Literal["legal", "finance", "manager"]
    decision: Literal["approved", "rejected"]
    content_hash: str


class ContractApproved(ContractEvent, type="contract.approved"):
    content_hash: str


class ContractRejected(ContractEvent, type="contract.rejected"):
    reason: str


class ContractWithdrawn(ContractEvent, type="contract.withdrawn"):
    """Who asked for the review took the contract back to change it: it is a draft of the next revision."""

    content_hash: str
    reason: str | None = None


class ContractSentForSignature(ContractEvent, Decided, type="contract.sent_for_signature"):
    pass


class ContractDeclined(ContractEvent, type="contract.declined"):
    reason: str


class ContractSigned(ContractEvent, type="contract.signed"):
    """Signed by all; the deal is won by this event. `signer_contact_ids` are ids only."""

    signed_at: datetime
    starts_on: date
    ends_on: date | None = None
    committed_go_live_on: date | None = None
    channel: Literal["in_person", "electronic"]
    signer_contact_ids: list[UUID] = []
    milestones: list[MilestoneData]


class ContractActivated(ContractEvent, type="contract.activated"):
    pass


class ContractWentLive(ContractEvent, Decided, type="contract.went_live"):
    """`acceptance_due_day` is the last day to accept, in the company's calendar; `acceptance_due_at` is the end of that day."""

    committed_on: date | None
    live_on: date
    acceptance_due_at: datetime
    acceptance_due_day: date | None = None
    work: bool = False
    """Whether it starts the days to accept however long ago it was."""


class ContractAccepted(ContractEvent, type="contract.accepted"):
    """The customer accepted the delivery. `due_day` was the last day for it, `due_at` is the end of that day."""

    accepted_at: datetime
    due_at: datetime | None
    due_day: date | None = None


class ContractDeadlineEvent(ContractEvent):
    """A deadline of a contract. The subject is the deadline, and the contract's version stays."""

    owned_by = None
    part_of = "contract_id"

    contract_id: UUID | None = None


class ContractDeadlineStarted(ContractDeadlineEvent, DeadlineStarted, type="contract.deadline_started", aggregate="contract_deadline"):
    pass


class ContractDeadlineWarned(ContractDeadlineEvent, DeadlineWarned, type="contract.deadline_warned", aggregate="contract_deadline"):
    pass


class ContractDeadlineMissed(ContractDeadlineEvent, DeadlineMissed, type="contract.deadline_missed", aggregate="contract_deadline"):
    pass


class ContractDeadlineMet(ContractDeadlineEvent, DeadlineMet, type="contract.deadline_met", aggregate="contract_deadline"):
    pass


class ContractDeadlinePaused(ContractDeadlineEvent, DeadlinePaused, type="contract.deadline_paused", aggregate="contract_deadline"):
    pass


class ContractDeadlineStopped(ContractDeadlineEvent, DeadlineStopped, type="contract.deadline_stopped", aggregate="contract_deadline"):
    pass


class ContractAcceptanceOverdue(ContractDeadlineEvent, DeadlineMissed, type="contract.acceptance_overdue", aggregate="contract_deadline"):
    """Nobody accepted by `due_day`, the last day in the company's calendar; `due_at` is the end of that day.

    It tells that the deadline `acceptance` was missed. Events without `contract_id` are from an earlier release: their subject is the
    contract itself.
    """

    deadline: str = "acceptance"
    due_day: date | None = None


class ContractAcceptanceMoved(ContractEvent, Decided, type="contract.acceptance_moved"):
    """Another policy gives the customer until another day to accept: `due_day` and its end `due_at`, in place of `previous_due_day`."""

    due_at: datetime
    due_day: date
    previous_due_day: date | None


class ContractPaidInFull(ContractEvent, type="contract.paid_in_full"):
    """Nothing is open any more. `paid` is what came in: less than `total` where a rest was waived.

    Events without it are from an earlier release, which counted the total.
    """

    paid_at: datetime
    paid: Money | None = None


class ContractPaymentReopened(ContractEvent, type="contract.payment_reopened"):
    """A payment of a fully paid contract was reversed."""


class ContractCompleted(ContractEvent, type="contract.completed"):
    pass


class ContractReopened(ContractEvent, type="contract.reopened"):
    """It was completed, and is active again: a payment was reversed."""


class ContractVoided(ContractEvent, type="contract.voided"):
    """Given up before it was signed, or before it took effect (`was_signed`): then the win is reversed."""

    reason: str
    was_signed: bool


class ContractTerminated(ContractEvent, type="contract.terminated"):
    reason: str


class ContractApprovalEvent(ContractSvcEvent, Dimensions):
    """Of the approval that a contract's review is. Each step is a part of the review."""

    seen_as = "contract"
    part_of = "contract_id"

    contract_id: UUID
    deal_id: UUID
    revision: int


class ContractApprovalRequested(
    ContractApprovalEvent, ApprovalRequested, type="contract.approval_requested", aggregate="contract_approval"
):
    """A contract was submitted: these parts are asked to approve its content."""


class ContractApprovalDecided(ContractApprovalEvent, ApprovalDecided, type="contract.approval_decided", aggregate="contract_approval"):
    """One part decided; with the last one, or with a rejection, so did the approval."""


class ContractApprovalDelegated(
    ContractApprovalEvent, ApprovalDelegated, type="contract.approval_delegated", aggregate="contract_approval"
):
    """A part is for one person to decide."""


class ContractApprovalEscalated(
    ContractApprovalEvent, ApprovalEscalated, type="contract.approval_escalated", aggregate="contract_approval"
):
    """A part was not decided in time. The contract stays as it is."""


class ContractApprovalReopened(ContractApprovalEvent, ApprovalReopened, type="contract.approval_reopened", aggregate="contract_approval"):
    """The contract has another owner, who had decided these parts: somebody else decides them again."""


class ContractApprovalWithdrawn(
    ContractApprovalEvent, ApprovalWithdrawn, type="contract.approval_withdrawn", aggregate="contract_approval"
):
    """The contract was taken back or given up before all had decided."""


class MilestoneEvent(ContractSvcEvent, Dimensions):
    seen_as = "contract"
    part_of = "contract_id"

    contract_id: UUID
    deal_id: UUID
    position: int
    amount: Money
    fx: Exact


class MilestonePlanned(MilestoneEvent, type="milestone.planned"):
    trigger: str


class MilestoneTriggered(MilestoneEvent, Decided, type="milestone.triggered"):
    """It can be paid until `due_day`, a day of the company's calendar; the time of this event is the trigger's.

    `due_at` is the end of that day: from then on it is overdue. Events without `due_day` are from an earlier release; there `due_at` is
    the time of the trigger plus the days.
    """

    due_at: datetime
    due_day: date | None = None


class MilestoneOverdue(MilestoneEvent, type="milestone.overdue"):
    """`outstanding` was open when `due_day` was over, which is `due_at`."""

    due_at: datetime
    due_day: date | None = None
    outstanding: Money


class MilestonePartlyPaid(MilestoneEvent, type="milestone.partly_paid"):
    paid: Money


class MilestonePaid(MilestoneEvent, type="milestone.paid"):
    paid_at: datetime


class MilestoneReopened(MilestoneEvent, type="milestone.reopened"):
    """A reversal took back (part of) what was paid."""

    paid: Money


class MilestoneWaived(MilestoneEvent, type="milestone.waived"):
    """What was open is given up. What was paid stays owed: a reversal opens it again."""

    reason: str
    waived: Money | None = None


class Allocation(BaseModel):
    """A part of a payment for a milestone, which could be paid until `due_day`; `due_at` is the end of that day."""

    milestone_id: UUID
    position: int
    amount: Exact
    due_at: datetime | None
    due_day: date | None = None


class PaymentEvent(ContractSvcEvent, Dimensions):
    seen_as = "contract"
    part_of = "contract_id"

    contract_id: UUID
    deal_id: UUID
    account_id: UUID | None = None
    amount: Money
    fx: Exact
    allocations: list[Allocation]
    credit: Exact


class PaymentReceived(PaymentEvent, type="payment.received"):
    """Money came in. It pays the milestones that are due, oldest first; the rest is credit."""

    received_at: datetime
    signed_at: datetime
    channel: str


class PaymentAllocated(PaymentEvent, type="payment.allocated"):
    """Credit of an earlier payment met a milestone that fell due later. `allocations` are the new ones only."""

    received_at: datetime
    signed_at: datetime


class PaymentReversed(PaymentEvent, type="payment.reversed"):
    """Everything that this payment paid is open again."""

    reversed_at: datetime
    reason: str
