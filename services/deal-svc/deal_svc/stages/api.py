"""Routes by which a deal moves: to another stage, to won or lost, and back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from deal_svc.answers import DealOut, deal_out
from deal_svc.deals.pipeline import OPEN_STAGES, Stage
from deal_svc.deals.record import LossReason
from deal_svc.stages import commands
from shared.auth import CurrentActor
from shared.fields import Name, Text
from shared.http.body import Dated, Reasoned
from shared.http.edge import ClinchRoute, IfMatch, InTx

router = APIRouter(prefix="/v1/deals/{deal_id}", tags=["deals"], route_class=ClinchRoute)


def _open(stage: Stage) -> Stage:
    if not stage.is_open:
        raise ValueError(f"A deal is moved to {', '.join(OPEN_STAGES[:-1])} or {OPEN_STAGES[-1]}; it is won and lost by other acts.")
    return stage


OpenStage = Annotated[Stage, AfterValidator(_open), WithJsonSchema({"type": "string", "enum": list(OPEN_STAGES)})]


class MoveIn(Dated):
    """`reason` is needed to go back, and for a manager to pass gates or stages."""

    to: OpenStage
    reason: Text | None = None


class LossIn(Dated):
    reason: LossReason
    competitor: Annotated[Name | None, Field(description="Needed when the reason is `competitor`")] = None
    note: Annotated[Text | None, Field(description="Needed when the reason is `other`")] = None

    @model_validator(mode="after")
    def _complete(self) -> "LossIn":
        if self.reason is LossReason.COMPETITOR and self.competitor is None:
            raise ValueError("Name the competitor.")
        if self.reason is LossReason.OTHER and self.note is None:
            raise ValueError("Say in a note why.")
        return self


class WinIn(Dated):
    evidence: Text


class ReopeningIn(Reasoned):
    to: Annotated[OpenStage | None, Field(description="The first stage, or the one that it was lost in (default)")] = None


@router.post("/transitions")
async def move_deal(deal_id: UUID, body: MoveIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Move an open deal to another stage. For its owner and their managers.

    One stage forward when the gate's guards are met, one back with a reason. A manager with a reason may also pass gates and stages
    (the event lists what was skipped), and go further back.
    """
    moved, facts = await commands.move(tx, deal_id, body.to, reason=body.reason, expect=expect, at=body.at)
    return DealOut.of(moved, by, facts)


@router.post("/lose")
async def lose_deal(deal_id: UUID, body: LossIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Close an open deal as lost; its drafts and sent quotes are withdrawn.

    For its owner and their managers.
    """
    lost = await commands.lose(tx, deal_id, reason=body.reason, competitor=body.competitor, note=body.note, expect=expect, at=body.at)
    return await deal_out(tx, by, lost)


@router.post("/win")
async def win_deal(deal_id: UUID, body: WinIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Win an open deal without a contract signed here.

    For a director, with evidence; the win is flagged `manual_win`.
    """
    return await deal_out(tx, by, await commands.win(tx, deal_id, evidence=body.evidence, expect=expect, at=body.at))


@router.post("/reopen")
async def reopen_deal(deal_id: UUID, body: ReopeningIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> DealOut:
    """Bring a lost deal back, in a new cycle. For managers."""
    return await deal_out(tx, by, await commands.reopen(tx, deal_id, to=body.to, reason=body.reason, expect=expect, at=body.at))
