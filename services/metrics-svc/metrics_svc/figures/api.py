"""KPIs: the catalogue; each KPI as one figure, as a series, by dimension; and the records behind it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from metrics_svc.figures.access import divides, may_see
from metrics_svc.figures.answers import answer
from metrics_svc.figures.models import FigureOut, FiguresOut, KpiOut, KpisOut, RecordOut
from metrics_svc.figures.parameters import AskedFor
from metrics_svc.figures.question import Grain
from metrics_svc.figures.records import PageAskedFor, read_page
from metrics_svc.kpi import Kpi, catalogue
from metrics_svc.numbers import Numbers
from metrics_svc.policy import DEAL_NUMBERS, POLICY
from shared.auth import CurrentActor
from shared.db.tx import Reader
from shared.errors import Invalid, NotFound
from shared.http.edge import ClinchRoute, Reading
from shared.http.page import Page
from shared.known import MARK

router = APIRouter(prefix="/v1/metrics", tags=["metrics"], route_class=ClinchRoute)

Name = Annotated[
    str, Path(max_length=100, description="A name of the catalogue.", examples=["win_rate"], json_schema_extra={MARK: "KpiName"})
]


def _kpi(db: Reader, name: str) -> Kpi:
    found = catalogue().get(name)
    if found is None:
        raise NotFound("There is no such KPI; GET /v1/metrics/kpis lists them.")
    return found.by(numbers(db))


def numbers(db: Reader) -> Numbers:
    """What KPIs reckon with by the active policies."""
    return Numbers(db.policy(POLICY).figures, db.policy(DEAL_NUMBERS).stages)


def _named(given: str | None) -> list[Kpi]:
    """The KPIs that a caller names, in the order of the catalogue; all when none is named."""
    if given is None:
        return list(catalogue().values())
    names = {*given.split(",")}
    if not names <= catalogue().keys():
        raise Invalid(f"kpi takes {', '.join(catalogue())}.", pointer="kpi", code="unknown_kpi")
    return [one for name, one in catalogue().items() if name in names]


@router.get("/kpis")
async def list_kpis(by: CurrentActor) -> KpisOut:
    """The KPIs that the caller's roles show, with their exact formulas."""
    return KpisOut(items=[KpiOut.of(kpi) for kpi in catalogue().values() if may_see(kpi.parts, by)])


@router.get("/figures")
async def read_figures(
    request: Request,
    asked: AskedFor,
    db: Reading,
    by: CurrentActor,
    grain: Annotated[Grain | None, Query(description="One row per day, week (from Monday), month, quarter or year.")] = None,
    kpi: Annotated[str | None, Query(max_length=2000, description="Only these, as a comma list.")] = None,
) -> FiguresOut:
    """All KPIs that the caller's roles show, by one question. Those that cannot be asked so, as cost by owner, are left out."""
    currency = request.app.state.settings.reporting_currency
    reckoned = numbers(db)
    found = []
    for one in (one.by(reckoned) for one in _named(kpi) if may_see(one.parts, by)):
        if divides(one.parts, asked):
            total, rows = await answer(db, by, one, asked, grain)
            found.append(FigureOut.of(one, asked, currency, total, rows))
    return FiguresOut(items=found)


@router.get("/kpis/{name}")
async def read_kpi(
    request: Request,
    name: Name,
    asked: AskedFor,
    db: Reading,
    by: CurrentActor,
    grain: Annotated[Grain | None, Query(description="One row per day, week (from Monday), month, quarter or year.")] = None,
) -> FigureOut:
    """A KPI of what the caller may see: the company's, a manager's teams', or a rep's own. 403 if none of their roles shows it."""
    kpi = _kpi(db, name)
    total, rows = await answer(db, by, kpi, asked, grain)
    return FigureOut.of(kpi, asked, request.app.state.settings.reporting_currency, total, rows)


@router.get("/kpis/{name}/records")
async def list_kpi_records(name: Name, asked: AskedFor, page: PageAskedFor, db: Reading, by: CurrentActor) -> Page[RecordOut]:
    """The records that the KPI counted, oldest first: as many as its `n` says. Each figure links to its own."""
    return await read_page(db, by, asked, _kpi(db, name).parts, page)
