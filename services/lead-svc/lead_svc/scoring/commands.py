"""Score leads: it follows from what happens to them, in the same transaction, for many at once.

Whoever tells of a lead, or of its signal, holds the lock of its row, which guards the score too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.consent.fields import Use
from lead_svc.consent.queries import left_out
from lead_svc.leads.queries import SEEN, lead_of
from lead_svc.leads.record import Lead, Prediction, Score, State
from lead_svc.leads.tables import LEADS, PREDICTIONS, SCORES
from lead_svc.policy import POLICY as LEAD_POLICY
from lead_svc.scoring.policy import POLICY, ScoringPolicy
from lead_svc.scoring.queries import PREDICTED, scores_of, signs_of
from lead_svc.scoring.rules import PREDICT, Explained, Scorer, Sign, crossed, reaches_mql
from shared.db.outbox import Told
from shared.db.tx import Follows, Tx
from shared.events.consent import ConsentGranted
from shared.events.envelope import Event
from shared.events.lead import (
    LeadAbsorbed,
    LeadBantUpdated,
    LeadCaptured,
    LeadIntentRecorded,
    LeadInteractionCorrected,
    LeadInteractionLogged,
    LeadInteractionRemoved,
    LeadMerged,
    LeadMqlReached,
    LeadReactivated,
    LeadRegraded,
    LeadRestored,
    LeadUnmerged,
    LeadUpdated,
)
from shared.events.score import LeadPredicted, LeadScored
from shared.events.signal import LeadSignalRecorded
from shared.history import starts_work
from shared.ids import new_id

_Dated = list[tuple[Event, datetime]]


_SIGNS_MOVE = (LeadAbsorbed, LeadRestored, LeadUnmerged)
"""Signals go to another lead, or come back. Nobody has shown any interest by that."""


async def _happened(tx: Tx, told: Sequence[Told]) -> None:
    """Score the leads that something happened to. What is history gives points, and makes no MQL."""
    if not tx.policy(POLICY).has_rules:
        return
    recent: dict[UUID, bool] = {}
    for one in told:
        id = lead_of(one)
        if id is None:  # a consent of a contact, which says of no lead
            continue
        news = not isinstance(one.event, _SIGNS_MOVE) and starts_work(tx, one.time, imported=getattr(one.event, "imported", False))
        recent[id] = recent.get(id, False) or news
    if not recent:
        return
    unknown = all(isinstance(one.event, LeadCaptured) and one.version == 1 for one in told)
    leads = await tx.held(LEADS, list(recent)) if unknown else list((await tx.load_many(LEADS, list(recent))).values())
    await score(tx, leads, promote={id for id, is_recent in recent.items() if is_recent}, unknown=unknown)


FOLLOWING: Follows = {
    event: [_happened]
    for event in (
        LeadCaptured,
        LeadUpdated,
        LeadIntentRecorded,
        LeadBantUpdated,
        LeadRegraded,
        LeadInteractionCorrected,
        LeadInteractionLogged,
        LeadInteractionRemoved,
        LeadReactivated,
        LeadMerged,
        *_SIGNS_MOVE,
        LeadSignalRecorded,
        ConsentGranted,
    )
}


async def score(tx: Tx, leads: Sequence[Lead], *, promote: Collection[UUID], unknown: bool = False) -> int:
    """Score leads that are locked as they are now, and make MQLs of those in `promote` that reach the threshold; how many.

    Whoever has not consented to be written to where that is needed, or has opted out, is scored and becomes none.

    `unknown`: they are new, so there is neither a score of them nor a signal.
    """
    model, version = tx.policy(POLICY), tx.policy(POLICY).version
    ids = [lead.id for lead in leads]
    before: Mapping[UUID, Score] = {} if unknown else await scores_of(tx, ids)
    signs: Mapping[UUID, Sequence[Sign]] = {} if unknown else await signs_of(tx, ids, model)
    new: list[tuple[Score, _Dated]] = []
    changed: list[tuple[Score, _Dated]] = []
    reaching: list[tuple[Lead, Explained]] = []
    explain = Scorer(model).explain
    for lead in leads:
        found, known = explain(lead, signs.get(lead.id, ()), tx.now), before.get(lead.id)
        (changed if known else new).append(_scored(tx, lead, known, found, model, version))
        if lead.id in promote and reaches_mql(lead, found.points, model):
            reaching.append((lead, found))
    await tx.add_many(SCORES, new)
    await tx.save_many(SCORES, changed)
    withdrawn = await left_out(tx, [lead for lead, _ in reaching], Use.MQL)
    mqls = [_promoted(tx, lead, found, model) for lead, found in reaching if lead.id not in withdrawn]
    await tx.save_many(LEADS, mqls)
    return len(mqls)


def _scored(tx: Tx, lead: Lead, known: Score | None, found: Explained, model: ScoringPolicy, version: int) -> tuple[Score, _Dated]:
    """The score as it is now, and its event where a threshold or a step lies between what was told and this."""
    id, before, told_by_now = (known.id, known.told, known.version) if known else (new_id(), 0, 0)
    is_told = crossed(before, found.points, model)
    # Positional, and not `replace`: a new model makes hundreds of thousands of them.
    now = Score(id, lead.id, found.points, found.points if is_told else before, tx.now, found.next_at, version, told_by_now)
    if not is_told:
        return now, []
    told = LeadScored(
        lead_id=lead.id,
        old=before,
        new=now.points,
        threshold=model.threshold,
        policy_version=version,
        top_rules=found.top,
    )
    return now, [(told, tx.now)]


def _promoted(tx: Tx, lead: Lead, found: Explained, model: ScoringPolicy) -> tuple[Lead, _Dated]:
    told = LeadMqlReached(how="score", score=found.points, threshold=model.threshold, policy_version=model.version, top_rules=found.top)
    return replace(lead, state=State.MQL, updated_at=tx.now), [(told, tx.now)]


async def predict(tx: Tx, lead_id: UUID, *, probability: int, best_call_at: datetime | None, model: str) -> Prediction:
    """Keep what a model predicts of the lead in place of what was predicted before."""
    lead = await SEEN.load(tx, lead_id)
    PREDICT.check(lead, tx.actor, facts=tx.policy(LEAD_POLICY))
    known = await tx.first(PREDICTED, lead_id=lead.id)
    said: dict[str, Any] = {"probability": probability, "best_call_at": best_call_at, "model": model}
    told, kept = LeadPredicted(lead_id=lead.id, **said), {**said, "predicted_at": tx.now, "by": tx.actor.id}
    if known is None:
        return await tx.add(PREDICTIONS, Prediction(id=new_id(), lead_id=lead.id, **kept, version=0), told)
    return await tx.save(PREDICTIONS, known, told, **kept)
