"""Telling the history of imported deals again: what is known of it, who may have touched it, and the event that replaces it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson

from deal_svc.deals.commands import dimensions, worth
from deal_svc.deals.rules import OPEN_STAGES, PROBABILITY, Deal, Stage
from deal_svc.imports import rules
from deal_svc.imports.form import DealRow
from deal_svc.imports.rules import Told
from shared.db.tx import Reader
from shared.events.deal import DealHistoryCorrected, StageVisit

_TYPES = [
    f"clinch.{type}.v1"
    for type in (
        "deal.opened", "deal.stage_changed", "deal.won", "deal.lost", "deal.reopened", "deal.win_reversed", "deal.history_corrected",
    )
]  # fmt: skip
_STEPS = "SELECT subject, type, time, data FROM event WHERE subject = ANY($1::uuid[]) AND type = ANY($2::text[]) ORDER BY subject, version"
# An import tells with the correlation of its job; what our own reactions do is no person's act. Quotes are made by people.
_TOUCHED = """
SELECT e.subject FROM event e WHERE e.subject = ANY($1::uuid[]) AND e.actor_role <> 'system'
AND e.correlation_id NOT IN (SELECT correlation_id FROM import_job)
UNION SELECT deal_id FROM quote WHERE deal_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of some deals."""

    told: Mapping[UUID, Told | None]
    touched: Collection[UUID]


async def past_of(db: Reader, deals: Sequence[UUID]) -> Past:
    conn = await db.settled()
    rows = await conn.fetch(_STEPS, list(deals), _TYPES)
    told = {
        id: rules.past_of((r["type"].removeprefix("clinch.").removesuffix(".v1"), r["time"], orjson.loads(r["data"])) for r in of_deal)
        for id, of_deal in groupby(rows, key=lambda row: row["subject"])
    }
    return Past(told, {row["subject"] for row in await conn.fetch(_TOUCHED, list(deals))})


def corrected(deal: Deal, history: Told, row: DealRow) -> DealHistoryCorrected:
    """The event for a deal that is as its history says."""
    return DealHistoryCorrected(
        **dimensions(deal),
        **worth(deal),
        lead_id=deal.lead_id,
        lead_external_id=row.lead_external_id,
        external_id=deal.external_id,
        account_id=deal.account_id,
        account_external_id=row.account_key,
        account_name=deal.account_name,
        owner_external_id=row.owner,
        expected_close_on=deal.expected_close_on,
        opened_at=deal.opened_at,
        visits=_visits(history),
        outcome=row.outcome.value,
        closed_at=deal.closed_at,
        reason=deal.close_reason,
        competitor=deal.competitor,
        stage=deal.stage,
        flags=sorted(history.flags),
    )


def _visits(history: Told) -> list[StageVisit]:
    visits = [StageVisit(stage=Stage.DISCOVERY, entered_at=history.opened_at, probability=PROBABILITY[Stage.DISCOVERY])]
    place = 0
    for move in history.moves:
        reached = OPEN_STAGES.index(move.stage)
        direction: Any = "skip" if reached > place + 1 else "advance"
        visits.append(StageVisit(stage=move.stage, entered_at=move.at, direction=direction, probability=PROBABILITY[move.stage]))
        place = reached
    return visits
