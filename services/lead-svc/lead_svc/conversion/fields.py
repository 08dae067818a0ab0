"""What the owner says when they hand a lead over; what they leave out comes from the lead."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool

from shared.fields import Day, Name
from shared.money import Worth


class Handover(BaseModel):
    """All optional: account and contact are the lead's own, or are made from its data once the deal is open; the deal is a new one."""

    deal_id: Annotated[UUID | None, Field(description="An open deal of the same account that the lead joins.")] = None
    account_id: UUID | None = None
    join_account: Annotated[
        StrictBool | None,
        Field(
            description="When an account has the name of the lead's company: true joins it, false makes another one. Left out, "
            "the policy of leads decides, by default 409 `account_exists` with those `accounts` that you may see."
        ),
    ] = None
    contact_id: UUID | None = None
    deal_name: Name | None = None
    amount: Annotated[Worth | None, Field(description="What the deal may be worth.")] = None
    expected_close_on: Day | None = None
