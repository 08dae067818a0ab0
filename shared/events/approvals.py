"""What an approval tells. A service names the events by its record, such as `contract.approval_requested`.

Their subject is the approval, which has a version of its own; `part_of` names the record.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Decided


class ApprovalStepData(BaseModel):
    """A step that is asked for. Steps of one `position` are parallel; `due_at` is told of those that are open."""

    name: str
    position: int
    roles: list[str]
    people: list[UUID] = []
    due_at: datetime | None = None


class ApprovalRequested(Decided):
    """Somebody asks others to approve this content."""

    content_hash: str
    requested_by: UUID
    steps: list[ApprovalStepData]


class ApprovalDecided(BaseModel):
    """One step was decided, which was open since `opened_at`. `state` is that of the approval then.

    `opened` are the steps that others wait for from now on, `ended` those that nobody waits for any more.
    """

    step: str
    decision: Literal["approved", "rejected"]
    state: Literal["open", "approved", "rejected"]
    content_hash: str
    requested_at: datetime
    opened_at: datetime | None = None
    opened: list[ApprovalStepData] = []
    ended: list[str] = []
    reason: str | None = None


class ApprovalDelegated(BaseModel):
    """A step is for `person_id` to decide; before it was `previous_person_id`, if anybody."""

    step: str
    person_id: UUID
    previous_person_id: UUID | None = None


class ApprovalEscalated(BaseModel):
    """A step is open beyond `due_at`. Who was asked: the delegate, else whoever has one of the roles or is named."""

    step: str
    due_at: datetime
    roles: list[str]
    people: list[UUID] = []
    delegate_id: UUID | None = None


class ApprovalReopened(BaseModel):
    """Steps are open again: who decided them, or was to, owns the record now. `ended` are those that wait for these again."""

    steps: list[ApprovalStepData]
    ended: list[str] = []


class ApprovalWithdrawn(BaseModel):
    """It was taken back before all had decided, or its record was given up. `ended` are the steps that were open."""

    content_hash: str
    ended: list[str] = []
    reason: str | None = None
