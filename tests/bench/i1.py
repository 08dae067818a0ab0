"""I1: a CSV file of leads through the worker (validated, deduplicated, scored, with events), against COPY of the same rows."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from time import perf_counter
from uuid import UUID

import asyncpg

from lead_svc.imports.api import run_imports
from lead_svc.service import service
from shared.clock import utcnow
from shared.process import heap
from tests.bench.compare import Progress
from tests.bench.report import Result, rates
from tests.bench.stage import Stage
from tests.harness import Running, running

_ROWS = 100_000
_LOOK = "SELECT state, created FROM import_job WHERE id = $1"
_SOURCES = ("trade_show", "seo", "partner_referral", "cold_outreach")
_HEADER = "external_id,captured_at,source,title,company,contact_name,email,phone,region,owner\n"


def _line(n: int) -> str:
    """Every tenth company has two leads, so that there is something to be found twice."""
    company = n - n % 10 // 9
    return (
        f"crm-{n},2025-{n % 12 + 1:02}-{n % 28 + 1:02},{_SOURCES[n % 4]},Lead {n},Company {company},Ina Petersen {n},"
        f"ina{n}@company{company}.example,+49 40 {n:07},region-{n % 5},rep-{n % 20}\n"
    )


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    """One import, in as many stretches as there are rounds: the last ones meet a full table. Each has its share of the first pass."""
    async with running(service, stage.postgres, pool_size=10) as svc:
        svc.clock.now = utcnow()
        progress("uploading")
        job = (await _upload(svc)).rpartition("/")[2]
        heap.settle()  # as a worker does
        stop = asyncio.Event()
        working = asyncio.create_task(run_imports(svc.db, svc.settings, svc.clock, stop))
        stretch = _ROWS // rounds
        imported: list[float] = []
        try:
            progress("the first pass over the file")
            share = await _seconds(svc, job, 0) / rounds
            for n in range(1, rounds + 1):
                progress(f"{(n - 1) * stretch:,} of {_ROWS:,} rows are imported")
                imported.append(stretch / (await _seconds(svc, job, n * stretch) + share))
        finally:
            stop.set()
            await working
        copied = [await _copy(svc.settings.database_url, await stage.database(service), stretch) for _ in range(rounds)]
    sides = ("import", imported), ("COPY", copied)
    what = f"CSV import of {_ROWS:,} leads, with the first pass over the file"
    stretches = f"import, stretch after stretch: {', '.join(f'{rate:,.0f}' for rate in imported)} rows/s"
    compared = rates("I1", what, "bare COPY of the leads, without account, contact, score or event", *sides, unit="rows/s", least=0.24)
    return [
        Result("I1", what, "–", "–", imported, unit="rows/s"),
        replace(compared, absolute=[*compared.absolute, stretches]),
    ]


async def _upload(svc: Running) -> str:
    async def body() -> AsyncIterator[bytes]:
        yield _HEADER.encode()
        for start in range(0, _ROWS, 5_000):
            yield "".join(_line(n) for n in range(start, min(start + 5_000, _ROWS))).encode()

    async with svc.client("ops") as client:
        answer = await client.post("/v1/imports/leads", content=body(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def _seconds(svc: Running, id: str, rows: int) -> float:
    """Until so many rows are in; for none, until the first batch is begun."""
    started = perf_counter()
    async with svc.db.connection() as conn:
        while True:
            state, created = await conn.fetchrow(_LOOK, UUID(id))
            if created >= rows and state in ("running", "done"):
                return perf_counter() - started
            assert state in ("queued", "reading", "running"), state
            await asyncio.sleep(0.02)


async def _copy(source: str, target: str, rows: int) -> float:
    given, into = await asyncpg.connect(source), await asyncpg.connect(target)
    try:
        leads = await given.fetch("SELECT * FROM lead LIMIT $1", rows)
        started = perf_counter()
        await into.copy_records_to_table("lead", records=leads)
        return len(leads) / (perf_counter() - started)
    finally:
        await given.close()
        await into.close()
