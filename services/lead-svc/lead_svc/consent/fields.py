"""What is said of a consent, once: the body and the answer follow from it."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import PERSONAL, Reason, Short, Text


class Purpose(StrEnum):
    """What a person allows, or not."""

    CONTACT = "contact"
    """That sales gets in touch."""
    MARKETING = "marketing"
    """That they hear of campaigns and offers."""


class ConsentDecision(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class ConsentChannel(StrEnum):
    """Where they said so."""

    FORM = "form"
    MAIL = "mail"
    PHONE = "phone"
    MEETING = "meeting"
    PAPER = "paper"


class Use(StrEnum):
    """What a withdrawn consent keeps us from."""

    MQL = "mql"
    CADENCE = "cadence"
    CAMPAIGNS = "campaigns"


class ConsentFields(BaseModel):
    purpose: Purpose
    decision: ConsentDecision
    channel: ConsentChannel | None = None
    text_version: Annotated[Short | None, Field(description="The version of the text that they agreed to; needed to grant.")] = None
    proof: Annotated[Text | None, PERSONAL, Field(description="What shows it, for example the number of the confirmed mail.")] = None
    reason: Annotated[Reason | None, PERSONAL] = None
