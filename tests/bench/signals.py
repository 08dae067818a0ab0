"""signals: what a website and a mail system send in batches of 500: by address, by id, by visitor; a quarter says what brought them."""

from collections.abc import Iterator
from itertools import count

import orjson

from lead_svc.service import service
from shared.ids import new_id
from tests.bench.compare import Progress
from tests.bench.load import drive, request
from tests.bench.report import Result
from tests.bench.stage import Stage, run_sql

_LEADS = 20_000
_BATCH = 500
_SECONDS = 3.0
_GOAL = 2_000
_MAKE_LEADS = f"""
INSERT INTO lead (id, email, state, captured_at, grade, bant, bant_score, responses, no_response_count, reactivations, flags, created_at,
  updated_at, version)
SELECT md5(n::text)::uuid, 'ina' || n || '@company' || n % 999 || '.example', 'captured', now(), 'C', '{{}}', 0, 0, 0, 0, '{{}}', now(),
  now(), 1 FROM generate_series(1, {_LEADS}) AS n
"""
_KINDS = ("visit", "dwell", "product_page", "mail_opened", "mail_clicked", "download")


def _signal(n: int) -> dict[str, object]:
    lead = n * 7919 % _LEADS + 1
    visitor = {"visitor_id": f"browser-{n * 31 % 5000}"}
    who = visitor if n % 2 else {"email": f"ina{lead}@company{lead % 999}.example"}
    if n % 50 == 0:
        who |= visitor  # it gives its name
    touch = {"campaign": f"spring-{n % 9}", "medium": "mail", "source": "online_ads"} if n % 4 == 0 else {}
    return {"signal_id": f"web-{new_id()}", "kind": _KINDS[n % len(_KINDS)], "value": n % 300, **who, **touch}


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    database = await stage.database(service)
    await run_sql(database, _MAKE_LEADS, "ANALYZE lead")
    token = stage.token("marketing")
    numbers = count(1)

    def batches() -> Iterator[bytes]:
        while True:
            body = orjson.dumps({"items": [_signal(next(numbers)) for _ in range(_BATCH)]})
            yield request("POST", "/v1/signals/bulk", {"Authorization": f"Bearer {token}"}, body)

    rates: list[float] = []
    async with stage.service(service, database) as server:
        waiting = [batches() for _ in range(2)]
        for n in range(rounds + 1):
            progress(f"round {n} of {rounds}" if n else "warming up")
            load = await drive(server.port, server.pid, waiting, _SECONDS)
            if n:
                rates.append(load.rate * _BATCH)
    what = f"signals in batches of {_BATCH}, of {_LEADS:,} leads and their visitors"
    return [Result("signals", what, "–", f"≥ {_GOAL:,}/s", rates, least=_GOAL, unit="signals/s")]
