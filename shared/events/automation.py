"""What lead-svc tells of what is done by rule."""

from uuid import UUID

from shared.events.envelope import Decided
from shared.events.lead import LeadSvcEvent


class LeadAutomationFired(LeadSvcEvent, Decided, type="lead.automation_fired", aggregate="lead_automation"):
    """A rule did something with a lead. The subject is the firing, and the lead's version stays.

    `templates`: what another system is to do, such as a mail system, by the keys that it knows. Nothing of the person is told: it reads
    the lead. `actions`: what was done. `left_out`: what was not, each with the reason. `depth`: 1 where no other rule set it off.
    """

    seen_as = "lead"
    part_of = "lead_id"

    lead_id: UUID
    rule: str
    trigger: str
    depth: int
    actions: list[str]
    left_out: dict[str, str] = {}
    templates: list[str] = []
    owner_id: UUID | None = None
    team_id: UUID | None = None
    grade: str | None = None
