"""The cohort funnel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from metrics_svc.figures.access import may_see
from metrics_svc.figures.models import DealOfLead, Exact, RecordOut, at_edge, named
from metrics_svc.figures.parameters import AskedFor
from metrics_svc.figures.question import Question
from metrics_svc.figures.records import PageAskedFor, read_page
from metrics_svc.funnel.queries import only_mature, read_deals_of, read_funnel
from metrics_svc.funnel.rules import ASSIST, DIRECT, LEADS, PARTS, Line, Step, StepFigure, line
from metrics_svc.kpi import merged
from shared.auth import Actor, CurrentActor
from shared.errors import Invalid
from shared.http.edge import ClinchRoute, Reading
from shared.http.page import Page
from shared.known import FunnelStepName
from shared.sentences import written

router = APIRouter(prefix="/v1/metrics/funnel", tags=["metrics"], route_class=ClinchRoute)

_STEPS = {"lead": {s.key: s for s in (*LEADS, ASSIST)}, "direct": {s.key: s for s in DIRECT}}

MatureOnly = Annotated[bool, Query(description="Leave out members younger than the quantile of capture to win that the policy names.")]


class FunnelStepOut(BaseModel):
    step: str = Field(examples=["F1"])
    name: FunnelStepName
    n: int = Field(description="Members that ever got here or beyond: leads, each once however many deals it has; or direct deals.")
    deals: int | None = Field(
        description="How many deals of these members got here or beyond; null before F4, and if your roles show none."
    )
    value: Exact | None = Field(
        description="Amounts of these deals as they were then, without tax: the won amount once won, that of the contract once paid; null "
        "where `deals` is."
    )
    gross: Exact | None = Field(description="What of this was paid, with tax; null before F9, and where `deals` is.")
    conversion: float | None = Field(description="n of the next step / n of this one, from 0 to 1; null on the last, and where n is 0.")
    records: str = Field(description="Where the members are listed, leads with their deals.")
    deal_records: str | None = Field(description="Where the deals are listed.")

    @classmethod
    def of(cls, asked: Question, figure: StepFigure, group: str | None, line: str, currency: str) -> Self:
        step = figure.step
        return cls(
            step=step.key,
            name=step.name,
            n=figure.n,
            deals=figure.deals,
            value=at_edge(figure.value, currency),
            gross=at_edge(figure.gross, currency),
            conversion=figure.conversion,
            records=asked.link("funnel/records", group, step=step.key, line=line),
            deal_records=asked.link("funnel/records", group, step=step.key, line=line, of="deals") if step.deals else None,
        )


class FunnelLineOut(BaseModel):
    group: str | None
    steps: list[FunnelStepOut]
    overall: float | None = Field(description="n(F8) / n of the first step.")
    assists: int = Field(description="Leads that were joined to another lead's deal. They count up to F3, and not again from F4 on.")

    @classmethod
    def of(cls, asked: Question, made: Line, name: str, currency: str) -> Self:
        steps = [FunnelStepOut.of(asked, figure, made.group, name, currency) for figure in made.steps]
        return cls(group=named(made.group), steps=steps, overall=made.overall, assists=made.assists)


class FunnelOut(BaseModel):
    currency: str
    total: FunnelLineOut
    groups: list[FunnelLineOut] = Field(description="By `by`; empty without it.")
    direct: FunnelLineOut = Field(description="Deals opened without a lead, by when they were opened.")
    direct_groups: list[FunnelLineOut]


@router.get("")
async def read_cohort_funnel(
    request: Request, asked: AskedFor, db: Reading, by: CurrentActor, mature_only: MatureOnly = False
) -> FunnelOut:
    """Who began in the period, and how far they ever got: F1 captured to F9 paid.

    Leads are counted at every step, so no conversion exceeds 1. A lead counts at a step if it ever reached it or one beyond; from F4 on
    that is how far the furthest of its deals ever got. Number and value of the deals stand beside. F8 is without wins that were
    reversed, F9 counts who is won and paid in full. The group at every step is that of the lead, even if others own its deals. Of what
    the caller may see: whose roles show no figures of deals gets leads alone, and who sees none of leads the deals without one.
    """
    if mature_only:
        asked = await only_mature(db, by, asked)
    found = await read_funnel(db, by, asked)
    of_leads, of_deals = (_shown(steps, by) for steps in (LEADS, DIRECT))
    total = [merged([sums[n] for sums in found.values()]) for n in range(len(PARTS))]
    by_group = [(group, sums) for (_, group), sums in found.items()] if asked.by else []
    leads = sorted((line(of_leads, sums, group) for group, sums in by_group), key=_largest_first)
    direct = sorted((line(of_deals, sums, group) for group, sums in by_group), key=_largest_first)
    currency = request.app.state.settings.reporting_currency
    return FunnelOut(
        currency=currency,
        total=FunnelLineOut.of(asked, line(of_leads, total, None), "lead", currency),
        groups=[FunnelLineOut.of(asked, made, "lead", currency) for made in leads if any(s.n for s in made.steps)],
        direct=FunnelLineOut.of(asked, line(of_deals, total, None), "direct", currency),
        direct_groups=[FunnelLineOut.of(asked, made, "direct", currency) for made in direct if any(s.n for s in made.steps)],
    )


StepName = Annotated[str, written(f"^({'|'.join(_STEPS['lead'])})$", f"Write a step from F1 to {LEADS[-1].key}, or assists.")]


@router.get("/records")
async def list_funnel_records(
    asked: AskedFor,
    page: PageAskedFor,
    db: Reading,
    by: CurrentActor,
    step: Annotated[StepName, Query(description=f"F1 to {LEADS[-1].key}, or assists.")],
    line: Annotated[Literal["lead", "direct"], Query(description="`direct` for the deals without a lead.")] = "lead",
    of: Annotated[Literal["members", "deals"], Query(description="The members of the line, or the deals beside them.")] = "members",
    mature_only: MatureOnly = False,
) -> Page[RecordOut]:
    """What counts at a step: leads with their deals, or the deals. Wins that were reversed later are listed with their reversal
    (`measure`).
    """
    chosen = _STEPS[line].get(step)
    if chosen is None:
        raise Invalid("The direct line begins at F4.", pointer="step", code="bad_parameter")
    counted = chosen.members if of == "members" else chosen.deals
    if counted is None:
        raise Invalid("There are no deals before F4.", pointer="of", code="bad_parameter")
    if mature_only:
        asked = await only_mature(db, by, asked)
    listed = await read_page(db, by, asked, counted.parts, page)
    leads = [record for record in listed.items if record.kind == "lead"]
    deals = await read_deals_of(db, by, {record.id for record in leads}, asked.instant(asked.seen))
    for record in leads:
        record.deals = [
            DealOfLead(id=d.id, external_id=d.external_id, stage=d.stage, amount=at_edge(d.amount, page.currency))
            for d in deals.get(record.id, ())
        ]
    return listed


def _shown(steps: Sequence[Step], by: Actor) -> list[Step]:
    """The steps whose members the actor's roles show, without the deals beside them if they do not show deals."""
    seen = [step for step in steps if may_see(step.members.parts, by)]
    return [step if step.deals is None or may_see(step.deals.parts, by) else replace(step, deals=None, gross=None) for step in seen]


def _largest_first(made: Line) -> tuple[int, str]:
    return -made.steps[0].n if made.steps else 0, made.group or ""
