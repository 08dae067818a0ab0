"""A deal, who may change it, and what may change. Pure: values in, unmet guards out."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from shared.auth.actor import Actor, Role
from shared.errors import Unmet
from shared.masking import sees_personal_data


class Stage(StrEnum):
    DISCOVERY = "discovery"
    PROPOSAL = "proposal"
    NEGOTIATION = "negotiation"
    CLOSING = "closing"
    WON = "won"
    LOST = "lost"


OPEN_STAGES = (Stage.DISCOVERY, Stage.PROPOSAL, Stage.NEGOTIATION, Stage.CLOSING)
"""In the order a deal goes through them."""

PROBABILITY = {Stage.DISCOVERY: 20, Stage.PROPOSAL: 50, Stage.NEGOTIATION: 75, Stage.CLOSING: 90, Stage.WON: 100, Stage.LOST: 0}
"""Percent, by stage (domain-model §3)."""


class Kind(StrEnum):
    NEW = "new"
    UPSELL = "upsell"
    CROSS_SELL = "cross_sell"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class Deal:
    """One opportunity. `fx` is the rate to the reporting currency, frozen when the amount was set."""

    id: UUID
    version: int
    name: str
    kind: Kind
    stage: Stage
    stage_since: datetime
    cycle: int
    probability: int
    amount: Decimal
    currency: str
    fx: Decimal
    expected_close_on: date | None
    owner_id: UUID | None
    team_id: UUID | None
    account_id: UUID | None
    account_name: str | None
    lead_id: UUID | None
    conversion_id: UUID | None
    source: str | None
    product: str | None
    region: str | None
    competitor: str | None
    needs: str | None
    needs_confirmed_at: datetime | None
    needs_confirmed_by: UUID | None
    next_step: str | None
    next_step_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    closed_from: Stage | None
    close_reason: str | None
    close_note: str | None
    manual_win: bool
    quote_id: UUID | None
    contract_id: UUID | None
    contract_starts_on: date | None
    external_id: str | None
    imported: bool
    flags: dict[str, bool]
    created_at: datetime
    updated_at: datetime

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES


class LossReason(StrEnum):
    PRICE = "price"
    COMPETITOR = "competitor"
    NO_BUDGET = "no_budget"
    NO_DECISION = "no_decision"
    NEED_MISMATCH = "need_mismatch"
    TIMING = "timing"
    NO_RESPONSE = "no_response"
    OTHER = "other"


_LOSS_REASONS = frozenset(LossReason)


@dataclass(frozen=True, slots=True)
class JoinedLead:
    deal_id: UUID
    lead_id: UUID
    conversion_id: UUID
    joined_at: datetime


LEADING = (Role.manager, Role.director, Role.admin)
"""Who acts on the deals of others: a manager on those of his team and the teams below (he sees no others), these on all."""
SELLING = (Role.rep, Role.kam, Role.csm, *LEADING)

CLOSED = Unmet("deal_closed", "The deal is closed.")
NOT_OWNER = Unmet("not_owner", "Only the deal's owner or a manager may do this.")
NOT_MANAGER = Unmet("not_manager", "Only a manager may do this.")


def shown(deal: Deal, by: Actor) -> Deal:
    """The deal as this actor may see it: what the customer said and what people noted only with personal data."""
    if sees_personal_data(by):
        return deal
    coded = deal.close_reason if deal.close_reason in _LOSS_REASONS else None
    return replace(deal, needs=None, next_step=None, close_note=None, close_reason=coded)


def responsible_unmet(deal: Deal, by: Actor) -> list[Unmet]:
    return [] if deal.owner_id == by.id or by.has(*LEADING) else [NOT_OWNER]


def change_unmet(deal: Deal, by: Actor) -> list[Unmet]:
    """Facts about a deal, and what hangs on it, are changed by those responsible, as long as it is open."""
    return [*([] if deal.is_open else [CLOSED]), *responsible_unmet(deal, by)]


def assign_unmet(deal: Deal, by: Actor, to: UUID) -> list[Unmet]:
    """A manager hands deals over; anybody who sells may take one for himself that nobody owns."""
    claims = deal.owner_id is None and to == by.id
    return [*([] if deal.is_open else [CLOSED]), *([] if claims or by.has(*LEADING) else [NOT_MANAGER])]


def conversion_refusal(deal: Deal, account_id: UUID) -> str | None:
    """Why a lead cannot join this deal (domain-model §2: an existing open deal of the same account); None when it can."""
    if not deal.is_open:
        return "The deal is closed."
    if deal.account_id != account_id:
        return "The deal belongs to another account."
    return None
