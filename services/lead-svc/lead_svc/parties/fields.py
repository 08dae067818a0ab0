"""What people say of companies and of the people in them, once: bodies, answers, filters and masks follow from it."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import PERSONAL, SEARCHED, Email, Name, Phone, Short


class AccountFields(BaseModel):
    name: Annotated[Name, SEARCHED]
    region: Short | None = None
    industry: Short | None = None
    size: Short | None = None
    tier: Annotated[Short | None, Field(description="Its segment.")] = None


class ContactFields(BaseModel):
    name: Annotated[Name, PERSONAL, SEARCHED]
    email: Annotated[Email | None, PERSONAL, SEARCHED] = None
    phone: Annotated[Phone | None, PERSONAL, SEARCHED] = None
    job_title: Name | None = None
