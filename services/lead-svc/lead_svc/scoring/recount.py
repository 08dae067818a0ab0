"""Scores counted again from the leads and their signals, for `clinch verify`: each stored one is what its lines add up to."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, select

from lead_svc.leads.record import Lead, Score
from lead_svc.leads.tables import LEAD_SCORE, LEADS, SCORES
from lead_svc.scoring.policy import ScoringPolicy
from lead_svc.scoring.queries import model_of, signs_of
from lead_svc.scoring.rules import Scorer
from shared.db.database import Database
from shared.db.query import Query
from shared.db.tx import Reader

BATCH = 1000

_FROM = Query(
    select(*[LEAD_SCORE.c[n] for n in SCORES.names])
    .where(LEAD_SCORE.c.lead_id > bindparam("after", type_=Uuid))
    .order_by(LEAD_SCORE.c.lead_id)
    .limit(bindparam("most", type_=Integer)),
    Score,
)


async def differing(db: Database) -> AsyncIterator[tuple[int, Sequence[str]]]:
    """Batch by batch: how many scores were counted again, and the leads whose stored one is another."""
    after, models = UUID(int=0), dict[int, tuple[ScoringPolicy, Scorer]]()
    while True:
        async with db.read() as reader:
            scores = await reader.all(_FROM, after=after, most=BATCH)
            leads = {lead.id: lead for lead in await reader.all(LEADS.get_many, ids=[one.lead_id for one in scores])}
            found = [str(one.lead_id) for one, now in await _again(reader, scores, leads, models) if now != (one.points, one.next_at)]
        yield len(scores), found
        if len(scores) < BATCH:
            return
        after = scores[-1].lead_id


async def _again(
    db: Reader, scores: Sequence[Score], leads: dict[UUID, Lead], models: dict[int, tuple[ScoringPolicy, Scorer]]
) -> list[tuple[Score, tuple[int, datetime | None]]]:
    """Each score with what the model that gave it says of the same moment."""
    by_version: dict[int, list[Score]] = defaultdict(list)
    for one in scores:
        by_version[one.policy_version].append(one)
    again = []
    for version, its in by_version.items():
        if version not in models:
            its_model = await model_of(db, its[0])
            models[version] = its_model, Scorer(its_model)
        model, scorer = models[version]
        signs = await signs_of(db, [one.lead_id for one in its], model)
        for one in its:
            now = scorer.explain(leads[one.lead_id], signs.get(one.lead_id, ()), one.scored_at)
            again.append((one, (now.points, now.next_at)))
    return again
