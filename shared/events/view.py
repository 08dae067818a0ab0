"""What lead-svc tells of saved views: that there is one, and whom it is shared with. What is filtered by may be somebody's name."""

from uuid import UUID

from shared.events.lead import LeadSvcEvent


class ViewTold(LeadSvcEvent):
    audience = "operations"

    owner_id: UUID
    kind: str
    team_id: UUID | None = None


class ViewSaved(ViewTold, type="view.saved"):
    """Somebody keeps how they look at a list, for themselves or for a team too."""


class ViewChanged(ViewTold, type="view.changed"):
    """It looks otherwise, is called otherwise, or is shared with others; `changed` names the fields."""

    changed: list[str]


class ViewRemoved(ViewTold, type="view.removed"):
    """It is no more."""
