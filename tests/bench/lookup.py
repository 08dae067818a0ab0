"""lookup: which leads may be the same as one, of a million leads and of ten thousand: what is rare is found by indexes."""

from collections.abc import Callable, Iterator
from hashlib import md5
from uuid import UUID

import asyncpg

from lead_svc.service import service
from tests.bench.compare import Progress, Side, compare, throughput
from tests.bench.load import request
from tests.bench.report import Result
from tests.bench.stage import Stage, run_sql

_FEW, _MANY = 10_000, 1_000_000
_ASKED = 5_000
_INSERT = """
INSERT INTO lead (id, company, contact_name, email, phone, source, state, captured_at, grade, bant, bant_score, responses,
  no_response_count, reactivations, flags, created_at, updated_at, version)
SELECT md5(n::text)::uuid, left(md5('company ' || who), 8) || ' Logistik GmbH', left(md5('name ' || who), 6) || ' Petersen',
  left(md5('name ' || who), 6) || '@' || left(md5('company ' || who), 8) || '.example', '+49 40 ' || who, 'trade_show', 'captured', t, 'C',
  '{{}}', 0, 0, 0, 0, '{{}}', t, t, 1
FROM (SELECT n, 1000000 + n - (n % 10) / 9 AS who, now() - n * interval '10 seconds' AS t FROM generate_series(1, {rows}) AS n) AS made
"""
"""Every tenth one is known already."""


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    headers = {"Authorization": f"Bearer {stage.token('director')}"}
    few, many = await stage.database(service), await stage.database(service)
    for url, rows in ((few, _FEW), (many, _MANY)):
        progress(f"{rows:,} leads")
        await _fill(url, rows)
    async with stage.service(service, few) as small, stage.service(service, many) as large:
        ours = Side(f"{_MANY:,} leads", large, _asking(headers, _MANY))
        measured = await compare(ours, Side(f"{_FEW:,} leads", small, _asking(headers, _FEW)), rounds, progress)
    what = f"the duplicates of a lead among {_MANY:,}"
    return [throughput("lookup", what, f"itself among {_FEW:,}", measured, goal=1 / 1.15)]


async def _fill(url: str, rows: int) -> None:
    """With indexes that are made when all is there."""
    conn = await asyncpg.connect(url)
    try:
        found = await conn.fetch("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'lead' AND indexname LIKE 'ix_%'")
    finally:
        await conn.close()
    indexes = [(row["indexname"], row["indexdef"]) for row in found]
    await run_sql(
        url,
        *[f"DROP INDEX {name}" for name, _ in indexes],
        _INSERT.format(rows=rows),
        *[definition for _, definition in indexes],
        "VACUUM ANALYZE lead",
    )


def _asking(headers: dict[str, str], rows: int) -> Callable[[int], Iterator[bytes]]:
    """Ask for leads from all over the table, again and again."""
    step = max(rows // _ASKED, 1)
    ids = [UUID(bytes=md5(str(n).encode()).digest()) for n in range(1, rows, step)]  # as Postgres makes them

    def requests(connection: int) -> Iterator[bytes]:
        n = connection * 613
        while True:
            n += 1
            yield request("GET", f"/v1/leads/{ids[n % len(ids)]}/duplicates", headers)

    return requests
