"""The pipeline as it is now, from one row per open deal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import Numeric, Text, and_, bindparam, case, cast, func, literal_column, null, select

from metrics_svc.counting.dimensions import DIMENSIONS
from metrics_svc.counting.stages import STAGES
from metrics_svc.facts.deal import QUALIFIED, DealFact
from metrics_svc.facts.quiet import QuietFact
from metrics_svc.figures.access import must_see, params, visible_deals
from metrics_svc.figures.models import Exact, at_edge, named
from metrics_svc.figures.parameters import AskedForNow
from metrics_svc.figures.queries import filter_values
from metrics_svc.figures.sources import Cut, chosen, cut
from metrics_svc.figures.teams import with_teams_below
from metrics_svc.folding.table import TABLES
from metrics_svc.kpi import until
from metrics_svc.policy import DEAL_NUMBERS
from shared.auth import CurrentActor
from shared.db.query import Query
from shared.db.tables import At
from shared.http.edge import ClinchRoute, Reading
from shared.known import StageName

router = APIRouter(prefix="/v1/metrics/pipeline", tags=["metrics"], route_class=ClinchRoute)

_PARTS = (until(QUALIFIED),)
"""It is a figure of deals, seen by those who see these."""


@dataclass(frozen=True, slots=True)
class _Open:
    stage: str
    grp: str
    n: int
    amount: Decimal
    weighted: Decimal
    age_days: float
    stalled: int


class PipelineStageOut(BaseModel):
    stage: StageName | Literal["all"]
    n: int
    amount: Exact
    weighted: Exact = Field(description="Σ amount × probability.")
    mean_age_days: float | None = Field(description="Since the deals were opened.")
    stalled: int = Field(description="Deals without a touch for more days than their stage may rest, as `stalled_deals` counts them.")


class PipelineLineOut(BaseModel):
    group: str | None
    total: PipelineStageOut
    stages: list[PipelineStageOut]


class PipelineOut(BaseModel):
    at: datetime
    currency: str
    total: PipelineLineOut
    groups: list[PipelineLineOut]


@lru_cache(maxsize=128)
def _query(where: Cut) -> Query[_Open]:
    deals = TABLES[DealFact].table
    c = deals.c
    now = bindparam("now", type_=At)
    quiet = TABLES[QuietFact].table
    touched_by = case({stage: bindparam(f"{stage}_touched_by", type_=At) for stage in STAGES}, value=c.stage, else_=null())
    stalled = and_(quiet.c.deal_id == c.id, quiet.c.ended_at.is_(None), quiet.c.since < touched_by)
    amount = func.coalesce(c.amount, 0)
    grp = func.coalesce(cast(c[DIMENSIONS[where.by]], Text), "") if where.by else literal_column("''")
    statement = (
        select(
            c.stage.label("stage"),
            grp.label("grp"),
            func.count().label("n"),
            func.sum(amount).label("amount"),
            cast(func.sum(amount * c.probability) / 100, Numeric).label("weighted"),
            func.sum(func.extract("epoch", now - c.opened_at) / 86_400).label("age_days"),
            func.count(quiet.c.deal_id).label("stalled"),
        )
        .select_from(deals.outerjoin(quiet, stalled))
        .where(c.is_open, chosen(DealFact, DIMENSIONS, where), visible_deals(where.actor))
        .group_by(literal_column("1"), literal_column("2"))
    )
    return Query(statement, _Open)


@router.get("")
async def read_pipeline(request: Request, asked: AskedForNow, db: Reading, by: CurrentActor) -> PipelineOut:
    """Open deals now, per stage and group: count, amount, weighted amount, age, stalled. Of the rows that the caller may see."""
    must_see(_PARTS, by)
    now = request.app.state.clock()
    asked = await with_teams_below(db, asked)
    where = cut(by, asked.by, asked.filters, ever=False)
    stages = db.policy(DEAL_NUMBERS).stages
    by_day = {stage: asked.today - timedelta(days=stages.of(stage).stalled_after_days) for stage in STAGES}
    touched_by = {f"{stage}_touched_by": asked.instant(day) for stage, day in by_day.items()}
    rows = await db.all(_query(where), now=now, **touched_by, **filter_values(asked), **params(_PARTS, by))
    groups = sorted({r.grp for r in rows}) if asked.by else []
    currency = request.app.state.settings.reporting_currency
    return PipelineOut(
        at=now,
        currency=currency,
        total=_line(None, rows, currency),
        groups=[_line(group, [r for r in rows if r.grp == group], currency) for group in groups],
    )


def _line(group: str | None, rows: list[_Open], currency: str) -> PipelineLineOut:
    """One line. Stages that this release does not know come after the others."""
    names = [*STAGES, *sorted({r.stage for r in rows} - set(STAGES))]
    stages = [_stage(name, [r for r in rows if r.stage == name], currency) for name in names]
    return PipelineLineOut(group=named(group), total=_stage("all", rows, currency), stages=stages)


def _stage(name: str, rows: list[_Open], currency: str) -> PipelineStageOut:
    n = sum(r.n for r in rows)
    return PipelineStageOut(
        stage=name,
        n=n,
        amount=at_edge(sum((r.amount for r in rows), Decimal(0)), currency),
        weighted=at_edge(sum((r.weighted for r in rows), Decimal(0)), currency),
        mean_age_days=float(sum(r.age_days for r in rows)) / n if n else None,
        stalled=sum(r.stalled for r in rows),
    )
