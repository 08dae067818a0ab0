"""R5: the search over a million records, for rare and common words in English and Chinese, by who sees all and by who sees little."""

import statistics
from collections.abc import Iterator
from itertools import repeat
from random import Random
from urllib.parse import quote

import asyncpg

from lead_svc.index.rules import pieces, text
from lead_svc.service import service
from shared.auth import person_id
from tests.bench.compare import SECONDS, Progress
from tests.bench.load import drive, request
from tests.bench.report import Result
from tests.bench.stage import Stage, run_sql

_LEADS, _ACCOUNTS = 800_000, 200_000
_OWNERS, _TEAMS = 1_000, 10
_MOST_MS = 50
_WHO = "bench"
_CITIES, _TRADES = ("上海", "北京", "深圳", "杭州", "成都", "武汉"), ("科技", "物流", "医疗", "能源", "教育")
_NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎"
_ENDS = ("Ltd", "GmbH", "Limited", "Holding", "Logistics", "Partners")
_ASKED = {
    "a rare English word": "Zephyr 4711",
    "a rare Chinese one": "赵钱孙",
    "a word of a third": "logistics",
    "a Chinese word of a tenth": "科技有限公司",
    "words that nobody has": "qwxz",
    "one character": "上",
    "an e-mail address": "ina.4711@firm",
}
_BY = (("director", "all"), ("manager", "a tenth"), ("rep", "a thousandth"))
_FILL = (
    """
INSERT INTO lead (id, state, captured_at, source, title, company, contact_name, email, grade, bant, bant_score, responses, owner_id,
                  no_response_count, reactivations, flags, created_at, updated_at, version)
SELECT e.id, 'captured', created_at, 'trade_show', 'x', 'x', 'x', 'x', 'C', '{}', 0, 0, md5((n % %d)::text)::uuid, 0, 0, '{}', created_at,
       created_at, 1
FROM (SELECT id, created_at, row_number() OVER (ORDER BY created_at) AS n FROM search_entry WHERE kind = 'lead') e
""".replace("%d", str(_OWNERS)),
    """
INSERT INTO account (id, name, compared, owner_id, created_at, updated_at, version)
SELECT e.id, 'x', 'x', md5((n % %d)::text)::uuid, created_at, created_at, 1
FROM (SELECT id, created_at, row_number() OVER (ORDER BY created_at) AS n FROM search_entry WHERE kind = 'account') e
""".replace("%d", str(_OWNERS)),
    f"""
INSERT INTO roster (person_id, role, team_id, team_path, version)
SELECT md5(n::text)::uuid, 'rep', md5('team ' || n % {_TEAMS})::uuid, ARRAY[md5('sales')::uuid, md5('team ' || n % {_TEAMS})::uuid], 1
FROM generate_series(0, {_OWNERS} - 1) n
""",
)
_ME = "UPDATE roster SET person_id = '{me}' WHERE person_id = md5('7')::uuid"
_MINE = "UPDATE {table} SET owner_id = '{me}' WHERE owner_id = md5('7')::uuid"


def _entries(kind: str, many: int, random: Random) -> Iterator[tuple[object, ...]]:
    for n in range(many):
        if n % 4 == 0:
            city, trade, name = random.choice(_CITIES), random.choice(_TRADES), "".join(random.sample(_NAMES, 2))
            company = f"{city}{name}{trade}有限公司"
        else:
            company = f"{random.choice(('Zephyr', 'Hanse', 'Nordic', 'Alpine', 'Baltic'))} {n} {random.choice(_ENDS)}"
        if kind == "account":
            public, personal = text({"name": company, "external_id": f"{kind}-{n}"}), ""
        else:
            public = text({"title": f"Rollout {n % 5000}", "company": company, "external_id": f"{kind}-{n}"})
            personal = text({"contact_name": f"Ina Petersen {n % 997}", "email": f"ina.{n}@firm{n % 5000}.example", "phone": ""})
        yield kind, public, personal, pieces(public, personal), n


async def _filled(url: str, me: str, progress: Progress) -> None:
    conn = await asyncpg.connect(url)
    try:
        indexes = await conn.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('search_entry', 'lead', 'account') AND indexname LIKE 'ix_%'"
        )
        for name, _ in indexes:
            await conn.execute(f"DROP INDEX {name}")
        await conn.execute("CREATE TEMP TABLE made (kind text, public text, personal text, pieces int[], n int)")
        for kind, many in (("lead", _LEADS), ("account", _ACCOUNTS)):
            progress(f"{many:,} {kind}s")
            await conn.copy_records_to_table("made", records=_entries(kind, many, Random(1)))
        await conn.execute(
            "INSERT INTO search_entry (id, kind, created_at, public, personal, pieces) SELECT gen_random_uuid(), kind,"
            " now() - interval '2 years' + n * interval '60 seconds', public, personal, pieces FROM made",
            timeout=600,
        )
        for statement in (*_FILL, _ME.format(me=me), *(_MINE.format(me=me, table=table) for table in ("lead", "account"))):
            await conn.execute(statement, timeout=600)
        progress("indexes")
        await conn.execute("SET maintenance_work_mem = '512MB'")
        for _, made in indexes:
            await conn.execute(made, timeout=600)
    finally:
        await conn.close()
    await run_sql(url, "VACUUM ANALYZE")


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    url = await stage.database(service)
    await _filled(url, str(person_id(_WHO)), progress)
    results: list[Result] = []
    async with stage.service(service, url) as server:
        for role, part in _BY:
            token = stage.issuer.state.issuer.token(role=role, sub=_WHO)
            slow, said = [0.0] * rounds, []
            for what, q in _ASKED.items():
                sent = request("GET", f"/v1/search?q={quote(q)}", {"Authorization": f"Bearer {token}"})
                median = []
                for n in range(rounds + 1):
                    progress(f"round {n} of {rounds}: {what}, {role}" if n else f"warming up: {what}, {role}")
                    load = await drive(server.port, server.pid, [repeat(sent)], SECONDS)
                    if n:
                        slow[n - 1] = max(slow[n - 1], load.p99 * 1e3)
                        median.append(load.p50 * 1e3)
                said.append(f"{role}, {what}: p50 {statistics.median(median):.1f} ms")
            of = f"search over {_LEADS + _ACCOUNTS:,} records by who sees {part}, the slowest of {len(_ASKED)} questions, p99"
            results.append(Result("R5", of, "–", f"≤ {_MOST_MS} ms", slow, most=_MOST_MS, unit="ms", absolute=said))
    return results
