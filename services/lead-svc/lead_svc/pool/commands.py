"""Give a lead to a person or to the pool, and keep who claimed, got and lost which."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead
from lead_svc.leads.rules import ASSIGN, hand_over_unmet
from lead_svc.leads.tables import LEADS
from lead_svc.policy import POLICY as LEAD_POLICY
from lead_svc.pool import rules
from lead_svc.pool.policy import POLICY, PoolPolicy
from lead_svc.pool.queries import keep_standing, to_return
from lead_svc.pool.record import Return, Standing
from lead_svc.team.queries import check_owner, in_team_of
from shared.auth import Role
from shared.db.outbox import Told
from shared.db.tx import Follows, Tx
from shared.errors import Rejected, Unmet
from shared.events.lead import LeadAssigned
from shared.ids import new_id
from shared.occurred import happened
from shared.parties import people

_KEEP = """
INSERT INTO lead_holding (id, lead_id, person_id, change, rule, at)
SELECT *, $6::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
"""


async def assign(tx: Tx, id: UUID, *, owner_id: UUID | None, at: datetime | None, expect: int | None) -> Lead:
    """Give the lead to a person, or with None back to the pool. The team is the owner's."""
    lead = await SEEN.load(tx, id, expect)
    when = happened(tx, at)
    ASSIGN.permit(tx.actor)
    if owner_id is not None:
        await check_owner(tx, tx.actor, owner_id, "a lead")
    in_reach = owner_id is not None and tx.actor.has(Role.manager, Role.regional_head) and await in_team_of(tx, tx.actor.id, owner_id)
    unmet = [*hand_over_unmet(lead, tx.actor, owner_id, in_reach=in_reach), *await _claim_unmet(tx, lead, owner_id)]
    ASSIGN.check(lead, tx.actor, facts=tx.policy(LEAD_POLICY), also=unmet)
    team_id = None if owner_id is None else await people.team_of(tx, owner_id)
    told = LeadAssigned(owner_id=owner_id, team_id=team_id, previous_owner_id=lead.owner_id)
    return await tx.save(LEADS, lead, told, at=when, owner_id=owner_id, team_id=team_id)


async def _claim_unmet(tx: Tx, lead: Lead, owner_id: UUID | None) -> list[Unmet]:
    """Why the actor cannot claim the lead, where this is a claim."""
    policy = tx.policy(POLICY)
    if owner_id != tx.actor.id or not rules.is_pooled(lead) or not rules.limited(policy):
        return []
    return rules.claim_unmet(await keep_standing(tx, [lead.id]), lead.id, policy, tx.now)


async def give_back(tx: Tx, why: Return, most: int) -> int:
    """Give a batch of leads back to the pool for this reason; how many they were."""
    policy = tx.policy(POLICY)
    found = await to_return(tx, why, policy, most)
    locked = await tx.load_many(LEADS, found) if found else {}
    still = await to_return(tx, why, policy, most, only=found) if found else []  # nobody has touched them meanwhile
    changed = []
    for lead in (locked[id] for id in still if id in locked):
        told = LeadAssigned(owner_id=None, team_id=None, previous_owner_id=lead.owner_id, rule=why, policy_version=policy.version)
        changed.append((replace(lead, owner_id=None, team_id=None, updated_at=tx.now), [(told, tx.now)]))
    await tx.save_many(LEADS, changed)
    return len(changed)


async def _kept(tx: Tx, told: Sequence[Told]) -> None:
    """Keep who claimed, got or lost leads. What a rule gives that nobody had needs no row."""
    rows = []
    for one in told:
        assert isinstance(one.event, LeadAssigned)
        if found := rules.change(one.event, tx.actor.id):
            person, change = found
            rows.append((new_id(), one.subject, person, change.value, one.event.rule))
    if rows:
        await tx.execute(_KEEP, *[list(column) for column in zip(*rows, strict=True)], tx.now)


class Taking:
    """Leads of the pool that somebody takes by entering them again, in one request: these are claims too, each one more than before."""

    def __init__(self, standing: Standing | None, policy: PoolPolicy, now: datetime) -> None:
        self._standing, self._policy, self._now = standing, policy, now

    @classmethod
    async def of(cls, tx: Tx, leads: Sequence[UUID]) -> "Taking":
        """`leads`: those that are in the pool and might be taken."""
        policy = tx.policy(POLICY)
        return cls(await keep_standing(tx, leads) if leads and rules.limited(policy) else None, policy, tx.now)

    def refused(self, lead_id: UUID) -> Rejected | None:
        """Why it cannot be taken, or None: then it counts as taken."""
        if self._standing is None:
            return None
        if unmet := rules.claim_unmet(self._standing, lead_id, self._policy, self._now):
            return Rejected("You cannot take this lead from the pool.", code="cannot_assign", unmet=unmet)
        self._standing = self._standing.with_another()
        return None


FOLLOWS: Follows = {LeadAssigned: [_kept]}
