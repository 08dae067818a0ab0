"""A deal as its table keeps it, and the words of its fields."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from deal_svc.deals.pipeline import FIRST, Stage
from shared.stored import Stored


class DealKind(StrEnum):
    NEW = "new"
    UPSELL = "upsell"
    CROSS_SELL = "cross_sell"
    RENEWAL = "renewal"


class LossReason(StrEnum):
    PRICE = "price"
    COMPETITOR = "competitor"
    NO_BUDGET = "no_budget"
    NO_DECISION = "no_decision"
    NEED_MISMATCH = "need_mismatch"
    TIMING = "timing"
    NO_RESPONSE = "no_response"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Deal:
    """One opportunity."""

    id: UUID
    version: int
    name: str
    kind: DealKind
    stage: Stage
    stage_since: datetime
    cycle: Annotated[int, Stored(comment="1, and one more with each reopening")]
    probability: Annotated[int, Stored(comment="percent")]
    amount: Annotated[Decimal, Stored(digits=(18, 4))]
    currency: str
    fx: Annotated[Decimal, Stored(digits=(18, 8), comment="units of the reporting currency for one unit of currency, frozen")]
    fx_day: Annotated[date | None, Stored(comment="the day of that rate, where there was none for the day itself")]
    expected_close_on: date | None
    owner_id: UUID | None
    team_id: UUID | None
    account_id: UUID | None
    account_name: str | None
    lead_id: Annotated[UUID | None, Stored(comment="the primary lead; further ones are in deal_lead")]
    conversion_id: UUID | None
    source: str | None
    product: Annotated[str | None, Stored(comment="product line")]
    region: str | None
    campaign: Annotated[str | None, Stored(comment="of the lead's first touch, as is the medium")]
    medium: str | None
    competitor: str | None
    needs: Annotated[str | None, Stored(comment="as restated to the customer")]
    needs_confirmed_at: datetime | None
    needs_confirmed_by: Annotated[UUID | None, Stored(comment="a contact of lead-svc")]
    next_step: str | None
    next_step_due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    closed_from: Annotated[Stage | None, Stored(comment="the stage it was in when it was won or lost")]
    close_reason: Annotated[str | None, Stored(comment="why it was lost, or the evidence of a manual win")]
    close_note: str | None
    manual_win: bool
    quote_id: Annotated[UUID | None, Stored(comment="the accepted quote")]
    contract_id: UUID | None
    contract_starts_on: date | None
    external_id: Annotated[str | None, Stored(unique=True)]
    imported: bool
    lead_bant: Annotated[dict[str, str], Stored(default="'{}'", comment="of the primary lead at its conversion: dimension -> status")]
    flags: Annotated[dict[str, bool], Stored(comment="flag -> true: odd but true, kept, and marked for people to see")]
    created_at: datetime
    updated_at: datetime

    @property
    def is_open(self) -> bool:
        return self.stage.is_open

    @property
    def deal_kind(self) -> str:
        """Its kind, as figures and contracts call it."""
        return self.kind


def new_deal(now: datetime, *, id: UUID, opened_at: datetime, **given: Any) -> Deal:
    """A deal at the start of its way; `given` are its probability, and the fields that differ from that start."""
    start: dict[str, Any] = {
        **dict.fromkeys(Deal.__dataclass_fields__),
        "version": 0,
        "kind": DealKind.NEW,
        "stage": FIRST,
        "stage_since": opened_at,
        "cycle": 1,
        "manual_win": False,
        "imported": False,
        "lead_bant": {},
        "flags": {},
        "created_at": now,
        "updated_at": now,
    }
    return Deal(**start | {"id": id, "opened_at": opened_at} | given)
