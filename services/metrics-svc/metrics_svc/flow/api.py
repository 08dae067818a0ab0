"""The period flow: what entered each stage in a period, and where it went. Never mixed with the cohort funnel."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from metrics_svc.counting.stages import EXITS, STAGES
from metrics_svc.facts.visit import ENTERED, LEFT
from metrics_svc.figures.access import must_see
from metrics_svc.figures.models import RecordOut, named
from metrics_svc.figures.parameters import AskedFor
from metrics_svc.figures.queries import read_sums
from metrics_svc.figures.question import Question
from metrics_svc.figures.records import PageAskedFor, read_page
from metrics_svc.kpi import Part, Sum, merged, ratio
from shared.auth import CurrentActor
from shared.http.edge import ClinchRoute, Reading
from shared.http.page import Page
from shared.known import StageName

router = APIRouter(prefix="/v1/metrics/flow", tags=["metrics"], route_class=ClinchRoute)

_OF_STAGE = {s: [Part(m, "period") for m in (ENTERED[s], *[LEFT[s, to] for to in EXITS])] for s in STAGES}
_PARTS = [part for s in STAGES for part in _OF_STAGE[s]]
_FORWARD = ("advance", "skip", "won")


class StageFlowOut(BaseModel):
    stage: StageName
    entered: int
    exits: dict[str, int] = Field(description="advance, skip, back, lost, won")
    rate: float | None = Field(description="Exits forward (advance, skip, won) / all exits; null without exits.")
    records: str


class FlowLineOut(BaseModel):
    group: str | None
    stages: list[StageFlowOut]


class FlowOut(BaseModel):
    total: FlowLineOut
    groups: list[FlowLineOut] = Field(description="By `by`; empty without it. Entries and exits by who had the deal then.")


@router.get("")
async def read_period_flow(asked: AskedFor, db: Reading, by: CurrentActor) -> FlowOut:
    """How many visits began in each stage in the period, and how visits ended. Of the rows that the caller may see."""
    must_see(_PARTS, by)
    found = await read_sums(db, by, asked, _PARTS)
    total = [merged([sums[n] for sums in found.values()]) for n in range(len(_PARTS))]
    groups = sorted(((group, sums) for (_, group), sums in found.items()), key=lambda g: (-g[1][0].n, g[0])) if asked.by else []
    return FlowOut(total=_line(asked, None, total), groups=[_line(asked, group, sums) for group, sums in groups])


@router.get("/records")
async def list_flow_records(asked: AskedFor, page: PageAskedFor, db: Reading, by: CurrentActor) -> Page[RecordOut]:
    """The visits that the flow counts; `measure` chooses, for example `proposal_entered` or `proposal_left_lost`."""
    return await read_page(db, by, asked, _PARTS, page)


def _line(asked: Question, group: str | None, sums: list[Sum]) -> FlowLineOut:
    size = 1 + len(EXITS)
    stages = []
    for n, stage in enumerate(STAGES):
        entered, *left = (s.n for s in sums[n * size : (n + 1) * size])
        exits = dict(zip(EXITS, left, strict=True))
        rate = ratio(sum(exits[to] for to in _FORWARD), sum(left))
        link = asked.link("flow/records", group, measure=ENTERED[stage].name)
        stages.append(StageFlowOut(stage=stage, entered=entered, exits=exits, rate=rate, records=link))
    return FlowLineOut(group=named(group), stages=stages)
