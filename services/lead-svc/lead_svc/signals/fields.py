"""What a sender says of a signal, once: the body, the answer and the list follow from it."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from shared.fields import PERSONAL, Count, Email, Key, Phone, Short


class SignalKind(StrEnum):
    """What somebody did. The policy may name more."""

    VISIT = "visit"
    DWELL = "dwell"
    DOWNLOAD = "download"
    FORM = "form"
    WEBINAR = "webinar"
    PRODUCT_PAGE = "product_page"
    MAIL_OPENED = "mail_opened"
    MAIL_CLICKED = "mail_clicked"
    DEMO_REQUESTED = "demo_requested"
    OFFER = "offer"
    """We made them an offer of a campaign."""


KINDS = tuple(kind.value for kind in SignalKind)
MOST = 2_000_000_000

_KIND = f"{', '.join(KINDS)}, or a kind of the policy."


class TouchFields(BaseModel):
    """What brought somebody to us, as the landing address says it in utm_source, utm_campaign and so on. Nothing else is kept of it."""

    source: Short | None = None
    campaign: Short | None = None
    medium: Short | None = None
    term: Annotated[Short | None, Field(description="What they had searched for.")] = None
    content: Annotated[Short | None, Field(description="Which of several advertisements or links.")] = None


class SignalFields(TouchFields):
    kind: Annotated[Short, Field(description=_KIND)]
    value: Annotated[Count | None, Field(ge=0, le=MOST, description="How much of it: seconds of a dwell, pages of a visit.")] = None


class WhoFields(BaseModel):
    """Whose signal it is. The first that names somebody known counts, in this order."""

    lead_id: UUID | None = None
    external_id: Annotated[Key | None, Field(description="What another system calls the lead.")] = None
    email: Annotated[Email | None, PERSONAL] = None
    phone: Annotated[Phone | None, PERSONAL] = None
    visitor_id: Annotated[
        Key | None,
        PERSONAL,
        Field(description="Your id of an anonymous visitor. With a name beside it, all signals of the visitor are that person's."),
    ] = None
