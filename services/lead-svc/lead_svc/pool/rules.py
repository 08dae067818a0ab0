"""What keeps somebody from claiming a lead, and what an assignment means for the pool. Pure."""

from datetime import datetime, timedelta
from uuid import UUID

from lead_svc.leads.record import HELD, Lead
from lead_svc.leads.rules import ASSIGN
from lead_svc.pool.policy import PoolPolicy
from lead_svc.pool.record import Change, Standing
from shared.auth.actor import Actor
from shared.errors import Unmet
from shared.events.lead import LeadAssigned

BY_THEMSELVES = ("manual", "upsert")
"""How somebody gives a lead to themselves, as `rule` of `lead.assigned` says it: by the act, or by entering it again."""


def is_pooled(lead: Lead) -> bool:
    return lead.owner_id is None and lead.state in HELD


def limited(policy: PoolPolicy) -> bool:
    """Whether anything limits claims."""
    return bool(policy.claims_a_day or policy.claim_again_days or policy.most_held)


def returns(policy: PoolPolicy) -> bool:
    """Whether leads come back by themselves."""
    return bool(policy.untouched_days or policy.return_beyond or policy.return_of_leavers)


def free_at(lost_at: datetime | None, now: datetime, days: int) -> datetime | None:
    """From when on whoever lost a lead may claim it again; None for now."""
    at = lost_at and lost_at + timedelta(days=days)
    return at if at is not None and at > now else None


def only_claims(actor: Actor) -> bool:
    """Whether the actor can do nothing else with a lead of the pool than claim it: they hand leads to nobody."""
    return actor.roles.isdisjoint(ASSIGN.who.every)


def claim_unmet(standing: Standing, lead_id: UUID, policy: PoolPolicy, now: datetime) -> list[Unmet]:
    """Why somebody cannot claim this lead."""
    unmet = []
    if policy.claims_a_day and standing.claimed >= policy.claims_a_day:
        unmet.append(Unmet("claimed_enough", f"You have claimed {standing.claimed} leads today, as many as the policy allows in a day."))
    if policy.most_held and standing.held >= policy.most_held:
        unmet.append(Unmet("held_enough", f"You have {standing.held} open leads, and nobody claims one beyond {policy.most_held}."))
    if (at := free_at(standing.lost_at.get(lead_id), now, policy.claim_again_days)) is not None:
        unmet.append(Unmet("lost_before", f"You had this lead and lost it. You can claim it again from {at:%Y-%m-%d} on; others can now."))
    return unmet


def change(told: LeadAssigned, by: UUID) -> tuple[UUID, Change] | None:
    """Who claimed, got or lost a lead by an assignment; None where a rule gives a lead that nobody had."""
    if told.owner_id is None:
        return None if told.previous_owner_id is None else (told.previous_owner_id, Change.LOST)
    if told.previous_owner_id is not None:
        return told.owner_id, Change.GOT
    return (by, Change.CLAIMED) if told.owner_id == by and told.rule in BY_THEMSELVES else None
