"""What people say of a lead, once: bodies, rows of imports, answers, filters and masks follow from it."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.fields import PERSONAL, SEARCHED, Email, Language, Name, Phone, Short, Source


class LeadFields(BaseModel):
    """What lists show too."""

    source: Source | None = None
    campaign: Short | None = None
    medium: Short | None = None
    title: Annotated[Name | None, SEARCHED] = None
    company: Annotated[Name | None, SEARCHED] = None
    contact_name: Annotated[Name | None, PERSONAL, SEARCHED] = None
    region: Short | None = None
    industry: Short | None = None
    size: Short | None = None
    product: Annotated[Short | None, Field(description="The product line of interest.")] = None


class LeadDetails(LeadFields):
    """And what only the lead's own page shows."""

    first_touch: Annotated[Short | None, Field(description="What brought it to us first, for example a landing page.")] = None
    last_touch: Short | None = None
    email: Annotated[Email | None, PERSONAL, SEARCHED] = None
    phone: Annotated[Phone | None, PERSONAL, SEARCHED] = None
    job_title: Name | None = None
    language: Annotated[Language | None, Field(description="The language that they want to be spoken to in, for example de or zh-CN.")] = (
        None
    )


class LeadData(LeadDetails):
    """And the records of ours that it is about, which files name by other systems' keys."""

    referrer_account_id: Annotated[UUID | None, Field(description="The account that recommended us.")] = None
    account_id: UUID | None = None
    contact_id: UUID | None = None
