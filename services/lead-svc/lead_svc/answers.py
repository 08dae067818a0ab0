"""A lead as it is answered: what is known of it, from all features, and what its reader may do with it."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, Field

from lead_svc.acts import LEAD_ACTS
from lead_svc.leads.fields import LeadDetails
from lead_svc.leads.queries import POINTS, SEEN, LeadItem
from lead_svc.leads.record import Lead
from lead_svc.leads.rules import ASSIGN, hidden
from lead_svc.leads.tables import LEADS, SCORES
from lead_svc.parties.merged import survivors
from lead_svc.policy import POLICY, LeadPolicy
from lead_svc.pool.queries import claim_unmet_of
from lead_svc.pool.rules import only_claims
from lead_svc.qualification.rules import Dimension, Status, findings
from lead_svc.scoring.policy import POLICY as SCORING
from shared.access import kinds
from shared.access.kinds import unmasked
from shared.acts import AllowedAction, shown
from shared.auth import Actor
from shared.db.tx import Reader, Tx
from shared.errors import NotFound, Unmet


class BantOut(BaseModel):
    """One BANT dimension: who found out what, and when. `months`: until they buy, for the timeline."""

    dimension: Dimension
    status: Status
    weight: int
    evidence: str | None
    months: int | None
    by: UUID | None
    at: datetime | None


class LeadOut(LeadDetails, LeadItem):
    """`reason`, `note`: why it is nurtured or disqualified. `refusal`: why the last hand-over was refused.

    `score` changes by itself, without a new version: a scored lead is always answered in full.
    `merged_into`: the lead that it is now, where it was merged and you may see that one.
    """

    change_by_themselves: ClassVar[tuple[str, ...]] = ("score", "merged_into", "claim_unmet")

    referrer_account_id: UUID | None
    bant: list[BantOut]
    intent: str | None
    responses: int
    reason: str | None
    note: str | None
    reactivations: int
    conversion_id: UUID | None
    refusal: str | None
    merged_into: UUID | None
    claim_unmet: list[Unmet] | None = Field(
        description="What keeps you from claiming it from the pool now; null where it is not in the pool, or nothing limits claims."
    )
    allowed_actions: list[AllowedAction]

    @classmethod
    def of(
        cls,
        lead: Lead,
        by: Actor,
        policy: LeadPolicy,
        score: int | None,
        *,
        merged_into: UUID | None = None,
        claim_unmet: list[Unmet] | None = None,
    ) -> Self:
        seen = unmasked(kinds.LEADS, by)
        known: dict[str, Any] = {name: getattr(lead, name) for name in _FROM_ROW}
        known |= {} if seen else hidden(lead)
        known |= {"score": score, "flags": sorted(lead.flags), "bant": findings(lead.bant, policy.bant, evidence=seen)}
        known |= {"merged_into": merged_into, "claim_unmet": claim_unmet}
        actions = shown(LEAD_ACTS, lead, by, policy)
        if claim_unmet and only_claims(by):
            actions = [_beyond(action, claim_unmet) if action.action == ASSIGN.name else action for action in actions]
        return cls.model_validate(known | {"allowed_actions": actions})


def _beyond(action: AllowedAction, unmet: list[Unmet]) -> AllowedAction:
    return replace(action, allowed=False, unmet=[*action.unmet, *unmet])


_FROM_ROW = tuple(f.name for f in fields(Lead) if f.name in LeadOut.model_fields)


async def _survivor(db: Reader, lead: Lead, by: Actor) -> UUID | None:
    if lead.merged_into is None:
        return None
    try:
        return (await SEEN.get(db, by, (await survivors(db, "lead", [lead.id]))[lead.id])).id
    except NotFound:
        return None


async def answered(tx: Tx, lead: Lead) -> LeadOut:
    """The answer to a change: the lead as a command leaves it, and as what follows from the change leaves it."""
    its = await tx.latest(LEADS, lead)
    known = next((score.points for score in tx.written(SCORES) if score.lead_id == its.id), None)
    return await shown_to(tx, tx.actor, its, tx.now, known)


async def shown_to(db: Reader, by: Actor, lead: Lead, now: datetime, score: int | None = None) -> LeadOut:
    """The lead as somebody sees it, with its score where leads are scored, and what it was merged into if they may see that."""
    if score is None and db.policy(SCORING).has_rules:
        score = await db.first(POINTS, lead_id=lead.id)
    unmet = (await claim_unmet_of(db, by, [lead], now)).get(lead.id)
    return LeadOut.of(lead, by, db.policy(POLICY), score, merged_into=await _survivor(db, lead, by), claim_unmet=unmet)
