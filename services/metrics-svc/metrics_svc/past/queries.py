"""Events of the past as they read today: due days in the zone that they were told in, amounts in today's reporting currency."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from shared.calendar import day_of
from shared.company import Company
from shared.db.query import Query
from shared.db.tables import COMPANY
from shared.db.tx import Tx
from shared.events.campaign import CampaignSpendEvent
from shared.events.envelope import Envelope
from shared.rezone import FX_PLACES, rate_of

_DEAL_RATES = "SELECT number, deal_id, rate FROM deal_rate WHERE deal_id = ANY($1::uuid[])"
_DAY_RATES = "SELECT number, day, rate FROM day_rate ORDER BY number, day"


@dataclass(frozen=True)
class Past:
    """`first_zone` is that of events without a due day; `changes` are the numbers of currency changes, and since when each holds."""

    first_zone: ZoneInfo
    changes: tuple[tuple[int, datetime], ...] = ()


_known: dict[str, Past] = {}
"""By database. It changes only by `clinch rezone`, while no service runs."""

_COMPANIES = Query(select(*[COMPANY.c[field.name] for field in fields(Company)]).order_by(COMPANY.c.number), Company)


async def past_of(tx: Tx) -> Past:
    url = tx.settings.database_url
    if url not in _known:
        _known[url] = _past(await tx.all(_COMPANIES), tx.settings.zone)
    return _known[url]


def forget() -> None:
    """Read the past again at the next fold: it has just been changed."""
    _known.clear()


def _past(known: Sequence[Company], zone: ZoneInfo) -> Past:
    if not known:
        return Past(zone)
    changes = tuple((new.number, new.since) for old, new in pairwise(known) if new.reporting_currency != old.reporting_currency)
    return Past(ZoneInfo(known[0].time_zone), changes)


async def in_todays_currency(tx: Tx, past: Past, events: Sequence[Envelope[Any]]) -> Sequence[Envelope[Any]]:
    """The events, with the frozen rates of those that were recorded before a change of currency converted."""
    if not past.changes or not any(_is_old(e, past) for e in events):
        return events
    rates = await _Rates.load(tx, {_deal_of(e) for e in events if _is_old(e, past)})
    return [_converted(e, past, rates) if _is_old(e, past) else e for e in events]


def _is_old(e: Envelope[Any], past: Past) -> bool:
    return getattr(e.data, "fx", None) is not None and _recorded(e) < past.changes[-1][1]


def _recorded(e: Envelope[Any]) -> datetime:
    return e.data.recorded_at or e.time


def _deal_of(e: Envelope[Any]) -> UUID:
    """The deal whose rate converts the event; the event's own subject where it is of none, such as money spent on a campaign."""
    return e.subject if e.data.aggregate == "deal" else getattr(e.data, "deal_id", e.subject)


def _converted(e: Envelope[Any], past: Past, rates: "_Rates") -> Envelope[Any]:
    fx = e.data.fx
    for number, since in past.changes:
        if _recorded(e) < since:
            fx = (fx * rates.of(number, _deal_of(e), e)).quantize(FX_PLACES, ROUND_HALF_UP)
    return replace(e, data=e.data.model_copy(update={"fx": fx}))


class _Rates:
    """The rate of each deal; for one that was not there when the currency changed, that of the event's day."""

    def __init__(self, deals: dict[tuple[int, UUID], Decimal], days: Iterable[Any], zone: ZoneInfo) -> None:
        self._deals, self._zone = deals, zone
        self._days: dict[int, list[tuple[date, Decimal]]] = {}
        for number, day, rate in days:
            self._days.setdefault(number, []).append((day, rate))

    @classmethod
    async def load(cls, tx: Tx, deals: set[UUID]) -> "_Rates":
        found = {(number, deal): rate for number, deal, rate in await tx.rows(_DEAL_RATES, list(deals))}
        return cls(found, await tx.rows(_DAY_RATES), tx.settings.zone)

    def of(self, number: int, deal: UUID, e: Envelope[Any]) -> Decimal:
        if (found := self._deals.get((number, deal))) is not None:
            return found
        day = e.data.ends_on if isinstance(e.data, CampaignSpendEvent) else day_of(e.time, self._zone)
        return rate_of(self._days[number], day)
