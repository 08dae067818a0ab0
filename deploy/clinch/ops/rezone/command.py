"""`clinch rezone`: another time zone or reporting currency for the whole company."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from clinch.errors import CommandError
from clinch.ops.rezone.plan import Plan, Wanted, plan
from clinch.ops.rezone.rates import read_rates
from clinch.ops.rezone.steps import carry_out
from clinch.options import Data, pasted
from clinch.run.clock import clock_of
from clinch.run.down import stop
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import SERVICES, Embedded, other_systems
from clinch.run.stopped import databases_alone
from shared.clock import Clock, utcnow

if TYPE_CHECKING:
    from shared.process.settings import Settings

NOTHING = "The data are kept in that zone and currency already: there is nothing to change."


def rezone(
    time_zone: Annotated[str | None, typer.Option(help="The new IANA zone, for example Asia/Shanghai.", show_default=False)] = None,
    currency: Annotated[str | None, typer.Option(help="The new currency of figures, as EUR; needs --rates.", show_default=False)] = None,
    rates: Annotated[
        Path | None,
        typer.Option(help="CSV with day,rate: units of the new currency for one of the old.", show_default=False, dir_okay=False),
    ] = None,
    data: Data = None,
) -> None:
    """Change the company's time zone or reporting currency: due days, timers, frozen rates and all figures. Stops Clinch.

    Cut off at any instant, the same command continues; until it has finished, no service starts. Of another system than the embedded
    one: stop its APIs and workers, and set CLINCH_LEAD_DATABASE_URL, its three siblings, and CLINCH_BUS_URL.
    """
    wanted = _wanted(time_zone, currency, rates)
    if others := other_systems():
        made = asyncio.run(_change(others, wanted, utcnow))
        typer.echo(
            NOTHING if made is None else f"All data are kept in {made.words} now. Next: {_settings(made)} for all services; start them."
        )
        return
    run = Embedded(DataFolder(data or default_folder()), 0)
    if not run.folder.exists():
        raise CommandError(f"There is no data folder {run.folder.path}: name it with --data or CLINCH_DATA.", 2)
    settings = {name: run.of_service(name) for name in SERVICES}
    clock = clock_of(run.folder)
    if run.folder.run() is not None:
        if asyncio.run(_look(settings, wanted, clock)) is None:
            typer.echo(NOTHING)
            return
        stop(run.folder)
        typer.echo("  Stopped Clinch")
    with databases_alone(run):
        made = asyncio.run(_change(settings, wanted, clock))
    if made is None:
        typer.echo(NOTHING)
        return
    up, verify = (pasted(command, data=run.folder.path) for command in ("up", "verify --rebuild"))
    typer.echo(f"All data are kept in {made.words} now. Next: {_start(made)}{up}, then {verify}")
    if currency is not None:
        typer.echo(f"Set the rates to {made.reporting_currency} from now on: in CLINCH_FX_RATES, or by day (docs/rates.md).")


def _wanted(time_zone: str | None, currency: str | None, rates: Path | None) -> Wanted:
    if time_zone is not None:
        try:
            ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError):
            raise CommandError("--time-zone must be an IANA time zone, for example Asia/Shanghai.", 2) from None
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise CommandError("--currency must be three capital letters as in ISO 4217, for example EUR.", 2)
    return Wanted(time_zone, currency, None if rates is None else read_rates(rates))


def _settings(made: Plan) -> str:
    return f"set CLINCH_TIME_ZONE={made.time_zone} and CLINCH_REPORTING_CURRENCY={made.reporting_currency}, and CLINCH_FX_RATES to match,"


def _start(made: Plan) -> str:
    """What has to be said on the command line, because this shell's environment says otherwise."""
    given = {"CLINCH_TIME_ZONE": made.time_zone, "CLINCH_REPORTING_CURRENCY": made.reporting_currency}
    return "".join(f"{name}={value} " for name, value in given.items() if os.environ.get(name) not in (None, value))


async def _look(settings: "Mapping[str, Settings]", wanted: Wanted, clock: Clock) -> Plan | None:
    async with _connected(settings) as conns:
        return await plan(settings, conns, wanted, clock)


async def _change(settings: "Mapping[str, Settings]", wanted: Wanted, clock: Clock) -> Plan | None:
    async with _connected(settings) as conns:
        if (made := await plan(settings, conns, wanted, clock)) is not None:
            await carry_out(settings, conns, made, clock, lambda line: typer.echo(f"  {line}"))
        return made


@asynccontextmanager
async def _connected(settings: "Mapping[str, Settings]") -> AsyncIterator[dict[str, Any]]:
    import asyncpg

    async with AsyncExitStack() as stack:
        conns = {}
        for name, its in settings.items():
            try:
                conns[name] = await asyncpg.connect(its.database_url, server_settings={"jit": "off"})
            except (OSError, asyncpg.PostgresError) as error:
                raise CommandError(f"The {name} database does not answer ({error}).") from None
            stack.push_async_callback(conns[name].close)
        yield conns
