"""The model of somebody's day."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from metrics_svc.figures.models import Exact
from metrics_svc.worklist.record import TaskOut


class WorkOut(BaseModel):
    """The most urgent items of a part of the day. `GET /v1/tasks` lists all of them."""

    count: int = Field(description="How many there are; 200 stands for that many or more.")
    items: list[TaskOut]


class ClosedDealOut(BaseModel):
    deal_id: UUID
    account_id: UUID | None
    account_name: str | None
    owner_id: UUID | None = Field(description="Whose win or loss it is.")
    at: datetime
    amount: Exact | None


class ClosedOut(BaseModel):
    """Deals that were won, or lost, the greatest first. Amounts are in `currency`."""

    count: int
    amount: Exact
    deals: list[ClosedDealOut]


class YesterdayOut(BaseModel):
    day: date
    currency: str
    won: ClosedOut = Field(description="Without wins that were taken back since.")
    lost: ClosedOut


class StalledDealOut(BaseModel):
    deal_id: UUID
    account_id: UUID | None
    account_name: str | None
    owner_id: UUID | None
    stage: str
    touched_at: datetime = Field(description="When somebody last dealt with the customer, or the deal moved.")
    amount: Exact | None


class StalledOut(BaseModel):
    count: int
    deals: list[StalledDealOut]


class ProblemsOut(BaseModel):
    """What is open and wrong."""

    escalated: WorkOut = Field(description="Work that is overdue for so long that those above its owner were told.")
    stalled: StalledOut | None = Field(
        description="Deals that rest for longer than the policy lets their stage; null where your roles show no figures of deals."
    )


class DayOut(BaseModel):
    """Somebody's day, or that of a team. Days begin and end in `zone`."""

    day: date
    zone: str
    of: str = Field(description="`person`, or `team` for a person and everybody below.")
    person_id: UUID
    overdue: WorkOut
    today: WorkOut = Field(description="What falls due by the end of the day, and what was due before and is not overdue yet.")
    undated: WorkOut = Field(description="What has no due time, such as approvals without a limit.")
    problems: ProblemsOut
    yesterday: YesterdayOut | None = Field(description="Null where your roles show no figures of deals.")
