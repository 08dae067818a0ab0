"""What lead-svc tells of teams and people, and of records that go from one person to another."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import EVERY_SERVICE, Event
from shared.events.lead import LeadSvcEvent


class RosterEvent(LeadSvcEvent):
    audience = "everybody"


class PersonTold(BaseModel):
    """What a person is now, likewise. `team_path` runs from the root team to the person's own."""

    role: str
    team_id: UUID | None = None
    team_path: list[UUID] = []
    active: bool = True


class TeamCreated(RosterEvent, type="team.created"):
    name: str
    parent_id: UUID | None
    path: list[UUID]


class TeamChanged(RosterEvent, type="team.changed"):
    """Renamed, or moved in the tree; the people below it are told one by one with their new paths."""

    name: str
    parent_id: UUID | None
    path: list[UUID]


class PersonAdded(RosterEvent, PersonTold, type="person.added"):
    """Somebody who can own records."""

    external_id: str | None = None
    imported: bool = False


class PersonChanged(RosterEvent, PersonTold, type="person.changed"):
    """Role, team or standing changed."""


class HandOverFilter(BaseModel):
    """Which of a person's records are handed over; what is not given leaves out none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: Literal["open", "all"] = "all"
    team_id: UUID | None = None
    region: str | None = None
    product: str | None = None
    source: str | None = None
    account_ids: list[UUID] | None = None


class PersonHandedOver(RosterEvent, type="person.handed_over"):
    """Records of the person go to `to_id`: leads, accounts, deals, contracts. Each service moves its own, and tells how far it is.

    `number` counts the person's hand-overs.
    """

    hand_over_id: UUID
    number: int
    from_id: UUID
    to_id: UUID
    kinds: list[str]
    filter: HandOverFilter
    reason: str | None = None


class HandOverMoved(Event, type="hand_over.moved"):
    """A service has moved a batch of the records of a hand-over. The subject is the hand-over in this service.

    Records moved, and left, by part. `started_at` is when it moved the first ones.
    """

    publisher = EVERY_SERVICE
    audience = "operations"

    service: str
    hand_over_id: UUID
    number: int
    from_id: UUID
    to_id: UUID
    moved: dict[str, int]
    left: dict[str, int]
    started_at: datetime
    done: bool
