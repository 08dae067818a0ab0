"""R1: 50 leads, filtered, page 1 and page 1000 by keyset, against an asyncpg select and JSON by hand; and as the table grows."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import repeat
from urllib.parse import quote
from uuid import UUID

import asyncpg
import orjson

from lead_svc.service import service
from tests.bench.compare import Progress, Side, compare, throughput
from tests.bench.load import Connection, request
from tests.bench.report import Result
from tests.bench.stage import Stage, run_sql

_FEW, _MANY = 1_000, 100_000
_PAGE, _LIMIT = 1_000, 50
_PATH = "/v1/leads?state=captured"
# Two of three are in the state that is asked for; three each have the same time, so that the id must break ties.
_INSERT = """
INSERT INTO lead (id, state, captured_at, source, title, company, contact_name, region, grade, bant, bant_score, responses,
                  no_response_count, reactivations, flags, created_at, updated_at, version)
SELECT uuidv7(), CASE WHEN n % 3 = 0 THEN 'mql' ELSE 'captured' END, t, 'trade_show', 'Lead ' || n, 'Company ' || n % 5000, 'Ina Petersen',
       'north', 'C', '{{}}', 0, 0, 0, 0, '{{}}', t, t, 1
FROM (SELECT n, now() - interval '1 year' + n / 3 * interval '1 second' AS t FROM generate_series(1, {rows}) AS n)
"""
_LAST_BEFORE = "SELECT created_at, id FROM lead WHERE state = 'captured' ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET $1"


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    headers = {"Authorization": f"Bearer {stage.token('director')}"}
    few, many = await stage.database(service), await stage.database(service)
    for url, rows in ((few, _FEW), (many, _MANY)):
        progress(f"{rows:,} leads")
        await run_sql(url, _INSERT.format(rows=rows), "VACUUM ANALYZE lead")
    async with stage.service(service, few) as small, stage.service(service, many) as large, stage.yardstick(many) as hand:
        progress(f"going to page {_PAGE}")
        deep = f"{_PATH}&cursor={quote(await _cursor(large.port, headers))}"
        before, id = await _last_before(many)
        deep_by_hand = f"{_PATH}&before={quote(before.isoformat())}&before_id={id}"
        pages = {path: _always(request("GET", path, headers)) for path in (_PATH, deep, deep_by_hand)}
        first = Side("lead-svc, page 1", large, pages[_PATH])
        last = Side(f"lead-svc, page {_PAGE}", large, pages[deep])
        by_hand = [Side(f"by hand, page {n}", hand, pages[path]) for n, path in ((1, _PATH), (_PAGE, deep_by_hand))]
        shallow = Side(f"lead-svc, page 1 of {_FEW:,}", small, pages[_PATH])
        what = f"list {_LIMIT} of {_MANY:,} leads, filtered"
        return [
            throughput("R1", f"{what}, page 1", "asyncpg select + JSON", await compare(first, by_hand[0], rounds, progress)),
            throughput("R1", f"{what}, page {_PAGE}", "asyncpg select + JSON", await compare(last, by_hand[1], rounds, progress)),
            throughput("R1", f"{what}, page {_PAGE}", "its own page 1", await compare(last, first, rounds, progress), 0.9),
            throughput("R1", f"{what}, page 1", f"itself with {_FEW:,} leads", await compare(first, shallow, rounds, progress), 0.9),
        ]


def _always(page: bytes) -> Callable[[int], Iterator[bytes]]:
    return lambda _: repeat(page)


async def _cursor(port: int, headers: dict[str, str]) -> str:
    """The cursor of the page, found as a client would: by going there, in larger steps."""
    connection = await Connection.open(port)
    cursor, left = "", (_PAGE - 1) * _LIMIT
    while left:
        step = min(left, 200)
        answer = orjson.loads(await connection.ask(request("GET", f"{_PATH}&limit={step}{cursor}", headers)))
        cursor, left = f"&cursor={quote(answer['next_cursor'])}", left - step
    connection.close()
    return str(answer["next_cursor"])


async def _last_before(url: str) -> tuple[datetime, UUID]:
    conn = await asyncpg.connect(url)
    try:
        row = await conn.fetchrow(_LAST_BEFORE, (_PAGE - 1) * _LIMIT - 1)
    finally:
        await conn.close()
    assert row is not None
    return row["created_at"], row["id"]
