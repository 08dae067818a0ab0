"""What people say of a contract, once: bodies, answers and filters take it from here."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.fields import PERSONAL, Day, LongText, Name


class ContractFields(BaseModel):
    sign_by: Annotated[Day | None, Field(description="The last day to sign")] = None
    committed_go_live_on: Day | None = None
    starts_on: Annotated[Day | None, Field(description="When it takes effect; by default on the day of the signature")] = None
    ends_on: Day | None = None


class Sections(BaseModel):
    """The five mandatory parts."""

    scope: LongText
    price_payment: LongText
    delivery_acceptance: LongText
    breach_disputes: LongText
    confidentiality_ip: LongText


class Signer(BaseModel):
    """Somebody who signs for the customer; `contact_id` where they are a contact of the account."""

    name: Annotated[Name, PERSONAL]
    contact_id: UUID | None = None
