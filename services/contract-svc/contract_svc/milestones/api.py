"""The routes of payment milestones, under their contract."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from contract_svc.contracts import queries as contracts
from contract_svc.contracts.rules import Contract
from contract_svc.milestones import commands, queries
from contract_svc.milestones.rules import WAIVING, Milestone, State, Trigger, waive_unmet
from contract_svc.milestones.tables import MILESTONES
from shared.auth import Actor, CurrentActor, require
from shared.fields import Reason, Time
from shared.http.actions import AllowedAction, actions
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.money import Money, Percent

router = APIRouter(prefix="/v1/contracts/{contract_id}/milestones", tags=["contracts"], route_class=ClinchRoute)


class WaiveIn(Body):
    reason: Reason
    at: Annotated[Time | None, Field(description="When it was decided, if not now; never in the future")] = None


class MilestoneOut(BaseModel):
    """`due_on` is the day of a milestone whose trigger is a date.

    `due_day` is the last day to pay, in the company's calendar. `due_at` is the end of that day: what is open then is overdue.
    """

    id: UUID
    version: int
    contract_id: UUID
    position: int
    trigger: Trigger
    percent: Percent
    amount: Money
    due_days: int
    due_on: date | None
    state: State
    triggered_at: datetime | None
    due_day: date | None
    due_at: datetime | None
    overdue_since: datetime | None
    paid: Money
    waived: Money
    outstanding: Money
    settled_at: datetime | None
    allowed_actions: list[AllowedAction]


_MONEY = ("amount", "paid", "waived", "outstanding")
_PLAIN = tuple(n for n in MilestoneOut.model_fields if n in MILESTONES.names and n not in _MONEY)


def milestone_out(contract: Contract, milestone: Milestone, by: Actor) -> MilestoneOut:
    return MilestoneOut(
        **{n: getattr(milestone, n) for n in _PLAIN},
        **{n: Money(amount=getattr(milestone, n), currency=milestone.currency) for n in _MONEY},
        allowed_actions=actions(waive=waive_unmet(contract, milestone, by)),
    )


@router.get("", response_model=list[MilestoneOut])
async def list_milestones(contract_id: UUID, db: Reading, by: CurrentActor) -> Any:
    """The payment schedule, by position."""
    contract = await contracts.SEEN.get(db, by, contract_id)
    return [milestone_out(contract, m, by) for m in await db.all(queries.OF_CONTRACT, contract_id=contract_id)]


@router.post("/{milestone_id}/waive", response_model=MilestoneOut, dependencies=[Depends(require(*WAIVING))])
async def waive_milestone(contract_id: UUID, milestone_id: UUID, body: WaiveIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> Any:
    """Do not ask for what is still open of it any more. For finance. If-Match takes the milestone's version."""
    contract, milestone = await commands.waive(tx, contract_id, milestone_id, reason=body.reason, expect=expect, at=body.at)
    return milestone_out(contract, milestone, by)
