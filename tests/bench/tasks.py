"""tasks: the work list over all services with 100,000 open items, of 200 people in 20 teams, asked one at a time."""

import statistics
from itertools import repeat

import asyncpg

from metrics_svc.service import service
from shared.auth import person_id
from tests.bench.compare import SECONDS, Progress
from tests.bench.load import drive, request
from tests.bench.report import Result
from tests.bench.stage import Stage, run_sql

_ITEMS, _PEOPLE = 100_000, 200
_MOST_MS = 30
_WHO = "bench"
_ASKED = (
    ("my work", "rep", "/v1/tasks?assignee=me"),
    ("all that I see", "rep", "/v1/tasks"),
    ("what my team is late with", "manager", "/v1/tasks?assignee=my_team&overdue=true"),
    ("all that my team has to do", "manager", "/v1/tasks"),
    ("approvals that wait for me", "legal", "/v1/tasks?assignee=me"),
    ("a kind by its due time", "director", "/v1/tasks?kind=next_step&due[gte]=2026-06-01T00:00:00Z"),
    ("what a team has to do", "director", "/v1/tasks?team={team}"),
    ("my day", "rep", "/v1/day"),
    ("my team's day", "manager", "/v1/day?assignee=my_team"),
)
_TEAM = "md5('team ' || {})::uuid"
_PERSON = "CASE {0} WHEN 0 THEN '{1}'::uuid ELSE md5('person ' || {0})::uuid END"
"""Person 0 is who asks; a tenth of all is in the team of each."""


def _filling(me: str) -> list[str]:
    team, person = _TEAM.format("n % 20"), _PERSON.format("n", me)
    owner = _PERSON.format(f"n % {_PEOPLE}", me)
    return [
        f"""
        INSERT INTO roster (person_id, team_id, team_path, role, active, version)
        SELECT {person}, {team}, ARRAY[{_TEAM.format("99")}, {team}], 'rep', true, 1 FROM generate_series(0, {_PEOPLE - 1}) AS n
        """,
        f"""
        INSERT INTO work_item (record_id, n, id, kind, subject, assignee_id, owner_id, team_id, since, due_at, overdue, escalated,
          approval_id, roles, people, not_by, content_hash)
        SELECT md5('record ' || n)::uuid, 0, md5('item ' || n)::uuid,
          CASE WHEN asked THEN 'approval' WHEN n % 3 = 0 THEN 'next_step' WHEN n % 3 = 1 THEN 'follow_up' ELSE 'milestone' END,
          CASE WHEN asked OR n % 3 = 2 THEN 'contract' WHEN n % 3 = 0 THEN 'deal' ELSE 'lead' END,
          CASE WHEN asked THEN NULL ELSE {owner} END, {owner}, {_TEAM.format(f"n % {_PEOPLE} % 20")},
          at - interval '5 days', at, n % 10 = 0, n % 50 = 0, CASE WHEN asked THEN md5('approval ' || n)::uuid END,
          CASE WHEN asked THEN '["legal"]' ELSE '[]' END::jsonb, '[]', '[]', CASE WHEN asked THEN 'h' END
        FROM (
          SELECT n, n % 100 = 50 AS asked, timestamptz '2026-01-01' + n * 7919 % {_ITEMS} * interval '5 minutes' AS at
          FROM generate_series(1, {_ITEMS}) AS n
        ) AS made
        """,
        f"""
        INSERT INTO membership (record_id, person_id, part)
        SELECT md5('record ' || n)::uuid, '{me}', 'member' FROM generate_series(1, {_ITEMS}, 500) AS n
        """,
        "VACUUM ANALYZE",
    ]


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    progress(f"{_ITEMS:,} open items")
    url = await stage.database(service)
    await run_sql(url, *_filling(str(person_id(_WHO))))
    team = await _team(url)
    results: list[Result] = []
    async with stage.service(service, url) as server:
        for what, role, path in _ASKED:
            token = stage.issuer.state.issuer.token(role=role, sub=_WHO)
            sent = request("GET", path.format(team=team), {"Authorization": f"Bearer {token}"})
            slow, median = [], []
            for n in range(rounds + 1):
                progress(f"round {n} of {rounds}: {what}" if n else f"warming up: {what}")
                load = await drive(server.port, server.pid, [repeat(sent)], SECONDS)
                if n:
                    slow.append(load.p99 * 1e3)
                    median.append(load.p50 * 1e3)
            said = [f"{what}: p50 {statistics.median(median):.1f} ms"]
            goal = f"≤ {_MOST_MS} ms"
            results.append(
                Result("tasks", f"{what} ({role}), {_ITEMS:,} open items, p99", "–", goal, slow, most=_MOST_MS, unit="ms", absolute=said)
            )
    return results


async def _team(url: str) -> str:
    conn = await asyncpg.connect(url)
    try:
        return str(await conn.fetchval(f"SELECT {_TEAM.format('7')}"))
    finally:
        await conn.close()
