"""Merging two leads, and undoing it. Everything that can write to a lead waits for its lock, so nothing is lost between."""

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from lead_svc.consent import rules as consent
from lead_svc.interactions.queries import contacts
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead, State
from lead_svc.leads.tables import LEADS
from lead_svc.merging import moving, plans, rules
from lead_svc.merging.hanging import hanging
from lead_svc.merging.policy import POLICY
from lead_svc.merging.queries import ADD, LATER, OF_ABSORBED, UNDONE, one_by_one
from lead_svc.merging.record import Merge, MergeKind
from lead_svc.merging.rules import MERGE, UNMERGE
from lead_svc.metadata import metadata
from lead_svc.policy import POLICY as LEAD_POLICY
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound, Stale
from shared.events.envelope import Event
from shared.events.lead import LeadAbsorbed, LeadMerged, LeadRegraded, LeadRestored, LeadUnmerged
from shared.ids import new_id
from shared.policy.calendar import calendar_of
from shared.policy.company import COMPANY_POLICY

# Signals lock visitors before leads; so does this, or the two could wait for each other.
_VISITORS = "SELECT FROM visitor WHERE lead_id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"


async def merge(
    tx: Tx, id: UUID, absorbed_id: UUID, *, take: Collection[str], keep: Collection[str], reason: str | None, expect: int | None
) -> tuple[Lead, Merge]:
    """Let one lead take over another. Both as they are then: the survivor, and the merge."""
    MERGE.permit(tx.actor)
    survivor, absorbed = await _both(tx, id, absorbed_id)
    if expect is not None and survivor.version != expect:
        raise Stale(survivor.version)
    MERGE.check(survivor, tx.actor, facts=tx.policy(LEAD_POLICY), also=rules.absorbed_unmet(absorbed))
    planned = await plans.take_over(tx, absorbed, survivor)
    moved = await moving.move(tx, hanging(metadata, MergeKind.LEAD), absorbed.id, survivor.id)
    if found := await moving.join_consents(tx, _asked(absorbed), f"lead:{survivor.id}"):
        moved[moving.CONSENT] = found
    changes = rules.chosen(survivor, absorbed, take, keep, calendar_of(tx.policy(COMPANY_POLICY)).zone)
    made = Merge(
        id=new_id(),
        kind=MergeKind.LEAD,
        survivor_id=survivor.id,
        absorbed_id=absorbed.id,
        from_state=absorbed.state,
        values=rules.kept(survivor, changes),
        moved=moved,
        plans=planned,
        reason=reason,
        at=tx.now,
        by=tx.actor.id,
        until=tx.now + timedelta(days=tx.policy(POLICY).undo_days),
        undone_at=None,
        undone_by=None,
    )
    await tx.run(ADD, **asdict(made))
    told = LeadAbsorbed(merge_id=made.id, survivor_id=survivor.id, from_state=absorbed.state)
    await tx.save(LEADS, absorbed, told, state=State.MERGED, merged_into=survivor.id)
    return await _changed(tx, LeadMerged, made, survivor, changes), made


async def unmerge(tx: Tx, id: UUID, *, expect: int | None) -> tuple[Lead, Merge]:
    """Give a lead back what came from it, as far as it is still there. The lead as it is then."""
    UNMERGE.permit(tx.actor)
    await one_by_one(tx)
    absorbed = await SEEN.get(tx, tx.actor, id)
    found = await tx.first(OF_ABSORBED, id=id)
    if found is None:
        UNMERGE.check(absorbed, tx.actor, facts=tx.policy(LEAD_POLICY))
        raise NotFound("There is no merge that could be undone.")
    await tx.rows(_VISITORS, [found.survivor_id])
    both = await tx.load_many(LEADS, [id, found.survivor_id])
    absorbed, survivor = both[id], both[found.survivor_id]
    if expect is not None and absorbed.version != expect:
        raise Stale(absorbed.version)
    later = await tx.all(LATER, survivor_id=survivor.id, id=found.id)
    unmet = rules.undo_unmet(found, survivor, later, tx.now, seen=await _is_seen(tx, survivor.id))
    UNMERGE.check(absorbed, tx.actor, facts=tx.policy(LEAD_POLICY), also=unmet)
    undone = await tx.one(UNDONE, _id=found.id, at=tx.now, by=tx.actor.id)
    await moving.give_back(tx, hanging(metadata, MergeKind.LEAD), found.moved, absorbed.id, survivor.id)
    await moving.part_consents(tx, found.moved.get(moving.CONSENT, ()), f"lead:{survivor.id}")
    told = LeadRestored(merge_id=found.id, survivor_id=survivor.id, to_state=str(found.from_state))
    restored = await tx.save(LEADS, absorbed, told, state=State(str(found.from_state)), merged_into=None)
    released = await _changed(tx, LeadUnmerged, found, survivor, rules.restored(survivor, found.values))
    await plans.give_back(tx, found.plans, restored, released)
    return restored, undone


async def _both(tx: Tx, id: UUID, absorbed_id: UUID) -> tuple[Lead, Lead]:
    """Both leads, locked in one order whoever survives, if the actor sees them."""
    if id == absorbed_id:
        raise Invalid("A lead cannot take over itself.", pointer="/absorbed_id", code="same_lead")
    await one_by_one(tx)
    survivor = await SEEN.get(tx, tx.actor, id)
    try:
        absorbed = await SEEN.get(tx, tx.actor, absorbed_id)
    except NotFound:
        raise Invalid("There is none, or you may not see it.", pointer="/absorbed_id", code="unknown_lead") from None
    if survivor.merged_into or absorbed.merged_into:
        return survivor, absorbed
    await tx.rows(_VISITORS, [id, absorbed_id])
    both = await tx.load_many(LEADS, [id, absorbed_id])
    return both[id], both[absorbed_id]


async def _is_seen(tx: Tx, id: UUID) -> bool:
    try:
        await SEEN.get(tx, tx.actor, id)
    except NotFound:
        return False
    return True


def _asked(lead: Lead) -> list[str]:
    return consent.asked_by(lead_id=lead.id, contact_id=lead.contact_id, email=lead.email, phone=lead.phone)


async def _changed(tx: Tx, event: type[LeadMerged | LeadUnmerged], merge: Merge, survivor: Lead, changes: dict[str, Any]) -> Lead:
    """The survivor with what came or went, and with what its contacts add up to now."""
    changes = changes | await contacts(tx, survivor)
    after = replace(survivor, **changes)
    changed = sorted(name for name in changes if getattr(survivor, name) != getattr(after, name))
    told: list[Event] = [
        event.of(after, merge_id=merge.id, survivor_id=survivor.id, absorbed=[merge.absorbed_id], changed=changed),
    ]
    if after.grade != survivor.grade:
        told.append(LeadRegraded(old=survivor.grade, new=after.grade, rule="merge"))
    return await tx.save(LEADS, survivor, *told, **changes)
