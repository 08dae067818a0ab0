"""What a change of zone and currency comes to, and what stands in its way. Changes nothing."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinch.errors import CommandError
from clinch.ops.rezone.rates import Rates, require_days
from clinch.run.settings import SERVICES

if TYPE_CHECKING:
    from shared.clock import Clock
    from shared.company import Company
    from shared.process.settings import Settings

CLOCK_BEHIND = timedelta(minutes=1)
QUIET_SECONDS = 30.0
LEAVING_SECONDS = 5.0
"""For connections of services that have just ended to be gone."""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'clinch' AND pid <> pg_backend_pid()
"""
_GIVEN_RATES = "SELECT day, rate FROM day_rate WHERE number = $1"
_PARKED = "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL"


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; None is as it is."""

    time_zone: str | None
    reporting_currency: str | None
    rates: Rates | None


@dataclass(frozen=True)
class Plan:
    """The change by its number. `begun`: all databases know of it from an earlier run, and have the rates.

    `day_rates` and `deal_rates` are empty when the currency stays.
    """

    number: int
    time_zone: str
    reporting_currency: str
    since: datetime
    begun: bool
    day_rates: Rates = field(default_factory=dict)
    deal_rates: Mapping[UUID, Decimal] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return f"{self.time_zone} and {self.reporting_currency}"


async def plan(settings: "Mapping[str, Settings]", conns: Mapping[str, Any], wanted: Wanted, clock: "Clock") -> Plan | None:
    """None when there is nothing to change. Raises CommandError when it cannot be."""
    from shared.company import MoveState, history

    await _refuse_old_schema(settings)
    await _refuse_short_log(settings["lead"].bus_url)
    known = {name: await history(conn) for name, conn in conns.items()}
    if empty := [name for name, rows in known.items() if not rows]:
        raise CommandError(f"The {empty[0]} database does not know its time zone yet: start Clinch once, then repeat.")
    newest = max((rows[-1] for rows in known.values()), key=lambda row: row.number)
    unfinished = any(row.state is not MoveState.DONE for rows in known.values() for row in rows)
    if not unfinished:
        return await _new(settings, conns, {name: rows[-1] for name, rows in known.items()}, wanted, clock)
    _refuse_another(newest, wanted)
    if all(rows[-1].number == newest.number for rows in known.values()):
        return Plan(newest.number, newest.time_zone, newest.reporting_currency, newest.since, begun=True)
    # Cut off before all were told, so nothing has moved, and those that were not told may have worked meanwhile: plan it again.
    before = {name: [row for row in rows if row.number < newest.number][-1] for name, rows in known.items()}
    rates = wanted.rates or dict(await conns["metrics"].fetch(_GIVEN_RATES, newest.number))
    return await _new(settings, conns, before, Wanted(newest.time_zone, newest.reporting_currency, rates), clock)


def _refuse_another(begun: "Company", wanted: Wanted) -> None:
    if wanted.time_zone not in (None, begun.time_zone) or wanted.reporting_currency not in (None, begun.reporting_currency):
        raise CommandError(f"The change to {begun.words} is not finished: run `clinch rezone` without options, then change again.", 2)


async def _new(
    settings: "Mapping[str, Settings]", conns: Mapping[str, Any], last: "Mapping[str, Company]", wanted: Wanted, clock: "Clock"
) -> Plan | None:
    currencies = {row.reporting_currency for row in last.values()}
    if len(currencies) > 1:
        told = ", ".join(f"{name} {row.reporting_currency}" for name, row in last.items())
        raise CommandError(f"The databases are kept in different currencies ({told}): that cannot be mended here.")
    (old,) = currencies
    zone, currency = wanted.time_zone or last["lead"].time_zone, wanted.reporting_currency or old
    if all((row.time_zone, row.reporting_currency) == (zone, currency) for row in last.values()):
        return None
    made = Plan(max(row.number for row in last.values()) + 1, zone, currency, await _since(conns, clock), begun=False)
    if currency == old:
        return made
    rates = wanted.rates or {}
    days = await _days(conns["deal"], ZoneInfo(zone))
    require_days(rates, days.values(), f"{old} to {currency}")
    await _refuse_events_under_way(settings)
    return Plan(
        made.number, zone, currency, made.since, begun=False, day_rates=rates, deal_rates={deal: rates[day] for deal, day in days.items()}
    )


async def _since(conns: Mapping[str, Any], clock: "Clock") -> datetime:
    """From when on events are the new kind: after all that there are."""
    now = clock()
    ends = [await conn.fetchval("SELECT max(recorded_at) FROM event") for conn in conns.values()]
    since: datetime = max([now, *(end + timedelta(microseconds=1) for end in ends if end is not None)])
    if since > now + CLOCK_BEHIND:
        raise CommandError(f"The clock is behind the last event, which was recorded at {since.isoformat()}: set it first.")
    return since


async def _days(conn: Any, zone: ZoneInfo) -> dict[UUID, date]:
    """The day on which each deal was opened."""
    from shared.calendar import day_of

    return {row["id"]: day_of(row["opened_at"], zone) for row in await conn.fetch("SELECT id, opened_at FROM deal")}


async def _refuse_old_schema(settings: "Mapping[str, Settings]") -> None:
    from clinch.run.services import load
    from shared import migrations

    for name in SERVICES:
        if migrations.behind(load(name).migrations, await migrations.revision(settings[name].database_url)):
            raise CommandError(f"The {name} database is of an earlier release: migrate it first, as `clinch up` does, then repeat.")


async def _refuse_short_log(url: str) -> None:
    """Figures are projected again from the whole log."""
    from clinch.ops.bus.copy import all_topics, ends
    from shared.log.bus import BusError, open_bus

    bus = open_bus(url, client="clinch rezone")
    await bus.start()
    try:
        there = sorted({topic for topic, _ in await ends(bus, all_topics())})
        if cut := sorted(topic for (topic, _), beginning in (await bus.beginning_offsets(there)).items() if beginning):
            raise CommandError(f"The beginning of {cut[0]} is gone from the log, so the figures cannot be projected again from it.")
    except BusError as error:
        raise CommandError(f"The log does not answer ({error}).") from None
    finally:
        await bus.stop()


async def _refuse_events_under_way(settings: "Mapping[str, Settings]") -> None:
    """An event whose rate is to the old currency must not reach a service that counts in the new one."""
    from clinch.ops.verify import behind
    from clinch.run.services import load
    from shared.db.database import Database
    from shared.log.bus import BusError, open_bus

    async with AsyncExitStack() as stack:
        databases = {name: Database(its) for name, its in settings.items()}
        for database in databases.values():
            await database.start()
            stack.push_async_callback(database.stop)
        bus = open_bus(settings["lead"].bus_url, client="clinch rezone")
        await bus.start()
        stack.push_async_callback(bus.stop)
        services = {name: load(name) for name in SERVICES}
        until = time.monotonic() + QUIET_SECONDS
        try:
            while count := await behind(services, databases, bus):
                if time.monotonic() > until or not await _served(databases):
                    raise CommandError(f"{count:,} events are under way: start Clinch, wait until `clinch status` shows none, then repeat.")
                await asyncio.sleep(0.5)
        except BusError as error:
            raise CommandError(f"The log does not answer ({error}).") from None
        for name, database in databases.items():
            async with database.connection() as conn:
                if count := await conn.fetchval(_PARKED):
                    raise CommandError(f"{count:,} dead letters of the {name} database are open: redrive or drop them first.")


async def _served(databases: Mapping[str, Any]) -> bool:
    """Whether somebody is at work, so that waiting helps. One connection of each database is our own."""
    for database in databases.values():
        async with database.connection() as conn:
            if await conn.fetchval(_OTHERS):
                return True
    return False


async def refuse_services(conns: Mapping[str, Any]) -> None:
    """Raises CommandError when a service is connected: it would work on with the old zone."""
    until = time.monotonic() + LEAVING_SECONDS
    for name, conn in conns.items():
        while await conn.fetchval(_OTHERS):
            if time.monotonic() < until:
                await asyncio.sleep(0.1)
                continue
            raise CommandError(f"Services are connected to the {name} database: stop all APIs and workers, then repeat.")
