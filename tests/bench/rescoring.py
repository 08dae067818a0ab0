"""rescoring: a new version of the scoring model on its way through all leads, with their signals, as the worker does it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from lead_svc.scoring import jobs
from lead_svc.service import service
from shared.clock import utcnow
from shared.process import heap
from tests.bench.compare import Progress
from tests.bench.report import Result
from tests.bench.stage import Stage
from tests.harness import Running, running

_LEADS = 100_000
_GOAL = 10_000
_MAKE_LEADS = f"""
INSERT INTO lead (id, company, contact_name, region, industry, size, job_title, source, state, captured_at, grade, bant, bant_score,
  responses, no_response_count, reactivations, flags, created_at, updated_at, version)
SELECT md5(n::text)::uuid, 'Company ' || n, 'Ina Petersen', (ARRAY['EMEA', 'APAC', 'AMER'])[n % 3 + 1], 'logistics', '51-200',
  (ARRAY['managing director', 'buyer', 'owner', 'engineer'])[n % 4 + 1], 'trade_show', 'captured', now() - n % 300 * interval '1 day',
  'C', '{{}}', 0, 0, 0, 0, '{{}}', now(), now(), 1 FROM generate_series(1, {_LEADS}) AS n
"""
_MAKE_SIGNALS = """
INSERT INTO signal (id, lead_id, kind, at, value, by, recorded_at, version)
SELECT gen_random_uuid(), lead.id, (ARRAY['visit', 'download', 'dwell', 'mail_clicked'])[n], now() - n * interval '9 days', n * 40,
  gen_random_uuid(), now(), 1
FROM lead, generate_series(1, 4) AS n WHERE lead.job_title <> 'engineer'
"""
"""Three leads of four have four signals each."""


def model(n: int) -> dict[str, object]:
    """Each round has a model that differs a little, and a threshold that nobody reaches but a few."""

    def fact(name: str, standard: str, points: int, field: str, op: str, *values: str) -> dict[str, object]:
        return {"name": name, "standard": standard, "points": points, "conditions": [{"field": field, "op": op, "values": values}]}

    def did(kind: str, points: int) -> dict[str, object]:
        return {"name": kind, "kinds": [kind], "points": points, "most": 2, "half_life_days": 30, "counts_past": True}

    return {
        "threshold": 90,
        "attributes": [
            fact("EMEA", "need_fit", 20 + n, "region", "is", "EMEA"),
            fact("our industries", "need_fit", 10, "industry", "is", "logistics", "retail"),
            fact("large enough", "purchasing_power", 15, "size", "is", "51-200", "201-500"),
            fact("decides alone", "decision_chain", 20 + n, "job_title", "contains", "owner", "managing director"),
        ],
        "behaviours": [did("visit", 3), did("download", 15), did("dwell", 5)],
    }


_RETIRE = "UPDATE policy_version SET state = 'retired' WHERE name = 'scoring' AND state = 'active'"
_ACTIVATE = """
INSERT INTO policy_version (id, name, number, state, document, based_on, running, author_id, created_at, updated_at, version)
VALUES (gen_random_uuid(), 'scoring', $1, 'active', $2, 0, 'keep', gen_random_uuid(), now(), now(), 1)
"""


@asynccontextmanager
async def scored(stage: Stage) -> AsyncIterator[Running]:
    """A service with leads and their signals."""
    async with running(service, stage.postgres, pool_size=10) as svc:
        svc.clock.now = utcnow()
        async with svc.db.connection() as conn:
            for statement in (_MAKE_LEADS, _MAKE_SIGNALS, "ANALYZE lead", "ANALYZE signal"):
                await conn.execute(statement)
        yield svc


async def rescore(svc: Running, n: int) -> float:
    """Seconds that version `n` of the model takes to come to all leads."""
    async with svc.db.connection() as conn:
        await conn.execute(_RETIRE)
        await conn.execute(_ACTIVATE, n, model(n))
        await conn.execute("ANALYZE lead_score")
    svc.db.policies.forget()
    started = perf_counter()
    while await jobs.rescore(svc.db, svc.clock):
        pass
    took = perf_counter() - started
    svc.clock.advance(seconds=10)
    await jobs.rescore(svc.db, svc.clock)
    return took


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    async with scored(stage) as svc:
        heap.settle()  # as a worker does
        progress("the first model")
        first = _LEADS / await rescore(svc, 1)
        rates = []
        for n in range(rounds):
            progress(f"round {n + 1} of {rounds}")
            rates.append(_LEADS / await rescore(svc, n + 2))
    what = f"a new scoring model comes to {_LEADS:,} leads with {_LEADS * 3:,} signals"
    said = [f"the first model: {first:,.0f} leads/s"]
    return [Result("rescoring", what, "–", f"≥ {_GOAL:,}/s", rates, least=_GOAL, unit="leads/s", absolute=said)]
