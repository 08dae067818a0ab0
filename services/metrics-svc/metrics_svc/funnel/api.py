"""The cohort funnel."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from metrics_svc.figures.asked import Asked
from metrics_svc.figures.models import Exact, RecordOut, named
from metrics_svc.figures.parameters import AskedFor
from metrics_svc.figures.records import PageAskedFor, read_page
from metrics_svc.funnel.queries import only_mature, read_funnel
from metrics_svc.funnel.rules import ASSIST, DIRECT, LEADS, PARTS, Line, line
from metrics_svc.kpi import merged
from shared.auth import CurrentActor
from shared.errors import Invalid
from shared.http.edge import ClinchRoute, Reading
from shared.http.page import Page

router = APIRouter(prefix="/v1/metrics/funnel", tags=["metrics"], route_class=ClinchRoute)

_STEPS = {"lead": {s.key: s for s in (*LEADS, ASSIST)}, "direct": {s.key: s for s in DIRECT}}

MatureOnly = Annotated[bool, Query(description="Leave out members younger than the 90 % quantile of capture to win.")]


class StepOut(BaseModel):
    step: str = Field(examples=["F1"])
    name: str
    n: int
    value: Exact | None = Field(description="Amounts of the deals as they were then, the won amount once won; null for leads.")
    conversion: float | None = Field(description="n of the next step / n of this one; null on the last, and where n is 0.")
    records: str


class LineOut(BaseModel):
    group: str | None
    steps: list[StepOut]
    overall: float | None = Field(description="n(F8) / n of the first step.")
    assists: int = Field(description="Leads that were joined to another lead's deal. They count up to F3, and not again as deals.")


class FunnelOut(BaseModel):
    currency: str
    total: LineOut
    groups: list[LineOut] = Field(description="By `by`; empty without it.")
    direct: LineOut = Field(description="Deals opened without a lead, by when they were opened.")
    direct_groups: list[LineOut]


@router.get("", response_model=FunnelOut)
async def read_cohort_funnel(request: Request, asked: AskedFor, db: Reading, by: CurrentActor, mature_only: MatureOnly = False) -> Any:
    """Who began in the period, and how far they ever got: F1 captured to F9 paid. A member counts at a step if it ever reached it or
    one beyond. Of the rows that the caller may see.
    """
    if mature_only:
        asked = await only_mature(db, by, asked)
    found = await read_funnel(db, by, asked)
    total = [merged([sums[n] for sums in found.values()]) for n in range(len(PARTS))]
    by_group = [(group, sums) for (_, group), sums in found.items()] if asked.by else []
    leads = sorted((line(LEADS, sums, group) for group, sums in by_group), key=_largest_first)
    direct = sorted((line(DIRECT, sums, group) for group, sums in by_group), key=_largest_first)
    return FunnelOut(
        currency=request.app.state.settings.reporting_currency,
        total=_line_out(asked, line(LEADS, total, None), "lead"),
        groups=[_line_out(asked, made, "lead") for made in leads if any(s.n for s in made.steps)],
        direct=_line_out(asked, line(DIRECT, total, None), "direct"),
        direct_groups=[_line_out(asked, made, "direct") for made in direct if any(s.n for s in made.steps)],
    )


@router.get("/records", response_model=Page[RecordOut])
async def list_funnel_records(
    asked: AskedFor,
    page: PageAskedFor,
    db: Reading,
    by: CurrentActor,
    step: Annotated[str, Query(description="F1 to F9, or assists.", pattern="^(F[1-9]|assists)$")],
    line: Annotated[str, Query(description="`direct` for the deals without a lead.", pattern="^(lead|direct)$")] = "lead",
    mature_only: MatureOnly = False,
) -> Any:
    """The members that count at a step. Wins that were reversed later are listed with their reversal (`measure`)."""
    chosen = _STEPS[line].get(step)
    if chosen is None:
        raise Invalid("The direct line begins at F4.", pointer="step", code="bad_parameter")
    if mature_only:
        asked = await only_mature(db, by, asked)
    return await read_page(db, by, asked, chosen.parts, page)


def _largest_first(made: Line) -> tuple[int, str]:
    return -made.steps[0].n, made.group or ""


def _line_out(asked: Asked, made: Line, name: str) -> LineOut:
    steps = [
        StepOut(
            step=s.step.key,
            name=s.step.name,
            n=s.n,
            value=s.value,
            conversion=s.conversion,
            records=asked.link("funnel/records", made.group, step=s.step.key, line=name),
        )
        for s in made.steps
    ]
    return LineOut(group=named(made.group), steps=steps, overall=made.overall, assists=made.assists)
