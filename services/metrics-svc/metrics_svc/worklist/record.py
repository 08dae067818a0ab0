"""An item of open work: its row, and how lists show it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.money import Money
from shared.worklist.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is to be done about a lead, a deal or a contract."""

    id: UUID
    kind: str
    what: str | None
    subject: str
    subject_id: UUID
    subject_name: str | None
    account_id: UUID | None
    account_name: str | None
    assignee_id: UUID | None
    team_id: UUID | None
    roles: list[str]
    since: datetime
    due_at: datetime | None
    overdue: bool
    escalated: bool
    content_hash: str | None
    quote_id: UUID | None
    amount: Decimal | None
    currency: str | None


class SettlingOut(BaseModel):
    """An operation that settles an item. Its body is in the service's OpenAPI document."""

    service: str
    operation_id: str
    method: str
    path: str


class TaskOut(BaseModel):
    id: UUID = Field(description="Of the task, the deadline or the milestone; an approval has one for each part.")
    kind: str = Field(description="`GET /v1/labels` names it, in the group `work`.")
    what: str | None = Field(description="Which part of an approval; null for all others.")
    subject: str = Field(description="What it is about: a `lead`, a `deal` or a `contract`.")
    subject_id: UUID
    subject_name: str | None = Field(description="A contract's number, else the name of the account as far as events tell it.")
    account_id: UUID | None
    account_name: str | None
    assignee_id: UUID | None = Field(description="The owner of its subject, or whom an approval was delegated to; null for nobody yet.")
    team_id: UUID | None
    roles: list[str] = Field(description="Who is asked for an approval that names nobody; empty for all others.")
    since: datetime
    due_at: datetime | None
    overdue: bool = Field(description="It should have been done by now. For some kinds the policy gives time beyond `due_at`.")
    escalated: bool = Field(description="Those above its owner were told.")
    content_hash: str | None = Field(description="The content that is to be approved, to send with the decision; null for all others.")
    quote_id: UUID | None = Field(description="The quote of the deal that is to be approved; null for all others.")
    amount: Money | None = Field(description="What is outstanding of a milestone; null for all others.")
    settled_by: list[SettlingOut] = Field(description="Operations that settle it; empty for a kind that this release does not know.")

    @classmethod
    def of(cls, task: Task) -> "TaskOut":
        values = {name: getattr(task, name) for name in _SHOWN}
        money = None if task.amount is None or task.currency is None else Money(amount=task.amount, currency=task.currency)
        return cls.model_construct(**values, amount=money, settled_by=list(_settling(task)))


_SHOWN = tuple(f.name for f in fields(Task) if f.name not in ("amount", "currency"))


def _settling(task: Task) -> Iterator[SettlingOut]:
    kind = KINDS.get((task.kind, task.subject))
    ids = {f"{task.subject}_id": task.subject_id, "milestone_id": task.id, "quote_id": task.quote_id}
    for operation in kind.settled_by if kind is not None else ():
        path = operation.path.format_map(ids)
        yield SettlingOut(service=operation.service, operation_id=operation.id, method=operation.method, path=path)
