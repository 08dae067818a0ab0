"""Reads for scores: signals, scores and predictions of many leads at once, and how far new models are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, union_all

from lead_svc.leads.record import Prediction, Score
from lead_svc.leads.tables import LEAD_PREDICTION, LEAD_SCORE, PREDICTIONS, SCORES
from lead_svc.scoring.policy import POLICY, ScoringPolicy
from lead_svc.scoring.record import Rescoring
from lead_svc.scoring.rules import Sign
from lead_svc.scoring.tables import RESCORING
from lead_svc.signals.tables import SIGNAL
from shared.db.query import Query, is_in
from shared.db.tx import Reader
from shared.http.listing import Listing
from shared.policy.commands import read

_SCORES = Query(select(*[LEAD_SCORE.c[n] for n in SCORES.names]).where(is_in(LEAD_SCORE.c.lead_id, "leads")), Score)
OF_LEAD = Query(select(*[LEAD_SCORE.c[n] for n in SCORES.names]).where(LEAD_SCORE.c.lead_id == bindparam("lead_id")), Score)
PREDICTED = Query(
    select(*[LEAD_PREDICTION.c[n] for n in PREDICTIONS.names]).where(LEAD_PREDICTION.c.lead_id == bindparam("lead_id")), Prediction
)
IDS_OF_LEAD = Query(
    union_all(*[select(kept.c.id).where(kept.c.lead_id == bindparam("lead_id")) for kept in (LEAD_SCORE, LEAD_PREDICTION)]), UUID
)
"""Of its score, and of what is predicted: the timeline shows what was told of them."""
RESCORINGS = Listing(
    RESCORING,
    Rescoring,
    filters={"state": RESCORING.c.state, "policy_version": RESCORING.c.policy_version},
    sorts=("started_at",),
    default="-started_at",
)


@dataclass(frozen=True, slots=True)
class _Signal:
    lead_id: UUID
    kind: str
    at: datetime
    value: int | None


_SIGNALS = Query(
    select(SIGNAL.c.lead_id, SIGNAL.c.kind, SIGNAL.c.at, SIGNAL.c.value)
    .where(is_in(SIGNAL.c.lead_id, "leads"), is_in(SIGNAL.c.kind, "kinds"))
    .order_by(SIGNAL.c.lead_id, SIGNAL.c.at, SIGNAL.c.id),
    _Signal,
)


async def scores_of(db: Reader, leads: Sequence[UUID]) -> dict[UUID, Score]:
    """The scores that these leads have, by lead."""
    return {one.lead_id: one for one in await db.all(_SCORES, leads=list(leads))}


async def signs_of(db: Reader, leads: Sequence[UUID], model: ScoringPolicy) -> dict[UUID, list[Sign]]:
    """The signals of these leads that the model may count, oldest first, by lead."""
    found: dict[UUID, list[Sign]] = defaultdict(list)
    if model.behaviours:
        for record in await db.records(_SIGNALS, leads=list(leads), kinds=list(model.kinds)):
            found[record[0]].append(Sign(record[1], record[2], record[3]))
    return found


async def model_of(db: Reader, score: Score) -> ScoringPolicy:
    """The version of the model that gave a score, which is an earlier one until the new one has come to this lead."""
    active = db.policy(POLICY)
    if score.policy_version == active.version:
        return active
    version = await read(db, POLICY, score.policy_version)
    return ScoringPolicy.read(version.document, version.number)
