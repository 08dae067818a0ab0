"""`clinch demo`: a year of a believable sales team, through the public API and the import path."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from clinch.client.token import fetch
from clinch.errors import CommandError
from clinch.options import Data, Url, base_url, pasted
from clinch.run.clock import clock_of
from clinch.run.folder import DataFolder, default_folder

if TYPE_CHECKING:
    from clinch.demo.calls import Calls, Progress
    from clinch.demo.plan import Key

KEPT = timedelta(hours=23)
"""For how long the services surely know again what they were asked by an Idempotency-Key."""


def demo(
    leads: Annotated[int, typer.Option(help="How many leads the year brings.", min=30, max=50_000)] = 3_000,
    seed: Annotated[int, typer.Option(help="Another seed makes another year, beside the one that is there.", min=0)] = 7,
    url: Url = None,
    data: Data = None,
) -> None:
    """Fill the running system with a year of a sales team, from leads to cash. The same seed again changes nothing."""
    import httpx

    from clinch.demo.calls import AT_ONCE, Calls
    from clinch.demo.progress import on_terminal
    from clinch.demo.summary import looks
    from clinch.run.seed import seed_people

    base = base_url(url, data)
    headers = {"Authorization": f"Bearer {fetch(base, 'admin')[0]}"}

    async def token(person: str) -> str:
        return (await asyncio.to_thread(fetch, base, None, person))[0]

    async def run() -> str:
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60, limits=httpx.Limits(max_connections=AT_ONCE)) as http:
            await seed_people(http)
            with on_terminal() as progress:
                now = None if url else clock_of(DataFolder(data or default_folder()))()
                return await fill(Calls(http, token), seed, leads, progress, now)

    try:
        typer.echo(asyncio.run(run()))
    except KeyboardInterrupt:
        raise CommandError("Stopped; the same command goes on from here.", 130) from None
    typer.echo(looks(base, pasted("token --role admin", url=url, data=data)))


async def fill(calls: "Calls", seed: int, leads: int, progress: "Progress", now: datetime | None = None) -> str:
    """Make the demo, or what an earlier run left out of it, and say what there is. The sample people are there. Raises `CommandError`."""
    from clinch.demo import company, practice, summary
    from clinch.demo.plan import newest_key, plan
    from clinch.demo.play import play

    started = time.monotonic()
    known = await _known(calls, seed)
    if known and known.leads != leads:
        raise CommandError(f"There is a demo of seed {seed} already, with {known.leads:,} leads: name another --seed.", 2)
    today_at = now or datetime.now(UTC)
    until = known.until if known else today_at
    if known and await _is_known(calls, newest_key(str(known))):
        return f"The demo of seed {seed} is there already; nothing was changed.\n{await summary.told(calls, plan(seed, leads, until))}"
    if known and today_at - known.until > KEPT:
        raise CommandError(f"The demo of seed {seed} stopped in the middle, too long ago to go on with it: name another --seed.", 2)
    before = await practice.widen(calls, f"demo-{seed}-{until.isoformat()}/before")
    where = await company.found(calls, until, progress)
    year = plan(seed, leads, until, where.home, where.abroad)
    await play(year, where, calls, progress)
    await practice.adopt(calls, f"{year.key}/after", before)
    await summary.figures_come(calls, year)
    return f"Done in {time.monotonic() - started:.0f} s, by {calls.made:,} requests.\n{await summary.told(calls, year)}"


async def _known(calls: "Calls", seed: int) -> "Key | None":
    """The demo of this seed that is there, whole or not."""
    from clinch.demo import staff
    from clinch.demo.plan import Key

    found = await calls.get("/v1/leads", by=staff.ADMIN, q=Key.begins(seed), limit=1, sort="created_at")
    keys = [lead["external_id"] or "" for lead in found["items"]]
    return next((Key.of(key) for key in keys if key.startswith(Key.begins(seed))), None)


async def _is_known(calls: "Calls", external_id: str) -> bool:
    from clinch.demo import staff

    return bool((await calls.get("/v1/leads", by=staff.ADMIN, external_id=external_id))["items"])
