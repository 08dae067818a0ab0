"""W2: move a deal a stage with If-Match, guards and event, against select for update, update and event row by hand."""

from collections.abc import Iterator
from itertools import count
from uuid import UUID

import orjson

from deal_svc.service import service
from shared.ids import external_id
from tests.bench.compare import CONNECTIONS, Progress, Side, compare, throughput
from tests.bench.load import request
from tests.bench.report import Result
from tests.bench.stage import Stage, run_sql

_DEALS = 50
"""Deals per connection, moved in turn."""
_BODIES = [orjson.dumps({"to": stage, "reason": "Seen with the customer."}) for stage in ("proposal", "discovery")]
_INSERT = """
INSERT INTO deal (id, version, name, kind, stage, stage_since, cycle, probability, amount, currency, fx, opened_at, manual_win,
                  imported, flags, created_at, updated_at)
SELECT id, 1, 'Deal', 'new', 'discovery', t, 1, 20, 1000, 'CNY', 1, t, false, false, '{{}}', t, t
FROM unnest('{ids}'::uuid[]) AS id, (SELECT now() - interval '30 days' AS t)
"""


def _deals(connection: int) -> list[UUID]:
    return [external_id("deal", f"bench-{connection}-{n}") for n in range(_DEALS)]


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    token = stage.token("director")

    def moves(connection: int) -> Iterator[bytes]:
        """Each deal forward, then each back, and so on: the version of all is the number of the turn."""
        for version in count(1):
            for id in _deals(connection):
                headers = {"Authorization": f"Bearer {token}", "If-Match": f'"{version}"'}
                yield request("POST", f"/v1/deals/{id}/transitions", headers, _BODIES[(version - 1) % 2])

    ids = ",".join(str(id) for connection in range(CONNECTIONS) for id in _deals(connection))
    ours, by_hand = await stage.database(service), await stage.database(service)
    for url in (ours, by_hand):
        await run_sql(url, _INSERT.format(ids=f"{{{ids}}}"), "ANALYZE")
    async with stage.service(service, ours) as server, stage.yardstick(by_hand) as other:
        measured = await compare(Side("deal-svc", server, moves), Side("by hand", other, moves), rounds, progress)
    return [throughput("W2", "move a deal a stage (token, If-Match, guards, event)", "select for update, update, an event row", measured)]
