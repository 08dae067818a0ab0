"""`clinch clock`: move the clock of an embedded run, to see what is due later."""

import os
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from clinch.errors import CommandError
from clinch.options import Data
from clinch.run.clock import FRESH_SECONDS, PRODUCTION, clock_words, keep_offset, offset_of
from clinch.run.folder import DataFolder, default_folder
from clinch.run.settings import Embedded

HOW = "write +5h, -2d, +1d12h30m, at 2026-12-01T09:00, real, or nothing to see it"
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_STEP = re.compile(r"([+-])((?:\d{1,6}[wdhms])+)")
_BACK = (
    "It went back. Timers that have fired stay fired, and records of the time that is now ahead keep their times: acts that must follow "
    "them are refused until the clock is past them again. Get a new token: those that were given out may count as too early."
)


def clock(
    move: Annotated[list[str] | None, typer.Argument(help="+5h, -2d, `at` TIME, or `real`; nothing shows it.", show_default=False)] = None,
    data: Data = None,
) -> None:
    """Move the clock of this system, to try deadlines out: timers fire, offers expire, tokens age. Not in production.

    Steps add up: weeks, days, hours, minutes and seconds, as in +1d12h. A time without a zone is the company's.
    """
    folder = DataFolder(data or default_folder())
    if not folder.exists():
        raise CommandError(f"There is no data folder {folder.path}: name it with --data or CLINCH_DATA.", 2)
    if move:
        _move(folder, move)
    typer.echo(clock_words(offset_of(folder)))


def _move(folder: DataFolder, words: list[str]) -> None:
    real = words == ["real"]
    if not real:
        _refuse_production(folder)
    before = timedelta() if real else offset_of(folder)
    after = timedelta() if real else _wanted(folder, words, before)
    from shared.clock import YEARS, plausible, utcnow

    try:
        within = plausible((utcnow() + after).date())
    except OverflowError:
        within = False
    if not within:
        raise CommandError(f"The clock goes {YEARS}.", 2)
    back = after < (_known(folder) if real else before)
    keep_offset(folder, after)
    if folder.run() is not None:
        time.sleep(2 * FRESH_SECONDS)  # what follows meets processes that have seen it
    if back:
        typer.echo(_BACK, err=True)


def _known(folder: DataFolder) -> timedelta:
    """Zero also for a file that cannot be read: `real` mends that."""
    try:
        return offset_of(folder)
    except CommandError:
        return timedelta()


def _refuse_production(folder: DataFolder) -> None:
    running = folder.run()
    if PRODUCTION in (os.environ.get("CLINCH_ENV"), running.env if running else None):
        raise CommandError("With CLINCH_ENV=production the clock is the machine's, and nobody moves it.", 2)


def _wanted(folder: DataFolder, words: list[str], before: timedelta) -> timedelta:
    if words[0] == "at" and len(words) > 1:
        return _time(folder, " ".join(words[1:])) - datetime.now(UTC)
    if len(words) == 1 and (found := _STEP.fullmatch(words[0].lower())):
        sign, steps = found.groups()
        try:
            step = sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in re.findall(r"(\d+)([wdhms])", steps)), timedelta())
            return before + step if sign == "+" else before - step
        except OverflowError:
            pass
    raise CommandError(f"The clock cannot be moved by {' '.join(words)!r}: {HOW}.", 2)


def _time(folder: DataFolder, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is no time: {HOW}.", 2) from None
    return at if at.tzinfo else at.replace(tzinfo=_zone(folder))


def _zone(folder: DataFolder) -> ZoneInfo:
    """The company's, as a running system remembers it, else as the environment says."""
    import asyncio

    from clinch.ops.status.company import company

    known = asyncio.run(company(Embedded(folder, 0).postgres().url("lead"))) if folder.run() else None
    return ZoneInfo(known.time_zone if known else os.environ.get("CLINCH_TIME_ZONE") or "UTC")
