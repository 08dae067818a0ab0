"""What a row of a deal import may say. Everything but the key is optional; columns named like a field need no mapping."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from deal_svc.deals.rules import Kind, Stage
from shared.fields import Key, Name, Short
from shared.imports.amounts import Amount
from shared.imports.dates import Day, When
from shared.money import Currency


class Outcome(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class DealRow(BaseModel):
    """One deal, by the key that its source system gives it."""

    external_id: Key
    lead_external_id: Key | None = None
    name: Name | None = None
    kind: Annotated[Kind, BeforeValidator(_lower)] = Kind.NEW
    account_external_id: Key | None = None
    account: Name | None = Field(None, description="the account's name; also its key where no account_external_id is given")
    owner: Key | None = Field(None, description="the owner's key in the source system, as token subjects and the team roster know it")
    source: Short | None = None
    product: Short | None = None
    region: Short | None = None
    amount: Annotated[Amount, Field(ge=0, max_digits=18, decimal_places=4)] = Decimal(0)
    currency: Currency | None = None
    expected_close_on: Day | None = None
    opened_at: When | None = None
    proposal_at: When | None = None
    negotiation_at: When | None = None
    closing_at: When | None = None
    stage: Annotated[Stage, BeforeValidator(_lower)] | None = Field(
        None, description="where an open deal stands; with moved_at, since when"
    )
    moved_at: When | None = None
    outcome: Annotated[Outcome, BeforeValidator(_lower)] = Outcome.OPEN
    closed_at: When | None = None
    lost_reason: Name | None = None
    competitor: Name | None = None

    @property
    def account_key(self) -> str | None:
        return self.account_external_id or self.account
