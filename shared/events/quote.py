"""What deal-svc tells of quotes, and of their approvals.

Amounts carry `fx`, the frozen rate to the reporting currency.
"""

from datetime import date, datetime
from typing import Literal
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
from shared.events.deal import DealSvcEvent
from shared.events.envelope import Decided, Dimensions, Exact, Money


class QuoteLineData(BaseModel):
    product_id: UUID
    sku: str
    name: str
    quantity: Exact
    unit_price: Exact
    discount_percent: Exact
    tax_percent: Exact
    net: Exact
    tax: Exact
    periods: Exact | None = None
    unit: str | None = None


class PaymentTerm(BaseModel):
    """One step of a payment schedule: `percent` of the total falls due `due_days` after its trigger.

    `amount` is what that is in money: the terms of an event have all of them, and they are exactly its total, or none has.
    """

    trigger: Literal["signed", "go_live", "accepted", "date"]
    percent: Exact
    amount: Exact | None = None
    due_days: int
    due_on: date | None = None


class QuoteEvent(DealSvcEvent, Dimensions, Decided):
    seen_as = "deal"
    part_of = "deal_id"

    deal_id: UUID
    account_id: UUID | None = None
    number: str
    revision: int
    list_total: Money
    net: Money
    tax: Money
    total: Money
    fx: Exact
    discount_percent: Exact
    valid_until: date
    fx_day: date | None = None
    """The day of the rate, where there was none for the day itself. A quote in another currency than its deal has a rate of its own."""


class QuoteCreated(QuoteEvent, type="quote.created"):
    """A first draft, or with `revision` above 1 a new version of an earlier quote."""

    touches = True


class QuoteChanged(QuoteEvent, type="quote.changed"):
    """A draft was edited."""


class QuoteSubmitted(QuoteEvent, type="quote.submitted"):
    """A draft was submitted. `auto`: it needs nobody's approval, or an earlier version has one that covers it (`kept_from`)."""

    tier: str
    content_hash: str
    auto: bool
    kept_from: UUID | None = None


class QuoteCosted(QuoteEvent, type="quote.costed"):
    """What a quote that is submitted costs us, and what is left of its net. Told before the submission, where the costs are known."""

    only_for = frozenset({"finance", "director", "admin"})

    cost: Money
    margin: Money


class QuoteApproved(QuoteEvent, type="quote.approved"):
    """The content with this hash may be sent. `submitted_at` is when that was asked for."""

    tier: str
    content_hash: str
    auto: bool
    submitted_at: datetime


class QuoteSubmissionRejected(QuoteEvent, type="quote.submission_rejected"):
    """Somebody who was asked said no: the quote is a draft again. `quote.rejected` tells that the customer said no."""

    tier: str
    content_hash: str
    submitted_at: datetime
    reason: str


class QuoteSubmissionWithdrawn(QuoteEvent, type="quote.submission_withdrawn"):
    """The submission was taken back before all had decided: the quote is a draft again."""

    tier: str
    content_hash: str
    submitted_at: datetime
    reason: str | None = None


class QuoteSent(QuoteEvent, type="quote.sent"):
    """`content_hash` is that of the content that was approved; events of an earlier release have none.

    `template_id`: the version of the template of its document; null for the built-in one.
    """

    touches = True

    content_hash: str | None = None
    template_id: UUID | None = None


class QuoteAccepted(QuoteEvent, type="quote.accepted"):
    """The customer said yes: contract-svc drafts the contract from this and nothing else.

    Before the deal was in negotiation, `reason` says why, and `skipped_gates` are the guards that were not met.
    """

    touches = True

    account_name: str
    lead_id: UUID | None = None
    lines: list[QuoteLineData]
    schedule: list[PaymentTerm]
    reason: str | None = None
    skipped_gates: list[str] = []
    link_id: UUID | None = None


class QuoteRejected(QuoteEvent, type="quote.rejected"):
    """`link_id`: by which the customer said no themselves."""

    touches = True

    reason: str
    link_id: UUID | None = None


class QuoteExpired(QuoteEvent, type="quote.expired"):
    pass


class QuoteSuperseded(QuoteEvent, type="quote.superseded"):
    by_quote_id: UUID


class QuoteWithdrawn(QuoteEvent, type="quote.withdrawn"):
    reason: str


class QuoteLinked(QuoteEvent, type="quote.linked"):
    """The customer can read the quote by a link. Its secret is told nowhere."""

    link_id: UUID
    expires_at: datetime


class QuoteViewed(QuoteEvent, type="quote.viewed"):
    """The customer looked at the quote by a link, for the first time by this one."""

    link_id: UUID


class QuoteLinksRevoked(QuoteEvent, type="quote.links_revoked"):
    """Links that still worked lead nowhere from now on."""

    link_ids: list[UUID]


class QuoteApprovalEvent(DealSvcEvent, Dimensions):
    """Of what others are asked to decide about a quote that was submitted."""

    seen_as = "deal"
    part_of = "deal_id"

    quote_id: UUID
    deal_id: UUID
    number: str
    revision: int
    tier: str


class QuoteApprovalRequested(QuoteApprovalEvent, ApprovalRequested, type="quote.approval_requested", aggregate="quote_approval"):
    """A quote was submitted that needs the approval of others: these are asked."""


class QuoteApprovalDecided(QuoteApprovalEvent, ApprovalDecided, type="quote.approval_decided", aggregate="quote_approval"):
    """One of them decided; with the last one, or with a rejection, so did the approval."""


class QuoteApprovalDelegated(QuoteApprovalEvent, ApprovalDelegated, type="quote.approval_delegated", aggregate="quote_approval"):
    """A step is for one person to decide."""


class QuoteApprovalEscalated(QuoteApprovalEvent, ApprovalEscalated, type="quote.approval_escalated", aggregate="quote_approval"):
    """A step was not decided in time. The quote stays as it is."""


class QuoteApprovalReopened(QuoteApprovalEvent, ApprovalReopened, type="quote.approval_reopened", aggregate="quote_approval"):
    """The deal has another owner, who had decided these steps: somebody else decides them again."""


class QuoteApprovalWithdrawn(QuoteApprovalEvent, ApprovalWithdrawn, type="quote.approval_withdrawn", aggregate="quote_approval"):
    """The quote was taken back before all had decided."""
