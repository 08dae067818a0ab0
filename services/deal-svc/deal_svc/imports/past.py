"""What is known of imported deals, who has touched them, and the event that replaces their history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson

from deal_svc.deals.events import told
from deal_svc.deals.pipeline import FIRST, place, probability
from deal_svc.deals.record import Deal
from deal_svc.imports import rules
from deal_svc.imports.form import Row
from deal_svc.imports.rules import Told
from deal_svc.policy import DealPolicy
from shared.db.tx import Reader
from shared.events.deal import (
    DealHistoryCorrected,
    DealLost,
    DealOpened,
    DealReopened,
    DealStageChanged,
    DealWinReversed,
    DealWon,
    StageVisit,
)

_TYPES = [
    event.type
    for event in (DealOpened, DealStageChanged, DealWon, DealLost, DealReopened, DealWinReversed, DealHistoryCorrected)
]  # fmt: skip
_STEPS = "SELECT subject, type, time, data FROM event WHERE subject = ANY($1::uuid[]) AND type = ANY($2::text[]) ORDER BY subject, version"
# An import tells with the correlation of its job; what our own reactions do is no person's act. Quotes are made by people.
_TOUCHED = """
SELECT e.subject FROM event e WHERE e.subject = ANY($1::uuid[]) AND e.actor_role <> 'system'
AND e.correlation_id NOT IN (SELECT correlation_id FROM import_job)
UNION SELECT deal_id FROM quote WHERE deal_id = ANY($1::uuid[])
"""


_ACCEPTED = "SELECT DISTINCT deal_id FROM quote WHERE deal_id = ANY($1::uuid[]) AND status = 'accepted'"


async def agreed_of(db: Reader, deals: Sequence[Deal]) -> set[UUID]:
    """Which of these deals are worth what a customer has accepted or signed."""
    accepted = await db.rows(_ACCEPTED, [deal.id for deal in deals]) if deals else []
    return {row["deal_id"] for row in accepted} | {deal.id for deal in deals if deal.contract_id is not None}


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of some deals."""

    told: Mapping[UUID, Told | None]
    touched: Collection[UUID]


async def past_of(db: Reader, deals: Sequence[UUID]) -> Past:
    rows = await db.rows(_STEPS, list(deals), _TYPES)
    known = {
        id: rules.past_of((r["type"].removeprefix("clinch.").removesuffix(".v1"), r["time"], orjson.loads(r["data"])) for r in of_deal)
        for id, of_deal in groupby(rows, key=lambda row: row["subject"])
    }
    return Past(known, {row["subject"] for row in await db.rows(_TOUCHED, list(deals))})


def corrected(deal: Deal, history: Told, row: Row, policy: DealPolicy) -> DealHistoryCorrected:
    """The event for a deal that is as its history says."""
    return told(
        DealHistoryCorrected,
        deal,
        lead_external_id=row.lead_external_id,
        account_external_id=row.account_key,
        owner_external_id=row.owner,
        visits=_visits(history, policy),
        policy_version=policy.version,
        outcome=row.outcome.value,
        reason=deal.close_reason,
        flags=sorted(history.flags),
    )


def _visits(history: Told, policy: DealPolicy) -> list[StageVisit]:
    visits = [StageVisit(stage=FIRST, entered_at=history.opened_at, probability=probability(FIRST, policy.stages))]
    reached = FIRST
    for move in history.moves:
        direction: Any = "skip" if place(move.stage) > place(reached) + 1 else "advance"
        likely = probability(move.stage, policy.stages)
        visits.append(StageVisit(stage=move.stage, entered_at=move.at, direction=direction, probability=likely))
        reached = move.stage
    return visits
