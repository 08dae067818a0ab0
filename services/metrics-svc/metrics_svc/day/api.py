"""`/v1/day`: the day of a person, or of a manager's team."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from pydantic import WithJsonSchema

from metrics_svc.counting.stages import STAGES
from metrics_svc.day import queries
from metrics_svc.day.models import (
    ClosedDealOut,
    ClosedOut,
    DayOut,
    ProblemsOut,
    StalledDealOut,
    StalledOut,
    WorkOut,
    YesterdayOut,
)
from metrics_svc.day.queries import Closed, Of, Part
from metrics_svc.facts.outcome import LOST, WON
from metrics_svc.figures import access as figures
from metrics_svc.figures.models import at_edge
from metrics_svc.kpi import until
from metrics_svc.policy import DEAL_NUMBERS
from metrics_svc.worklist import access
from metrics_svc.worklist.queries import asker
from metrics_svc.worklist.record import TaskOut
from shared.auth import Actor, CurrentActor
from shared.calendar import DAY, day_of, start_of
from shared.db.tx import Reader
from shared.errors import Invalid
from shared.http.edge import ClinchRoute, Reading

router = APIRouter(tags=["tasks"], route_class=ClinchRoute)

_PARTS = (until(WON), until(LOST))
"""Wins and losses are figures of deals, seen by those who see these."""
_SHOWN = 20

_Assignee = Annotated[
    str,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "uuid"}, {"enum": ["me", "my_team"]}]}),
    Query(description="Whose day: `me`, `my_team` (you and everybody below you), or a person's id."),
]
_Zone = Annotated[
    str | None, Query(max_length=100, description="Where days begin and end, such as `Asia/Shanghai`; as the company's do without it.")
]
_Shown = Annotated[int, Query(ge=1, le=50, description="Items of each part at most.")]


@router.get("/v1/day")
async def read_day(
    request: Request,
    db: Reading,
    by: CurrentActor,
    assignee: _Assignee = "me",
    zone: _Zone = None,
    limit: _Shown = _SHOWN,
) -> DayOut:
    """What is overdue, due today and without a time; what is wrong; what was won and lost yesterday: as far as you see it."""
    of, who = _whose(assignee, by)
    settings = request.app.state.settings
    where = _zone(zone) if zone is not None else settings.zone
    today = day_of(request.app.state.clock(), where)
    asked = {"who": who, "shown": limit}
    seen = access.listed(by)
    params = {**asker(by), **access.params(by), **asked}

    async def work(part: Part, **more: Any) -> WorkOut:
        found = await db.all(queries.work(part, of, seen), **params, **more)
        return WorkOut(count=found[0].n if found else 0, items=[TaskOut.of(item) for item in found])

    parts = {
        "overdue": await work("overdue"),
        "today": await work("today", to_at=start_of(today + DAY, where)),
        "undated": await work("undated"),
    }
    shown = figures.may_see(_PARTS, by)
    currency = settings.reporting_currency
    company_day = day_of(request.app.state.clock(), settings.zone)
    stalled = await _stalled(db, by, of, asked, company_day, settings.zone, currency) if shown else None
    return DayOut(
        day=today,
        zone=where.key,
        of=of,
        person_id=who,
        **parts,
        problems=ProblemsOut(escalated=await work("escalated"), stalled=stalled),
        yesterday=await _closed(db, by, of, asked, today - DAY, where, currency) if shown else None,
    )


def _whose(assignee: str, by: Actor) -> tuple[Of, UUID]:
    if assignee in ("me", "my_team"):
        return "person" if assignee == "me" else "team", by.id
    try:
        return "person", UUID(assignee)
    except ValueError:
        raise Invalid("assignee takes one person's id, me or my_team.", pointer="assignee", code="bad_parameter") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # KeyError: no zone has the name
        raise Invalid("There is no such time zone; write for example Asia/Shanghai.", pointer="zone", code="bad_parameter") from None


async def _closed(db: Reader, by: Actor, of: Of, asked: dict[str, Any], day: date, zone: ZoneInfo, currency: str) -> YesterdayOut:
    query = queries.closed(of, figures.visible(WON, by))
    stretch = {"from_at": start_of(day, zone), "to_at": start_of(day + DAY, zone)}
    found = await db.all(query, **stretch, **asked, **figures.params(_PARTS, by))

    def of_kind(kind: str) -> ClosedOut:
        deals: Sequence[Closed] = [deal for deal in found if deal.kind == kind]
        shown = [
            ClosedDealOut(
                deal_id=deal.id,
                account_id=deal.account_id,
                account_name=deal.account_name,
                owner_id=deal.owner_id,
                at=deal.at,
                amount=at_edge(deal.amount, currency),
            )
            for deal in deals
        ]
        return ClosedOut(count=deals[0].n if deals else 0, amount=at_edge(deals[0].total if deals else Decimal(0), currency), deals=shown)

    return YesterdayOut(day=day, currency=currency, won=of_kind("won"), lost=of_kind("lost"))


async def _stalled(db: Reader, by: Actor, of: Of, asked: dict[str, Any], today: date, zone: ZoneInfo, currency: str) -> StalledOut:
    """By whole days of the company's zone, as the figure counts them."""
    stages = db.policy(DEAL_NUMBERS).stages
    limits = {f"{s}_touched_by": start_of(today - timedelta(days=stages.of(s).stalled_after_days), zone) for s in STAGES}
    found = await db.all(queries.stalled(of, figures.visible_deals(by)), **limits, **asked, **figures.params(_PARTS, by))
    deals = [
        StalledDealOut(
            deal_id=deal.id,
            account_id=deal.account_id,
            account_name=deal.account_name,
            owner_id=deal.owner_id,
            stage=deal.stage,
            touched_at=deal.since,
            amount=at_edge(deal.amount, currency),
        )
        for deal in found
    ]
    return StalledOut(count=found[0].n if found else 0, deals=deals)
