"""Exchange rates by day: the one that counts on a day, and the copy of what lead-svc tells.

A day without a rate takes the last one before it, and whoever asks gets to know its day. CLINCH_FX_RATES gives one for the days before the
first row of a currency, which are all days while there is none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert

from shared.calendar import day_of
from shared.db.query import Query
from shared.db.tables import RATE
from shared.db.tx import Reader, Tx
from shared.events.envelope import Envelope
from shared.events.rate import RateSet, RateWithdrawn
from shared.ids import external_id
from shared.log.reactions import on
from shared.log.readers import WHOLE, reacting
from shared.process.settings import Settings

# One look into the index for each pair of currency and day.
_ON = """
SELECT asked.currency, asked.day AS wanted, found.day, found.rate
FROM unnest($1::text[], $2::date[]) AS asked (currency, day) CROSS JOIN LATERAL (
  SELECT day, rate FROM rate
  WHERE base = $3 AND rate.currency = asked.currency AND rate.day <= asked.day AND rate IS NOT NULL ORDER BY day DESC LIMIT 1
) AS found
"""
_given = insert(RATE).values({c.name: bindparam(c.name) for c in RATE.c})
_REMEMBER = Query(
    _given.on_conflict_do_update(
        index_elements=[RATE.c.id],
        set_={n: _given.excluded[n] for n in ("version", "rate", "source", "updated_at")},
        where=RATE.c.version < _given.excluded.version,
    ),
    UUID,
)


@dataclass(frozen=True, slots=True)
class Fx:
    """Units of the reporting currency for one unit of another, and the rate's day; None for one that counts on all days."""

    rate: Decimal
    day: date | None = None

    def day_if_not(self, asked: date) -> date | None:
        """The rate's day, where it is another one than the day that was asked for."""
        return self.day if self.day != asked else None


Wanted = tuple[str, date]
"""A currency and a day."""


class Frozen(TypedDict):
    """What a record and its events keep: the rate, and its day where there was none for the day itself."""

    fx: Decimal
    fx_day: date | None


async def rates_on(db: Reader, settings: Settings, wanted: Collection[Wanted]) -> dict[Wanted, Fx]:
    """What counts for each currency on each day, by one statement, and none where all are the reporting currency. No entry: no rate."""
    own = settings.reporting_currency
    found = {pair: Fx(Decimal(1)) for pair in wanted if pair[0] == own}
    others = [pair for pair in {*wanted} if pair[0] != own]
    if not others:
        return found
    found |= {pair: Fx(settings.fx_rates[pair[0]]) for pair in others if pair[0] in settings.fx_rates}
    currencies, days = zip(*others, strict=True)
    for row in await db.rows(_ON, list(currencies), list(days), own):
        found[row["currency"], row["wanted"]] = Fx(row["rate"], row["day"])
    return found


async def rate_at(db: Reader, settings: Settings, currency: str, at: datetime) -> Frozen | None:
    """What is frozen in an event of that moment; None where there is no rate on or before the company's day of it."""
    wanted = currency, day_of(at, settings.zone)
    return frozen(await rates_on(db, settings, [wanted]), wanted)


def frozen(found: Mapping[Wanted, Fx], wanted: Wanted) -> Frozen | None:
    """What is frozen of it."""
    if (fx := found.get(wanted)) is None:
        return None
    return {"fx": fx.rate, "fx_day": fx.day_if_not(wanted[1])}


def no_rate(currency: str) -> str:
    """What somebody is told who needs a rate that is not there."""
    return f"There is no rate for {currency}; it is set in CLINCH_FX_RATES, or by day with POST /v1/rates."


def rate_id(base: str, currency: str, day: date) -> UUID:
    """The id of a currency's rate on a day: the same for whoever sets it."""
    return external_id("rate", f"{base}:{currency}:{day.isoformat()}")


async def _remember(tx: Tx, e: Envelope[Any], rate: Decimal | None, source: str) -> None:
    told: RateSet | RateWithdrawn = e.data
    known = {"currency": told.currency, "base": told.base, "day": told.day, "rate": rate, "source": source}
    await tx.run(_REMEMBER, id=e.subject, version=e.version, created_at=e.time, updated_at=e.time, **known)


@on(RateSet)
async def rate_set(tx: Tx, event: Envelope[RateSet]) -> None:
    """Keeps the exchange rates of days."""
    await _remember(tx, event, event.data.rate, event.data.source)


@on(RateWithdrawn)
async def rate_withdrawn(tx: Tx, event: Envelope[RateWithdrawn]) -> None:
    """Keeps the exchange rates of days."""
    await _remember(tx, event, None, event.data.source)


READER = reacting("rates", rate_set, rate_withdrawn, split_from=(WHOLE,))
"""What a service lists among its readers that converts amounts; lead-svc, which tells them, has the rows themselves."""
