"""What lead-svc tells of scores: what rules, or somebody's model, say of a lead. The subject is the score; the lead's version stays."""

from datetime import datetime
from uuid import UUID

from shared.events.envelope import Decided
from shared.events.lead import LeadSvcEvent, TopRule


class LeadScoreEvent(LeadSvcEvent):
    """About the score of a lead."""

    seen_as = "lead"
    part_of = "lead_id"

    lead_id: UUID


class LeadScored(LeadScoreEvent, Decided, type="lead.scored", aggregate="lead_score"):
    """The score has crossed the threshold or a step of the policy since it was last told, up or down: `old` is what was told then."""

    old: int
    new: int
    threshold: int
    top_rules: list[TopRule] = []


class LeadPredicted(LeadScoreEvent, type="lead.predicted", aggregate="lead_prediction"):
    """A model has predicted how likely the lead is to buy, in percent, and when it is best called. It decides nothing by itself."""

    probability: int
    best_call_at: datetime | None = None
    model: str
