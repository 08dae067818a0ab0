"""The steps of a change of zone and currency. Each is one transaction, or can be repeated; a row in each database says which are done."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinch.errors import CommandError
from clinch.ops.rezone.plan import Plan, refuse_services

if TYPE_CHECKING:
    from shared.clock import Clock
    from shared.process.settings import Settings

Say = Callable[[str], None]

MARKED = ("metrics", "deal", "contract", "lead")
"""The order in which the databases learn of the change: first the one that keeps the rates."""
_BEGIN = """
INSERT INTO company (number, time_zone, reporting_currency, since, state) VALUES ($1, $2, $3, $4, 'moving')
ON CONFLICT (number) DO UPDATE SET since = excluded.since
"""
_FORGET_RATES = ("DELETE FROM day_rate WHERE number = $1", "DELETE FROM deal_rate WHERE number = $1")
_STATE = "SELECT state FROM company WHERE number = $1 FOR UPDATE"
_SET = "UPDATE company SET state = $2 WHERE number = $1"
_RATES = "SELECT deal_id, rate FROM deal_rate WHERE number = $1"
_DAYS = "SELECT day, rate FROM day_rate WHERE number = $1 ORDER BY day"
_CHANGED = """
SELECT count(DISTINCT reporting_currency) > 1 FROM company
WHERE number IN ($1, (SELECT max(number) FROM company WHERE number < $1))
"""


async def carry_out(settings: "Mapping[str, Settings]", conns: Mapping[str, Any], plan: Plan, clock: "Clock", say: Say) -> None:
    """All that is left of it. Nothing else may run on these databases."""
    await refuse_services(conns)
    for name in () if plan.begun else MARKED:
        await _begin(conns[name], plan, with_rates=name == "metrics")
    say("Announced to all four databases")
    rates = await _rates(conns["metrics"], plan)
    for name in ("deal", "contract", "lead"):
        await refuse_services(conns)
        await _follow(name, conns[name], plan, clock, rates)
        say(f"Moved the records of the {name} database")
    await refuse_services(conns)
    events = await _figures(settings["metrics"], conns["metrics"], plan)
    if events is not None:
        say(f"Projected the figures again, from {events:,} events")
    await asyncio.sleep(max(0.0, (plan.since - clock()).total_seconds()))  # events recorded before it are the old kind
    for name in MARKED:
        await conns[name].execute(_SET, plan.number, "done")
    say("Released all four databases")


async def _begin(conn: Any, plan: Plan, *, with_rates: bool) -> None:
    """Also when an earlier run was cut off before it had announced the change to all of them: nothing has moved then."""
    async with conn.transaction():
        await conn.execute(_BEGIN, plan.number, plan.time_zone, plan.reporting_currency, plan.since)
        if with_rates:
            for sql in _FORGET_RATES:
                await conn.execute(sql, plan.number)
            days = [(plan.number, day, rate) for day, rate in plan.day_rates.items()]
            deals = [(plan.number, deal, rate) for deal, rate in plan.deal_rates.items()]
            await conn.copy_records_to_table("day_rate", records=days, columns=["number", "day", "rate"])
            await conn.copy_records_to_table("deal_rate", records=deals, columns=["number", "deal_id", "rate"])


async def _rates(conn: Any, plan: Plan) -> tuple[dict[UUID, Decimal], list[tuple[date, Decimal]]] | None:
    """By deal and by day, as the database of figures keeps them; None when the currency stays."""
    if not await conn.fetchval(_CHANGED, plan.number):
        return None
    deals = {row["deal_id"]: row["rate"] for row in await conn.fetch(_RATES, plan.number)}
    return deals, [(row["day"], row["rate"]) for row in await conn.fetch(_DAYS, plan.number)]


async def _follow(
    name: str, conn: Any, plan: Plan, clock: "Clock", rates: tuple[Mapping[UUID, Decimal], Sequence[tuple[date, Decimal]]] | None
) -> None:
    from clinch.run.services import load
    from shared.rezone import Rezone

    async with conn.transaction():
        if await conn.fetchval(_STATE, plan.number) != "moving":
            return
        if (follow := load(name).rezone) is not None:
            await follow(conn, Rezone(ZoneInfo(plan.time_zone), clock(), *(rates or ())))
        await conn.execute(_SET, plan.number, "moved")


async def _figures(settings: "Settings", conn: Any, plan: Plan) -> int | None:
    """Rebuilt from the log. How many events took effect; None when an earlier run has done it."""
    from metrics_svc.past.queries import forget
    from metrics_svc.rebuild.log import rebuild
    from shared.db.database import Database
    from shared.log.bus import BusError, open_bus

    if await conn.fetchval(_STATE, plan.number) != "moving":
        return None
    forget()
    its = settings.model_copy(update={"time_zone": plan.time_zone, "reporting_currency": plan.reporting_currency})
    db, bus = Database(its), open_bus(its.bus_url, client="clinch rezone")
    await db.start()
    await bus.start()
    try:
        events = await rebuild(db, bus, its)
    except BusError as error:
        raise CommandError(f"The log cannot be read ({error}): when it can, run `clinch rezone` again.") from None
    finally:
        await bus.stop()
        await db.stop()
    await conn.execute(_SET, plan.number, "moved")
    return events
