"""What lead-svc tells of consent: for which purpose, never who the person is, and neither proof nor reason."""

from uuid import UUID

from shared.events.lead import LeadSvcEvent


class ConsentEvent(LeadSvcEvent):
    """A person declared what they allow. The subject is the declaration; the newest one of a person and a purpose stands."""

    seen_as = "lead"
    part_of = "lead_id"

    lead_id: UUID | None = None
    contact_id: UUID | None = None
    purpose: str
    channel: str | None = None
    text_version: str | None = None


class ConsentGranted(ConsentEvent, type="consent.granted"):
    """A person allows something, by a version of a text. `asked`: ticked in a form, which lifts no withdrawal unless policy says so."""

    asked: bool = False


class ConsentWithdrawn(ConsentEvent, type="consent.withdrawn"):
    """A person takes back what they allowed, or opted out."""
