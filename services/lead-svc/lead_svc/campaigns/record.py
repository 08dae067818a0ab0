"""A campaign and what was spent on it, as their rows hold them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from shared.acts import Subject
from shared.errors import Unmet
from shared.ids import external_id
from shared.spelling import compared
from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Campaign:
    id: UUID
    version: int
    name: str
    plan: str | None
    source: str | None
    medium: str | None
    product: str | None
    region: str | None
    starts_on: date | None
    ends_on: date | None
    budget_amount: Annotated[Decimal | None, Stored(digits=(18, 4))]
    budget_currency: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Spend:
    """An amount that was spent on some days, as the last correction has it. Its rate is that of the spending day, and stays."""

    id: UUID
    version: int
    external_id: Annotated[str | None, Stored(unique=True)]
    campaign_id: Annotated[UUID, Stored(refers="campaign.id")]
    starts_on: date
    ends_on: date
    amount: Annotated[Decimal, Stored(digits=(18, 4))]
    currency: str
    fx: Decimal
    fx_day: date | None
    reference: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Correction:
    """What an amount was corrected from, why, by whom and when."""

    id: UUID
    spend_id: Annotated[UUID, Stored(refers="campaign_spend.id")]
    previous: Annotated[Decimal, Stored(digits=(18, 4))]
    amount: Annotated[Decimal, Stored(digits=(18, 4))]
    reason: str
    by: UUID
    at: datetime


def campaign_id(name: str) -> UUID:
    """The id of the campaign of this name, however it is spelt: two campaigns never differ by case or width alone."""
    return external_id("campaign", compared(name))


CAMPAIGN = Subject[Campaign, None](
    name="campaign",
    label="campaign",
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only marketing, sales operations or an admin keep campaigns."),
)
SPEND = Subject[Spend, None](
    name="campaign_spend",
    label="spend record",
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only marketing, sales operations or an admin keep what was spent."),
)
