"""`/v1/rates`: exchange rates by day."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from lead_svc.rates import commands
from lead_svc.rates.commands import id_of, refusal
from lead_svc.rates.fields import RateFields, RateValue
from lead_svc.rates.queries import LIST, RateItem
from lead_svc.rates.record import Rate
from lead_svc.rates.rules import RATE_ACTS, SET, WITHDRAW
from lead_svc.rates.tables import RATES
from shared.acts import AllowedAction, shown
from shared.auth import Actor, CurrentActor
from shared.calendar import day_of
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound, Problem
from shared.fields import Day
from shared.http.body import Body
from shared.http.bulk import Bulk, BulkResult, Done
from shared.http.edge import ClinchRoute, IfMatch, InTx, KeyRequired, Reading
from shared.http.listing import Page, PageRequest
from shared.http.openapi import or_known
from shared.http.permit import permitted
from shared.money import Currency
from shared.rates import no_rate, rates_on

router = APIRouter(prefix="/v1/rates", tags=["rates"], route_class=ClinchRoute)


class RateIn(RateFields, Body):
    pass


class RateOut(RateItem):
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(cls, rate: Rate, by: Actor) -> Self:
        known = {name: getattr(rate, name) for name in RateItem.model_fields}
        return cls(**known, allowed_actions=shown(RATE_ACTS, rate, by))


class RateOn(BaseModel):
    """What counts on a day. `day` is the day of the rate, which may lie before; null where CLINCH_FX_RATES gives it for all days."""

    currency: str
    base: str
    rate: RateValue
    day: date | None = Field(description="The day of the rate that counts.")


@router.post("", status_code=201, responses=or_known(RateOut), dependencies=[permitted(SET)])
async def set_rate(body: RateIn, tx: InTx, by: CurrentActor, response: Response) -> RateOut:
    """Set the rate of a day, or correct it (200). For finance, sales_ops and admin.

    It counts for what happens from that day on, until the next one. What was converted before keeps its rate.
    """
    rate, new = await commands.set_rate(tx, body)
    response.status_code = 201 if new else 200
    return RateOut.of(rate, by)


@router.post("/bulk", status_code=207, dependencies=[KeyRequired, permitted(SET)])
async def set_rates(body: Bulk[RateIn], tx: InTx) -> BulkResult:
    """Set up to 500 rates, each answered on its own. Doing the same again changes nothing."""
    return await body.run(lambda rates: _set(tx, rates))


async def _set(tx: Tx, given: Sequence[RateIn]) -> Sequence[Done | Problem]:
    answers: list[Problem | UUID] = []
    good: dict[UUID, RateFields] = {}
    for said in given:
        refused = refusal(tx, said)
        if (id := id_of(tx, said)) in good:
            refused = Invalid("An earlier row names this currency and day.", pointer="/day", code="named_twice")
        if refused is None:
            good[id] = said
        answers.append(refused or id)
    what = await commands.set_rates(tx, list(good.values())) if good else {}
    return [answer if isinstance(answer, Problem) else Done(answer, 201 if what[answer] == "created" else 200) for answer in answers]


@router.get("", response_model=Page[RateItem])
async def list_rates(page: Annotated[PageRequest, Depends(LIST.params)], db: Reading, by: CurrentActor) -> Page[Any]:
    """The rates that were set, and those that were taken back. `day[gte]` and `day[lte]` name some days."""
    return await LIST.page(db, page)


@router.get("/on")
async def get_rate_on(
    db: Reading,
    by: CurrentActor,
    request: Request,
    currency: Annotated[Currency, Query()],
    day: Annotated[Day | None, Query(description="Today without it.")] = None,
) -> RateOn:
    """The rate that counts on a day: its own, else the last one before it. 404 where there is none."""
    state = request.app.state
    wanted = currency, day or day_of(state.clock(), state.settings.zone)
    found = (await rates_on(db, state.settings, [wanted])).get(wanted)
    if found is None:
        raise NotFound(no_rate(currency))
    return RateOn(currency=currency, base=state.settings.reporting_currency, rate=found.rate, day=found.day)


@router.get("/{rate_id}")
async def get_rate(rate_id: UUID, db: Reading, by: CurrentActor) -> RateOut:
    return RateOut.of(await db.get(RATES, rate_id), by)


@router.delete("/{rate_id}", dependencies=[permitted(WITHDRAW)])
async def withdraw_rate(rate_id: UUID, tx: InTx, by: CurrentActor, expect: IfMatch) -> RateOut:
    """Take the rate of a day back: the one before it counts again. For finance, sales_ops and admin.

    Its row stays without a rate, and its events say who set it to what.
    """
    return RateOut.of(await commands.withdraw(tx, rate_id, expect=expect), by)
