"""`/v1/leads/{id}/score`: what a lead's score is made of. `/prediction`: what a model says. `/v1/rescorings`: a new model on its way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Prediction
from lead_svc.scoring import commands
from lead_svc.scoring.policy import POLICY, Repeat
from lead_svc.scoring.queries import OF_LEAD, PREDICTED, RESCORINGS, model_of, signs_of
from lead_svc.scoring.record import RescoringState
from lead_svc.scoring.rules import Line, Part, explain
from shared.auth import CurrentActor
from shared.fields import Count, Short, Time
from shared.http.body import Body
from shared.http.edge import ClinchRoute, InTx, Reading
from shared.http.listing import Page, PageRequest

router = APIRouter(prefix="/v1/leads", tags=["scores"], route_class=ClinchRoute)
rescorings = APIRouter(prefix="/v1/rescorings", tags=["scores"], route_class=ClinchRoute)


class ScoreLineOut(BaseModel):
    """What one rule gives, or what a limit takes away (`part` is the one that it limits). `until`: when its points fall by themselves."""

    rule: str
    part: Part | None
    points: int
    why: str = Field(examples=["region is EMEA or APAC"])
    until: datetime | None
    repeat: Repeat | None = Field(description="Of a rule for behaviour: whether the same counts again.")


class PredictionIn(Body):
    probability: Annotated[Count, Field(ge=0, le=100, description="How likely the lead is to buy, in percent.")]
    best_call_at: Annotated[Time | None, Field(description="When to call it best.")] = None
    model: Annotated[Short, Field(description="The name of the model, with its version.")]


class PredictionOut(BaseModel):
    """What a model predicts of the lead. It is shown beside the score and decides nothing by itself."""

    probability: int
    best_call_at: datetime | None
    model: str
    predicted_at: datetime

    @classmethod
    def of(cls, its: Prediction) -> Self:
        return cls(probability=its.probability, best_call_at=its.best_call_at, model=its.model, predicted_at=its.predicted_at)


class ScoreOut(BaseModel):
    """The score of a lead. The points of the lines add up to it; `fit` is what is known of the lead, `behaviour` what it did.

    `policy_version` is that of the scoring model. `next_at`: when points fall by themselves. Points are null while the model has no rules,
    or has not come to the lead yet.
    """

    lead_id: UUID
    points: int | None = None
    fit: int | None = None
    behaviour: int | None = None
    threshold: int
    lines: list[ScoreLineOut] = []
    policy_version: int | None = None
    scored_at: datetime | None = None
    next_at: datetime | None = None
    prediction: PredictionOut | None


class RescoringOut(BaseModel):
    """A version of the scoring model on its way through all leads. `mqls`: how many became an MQL by it."""

    id: UUID
    policy_version: int
    state: RescoringState
    total: int
    done: int
    mqls: int
    started_at: datetime
    finished_at: datetime | None


@router.get("/{lead_id}/score")
async def get_score(lead_id: UUID, db: Reading, by: CurrentActor) -> ScoreOut:
    """Explain the score of a lead rule by rule."""
    lead = await SEEN.get(db, by, lead_id)
    score, kept = await db.first(OF_LEAD, lead_id=lead.id), await db.first(PREDICTED, lead_id=lead.id)
    prediction = PredictionOut.of(kept) if kept else None
    if score is None:
        return ScoreOut(lead_id=lead.id, threshold=db.policy(POLICY).threshold, prediction=prediction)
    model = await model_of(db, score)
    signs = await signs_of(db, [lead.id], model)
    found = explain(lead, signs.get(lead.id, ()), model, score.scored_at)
    return ScoreOut(
        lead_id=lead.id,
        points=found.points,
        fit=_sum(found.lines, behaviour=False),
        behaviour=_sum(found.lines, behaviour=True),
        threshold=model.threshold,
        lines=[ScoreLineOut.model_validate(line, from_attributes=True) for line in found.lines],
        policy_version=model.version,
        scored_at=score.scored_at,
        next_at=score.next_at,
        prediction=prediction,
    )


def _sum(lines: Sequence[Line], *, behaviour: bool) -> int:
    return sum(line.points for line in lines if (line.part is Part.BEHAVIOUR) is behaviour)


@router.put("/{lead_id}/prediction")
async def predict_lead(lead_id: UUID, body: PredictionIn, tx: InTx) -> PredictionOut:
    """Keep what a model predicts of the lead, in place of what was predicted before."""
    return PredictionOut.of(await commands.predict(tx, lead_id, **body.model_dump()))


@rescorings.get("", response_model=Page[RescoringOut])
async def list_rescorings(page: Annotated[PageRequest, Depends(RESCORINGS.params)], db: Reading) -> Page[RescoringOut]:
    """How far new scoring models are with the leads, the newest first."""
    return await RESCORINGS.page(db, page)
