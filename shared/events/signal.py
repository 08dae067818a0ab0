"""What lead-svc tells of signals: that somebody shows interest, and what brought them. No visitor id and no address: ids only."""

from uuid import UUID

from shared.events.envelope import Dimensions
from shared.events.lead import LeadSvcEvent


class LeadSignalEvent(LeadSvcEvent):
    """About a signal of a lead. The subject is the signal, and the lead's version stays."""

    seen_as = "lead"
    part_of = "lead_id"

    lead_id: UUID
    signal_id: UUID
    kind: str


class LeadSignalRecorded(LeadSignalEvent, type="lead.signal_recorded", aggregate="lead_signal"):
    """A lead shows interest, at the time of the event. `value`: how much of it, such as seconds or pages.

    What an anonymous visitor did is told when the visitor is known to be this lead.
    """

    value: int | None = None
    campaign: str | None = None
    medium: str | None = None


class LeadTouched(LeadSignalEvent, Dimensions, type="lead.touched", aggregate="lead_signal"):
    """A signal that says what brought the lead to us: `source`, `campaign` and `medium` are those of this touch.

    All touches are told, so that each way to attribute a deal can be computed from them. The other dimensions are the lead's.
    """

    term: str | None = None
    content: str | None = None
