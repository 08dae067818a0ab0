"""What a row of a deal import may say.

Everything but the key is optional; columns named like a field need no mapping.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model, model_validator

from deal_svc.deals.fields import DealFields
from deal_svc.deals.pipeline import OPEN_STAGES, Stage
from deal_svc.deals.record import DealKind
from deal_svc.imports.rules import ENTERED
from shared.fields import Key, Name, Text
from shared.imports.amounts import Amount
from shared.imports.dates import Day, When
from shared.money import Currency


class Outcome(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


_OPEN_NAMES = {stage.value for stage in OPEN_STAGES}
_ENDS = (Outcome.WON.value, Outcome.LOST.value)


def _end(value: Any) -> Any:
    """A file with one column for both says the stage of an open deal where others say its outcome."""
    text = _lower(value)
    return Outcome.OPEN if text in _OPEN_NAMES else text


class Row(DealFields):
    """One deal, by the key that its source system gives it."""

    external_id: Key
    lead_external_id: Key | None = None
    name: Name | None = None
    kind: Annotated[DealKind, BeforeValidator(_lower)] = DealKind.NEW
    account_external_id: Key | None = None
    account: Key | None = Field(None, description="the account's name; also its key where no account_external_id is given")
    owner: Key | None = Field(None, description="the owner's key in the source system, as token subjects and the team roster know it")
    amount: Annotated[Amount, Field(ge=0, max_digits=18, decimal_places=4)] = Decimal(0)
    currency: Currency | None = None
    expected_close_on: Day | None = None
    next_step: Text | None = Field(None, description="what comes next, of an open deal; with next_step_due_at")
    next_step_due_at: When | None = Field(None, description="when the next step is due")
    opened_at: When | None = None
    stage: Annotated[Stage, BeforeValidator(_lower)] | None = Field(
        None, description="where an open deal stands; with moved_at, since when"
    )
    moved_at: When | None = None
    outcome: Annotated[Outcome, BeforeValidator(_end)] = Outcome.OPEN
    closed_at: When | None = None
    lost_reason: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _stage_that_ends(cls, given: Any) -> Any:
        """A file with one column for both may say won or lost as the stage."""
        stage = given.get("stage") if isinstance(given, dict) else None
        if stage is None or given.get("outcome") or (end := _lower(stage)) not in _ENDS:
            return given
        return {name: value for name, value in given.items() if name != "stage"} | {"outcome": end}

    @property
    def account_key(self) -> str | None:
        return self.account_external_id or self.account

    @property
    def entered(self) -> dict[Stage, datetime | None]:
        """When the deal came to each open stage but the first."""
        return {stage: getattr(self, column) for stage, column in ENTERED.items()}


_COLUMNS: dict[str, Any] = dict.fromkeys(ENTERED.values(), (When | None, None))
DealRow: type[Row] = create_model("DealRow", __base__=Row, **_COLUMNS)
"""The row with the column of each stage."""
