"""What people say of a contact with the customer, once: the body and the answer follow from it."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import PERSONAL, Text


class InteractionKind(StrEnum):
    CALL = "call"
    MAIL = "mail"
    MEETING = "meeting"
    VISIT = "visit"
    CHAT = "chat"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Outcome(StrEnum):
    REACHED = "reached"
    """The customer took part."""
    NO_RESPONSE = "no_response"
    SENT = "sent"
    """On its way, for example a mail; whether there is a response shows later."""


class InteractionFields(BaseModel):
    kind: InteractionKind
    direction: Direction = Direction.OUTBOUND
    outcome: Annotated[Outcome, Field(description="`reached`: the customer took part; `sent`: on its way, no answer due yet.")]
    key_points: Annotated[Text | None, PERSONAL] = None
    feedback: Annotated[Text | None, PERSONAL] = None
    questions: Annotated[Text | None, PERSONAL] = None
    concerns: Annotated[Text | None, PERSONAL] = None
    goals: Annotated[Text | None, PERSONAL] = None
