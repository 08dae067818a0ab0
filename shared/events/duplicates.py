"""What lead-svc tells of records that may be the same. Their subject is the pair, so the versions of the records themselves stay."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Decided
from shared.events.lead import LeadSvcEvent


class Pair(LeadSvcEvent):
    """It names both records, and somebody who sees one of them may not see the other: so it is for those who run the system."""

    audience = "operations"

    other_id: UUID


class LeadDuplicateEvent(Pair):
    lead_id: UUID


class AccountDuplicateEvent(Pair):
    account_id: UUID


class ContactDuplicateEvent(Pair):
    contact_id: UUID


class InCommon(Decided):
    """What the two have in common, and how certain it is that they are the same."""

    certainty: Literal["certain", "likely"]
    points: int
    matches: dict[str, int]


class NotTheSame(BaseModel):
    reason: str | None = None


class LeadDuplicateSuspected(LeadDuplicateEvent, InCommon, type="lead.duplicate_suspected", aggregate="lead_duplicate"):
    """They have so much in common that they may be the same; told again when that changes."""


class LeadDuplicateDismissed(LeadDuplicateEvent, NotTheSame, type="lead.duplicate_dismissed", aggregate="lead_duplicate"):
    """Somebody says that they are not the same."""


class LeadDuplicateCleared(LeadDuplicateEvent, type="lead.duplicate_cleared", aggregate="lead_duplicate"):
    """One of them was changed, and they have too little in common now."""


class AccountDuplicateSuspected(AccountDuplicateEvent, InCommon, type="account.duplicate_suspected", aggregate="account_duplicate"):
    """Two accounts may be one company; told again when what they have in common changes."""


class AccountDuplicateDismissed(AccountDuplicateEvent, NotTheSame, type="account.duplicate_dismissed", aggregate="account_duplicate"):
    """Somebody says that they are two companies."""


class AccountDuplicateCleared(AccountDuplicateEvent, type="account.duplicate_cleared", aggregate="account_duplicate"):
    """One of them or its contacts were changed, and they have too little in common now."""


class ContactDuplicateSuspected(ContactDuplicateEvent, InCommon, type="contact.duplicate_suspected", aggregate="contact_duplicate"):
    """Two contacts may be one person; told again when what they have in common changes."""


class ContactDuplicateDismissed(ContactDuplicateEvent, NotTheSame, type="contact.duplicate_dismissed", aggregate="contact_duplicate"):
    """Somebody says that they are two people."""


class ContactDuplicateCleared(ContactDuplicateEvent, type="contact.duplicate_cleared", aggregate="contact_duplicate"):
    """One of them was changed, and they have too little in common now."""
