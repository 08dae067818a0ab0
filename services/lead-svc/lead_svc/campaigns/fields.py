"""What people and files say of a campaign, and of money that was spent on it."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import Day, Name, Short, Source, Text
from shared.money import Worth

CampaignName = Annotated[
    Short, Field(description="What leads, links and figures call it (`campaign` of a lead, `utm_campaign` of a link); unique, and stays.")
]


class CampaignPlan(BaseModel):
    """Both days are included; without a last day it runs until further notice."""

    plan: Annotated[Text | None, Field(description="What it is to bring, and how.")] = None
    source: Source | None = None
    medium: Short | None = None
    product: Annotated[Short | None, Field(description="The product line that it is for.")] = None
    region: Short | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class CampaignFields(CampaignPlan):
    budget: Worth | None = None


class SpentOn(BaseModel):
    """Days that an amount was spent on, both included. One day where `ends_on` is left out."""

    starts_on: Day
    ends_on: Day | None = None
    reference: Annotated[Name | None, Field(description="The bill, or the line of it, that says so.")] = None
