"""What somebody declared, as its row holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from lead_svc.consent.fields import ConsentChannel, ConsentDecision, Purpose
from shared.acts import Subject
from shared.errors import Unmet
from shared.stored import Stored


@dataclass(frozen=True, slots=True)
class Consent:
    """One declaration. It is never changed: the newest one of a person and a purpose stands."""

    id: UUID
    lead_id: UUID | None
    contact_id: UUID | None
    keys: Annotated[dict[str, bool], Stored(comment="key -> true: by what the person is known again: no address, only hashes of it")]
    purpose: Purpose
    decision: ConsentDecision
    channel: ConsentChannel | None
    text_version: str | None
    proof: Annotated[str | None, Stored(comment="personal")]
    reason: Annotated[str | None, Stored(comment="personal")]
    at: datetime
    by: UUID
    recorded_at: datetime
    version: Annotated[int, Stored(default="0", comment="1 once it is told; those that an upgrade made never were")] = 1
    asked: Annotated[bool, Stored(default="false", comment="ticked in a form: nobody has shown that it was the person themselves")] = False


CONSENT = Subject[Consent, None](
    name="consent",
    label="consent",
    owner=lambda *_: None,
    not_owner=Unmet("role", "Only those who work with customers record what they allow."),
)
