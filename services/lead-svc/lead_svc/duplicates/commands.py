"""Comparing leads that are entered or changed with all others, and what people say of a pair."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.duplicates.policy import POLICY
from lead_svc.duplicates.queries import LOCK_OF_LEADS, ONE_BY_ONE, Alike, alike, pairs
from lead_svc.duplicates.record import Duplicate
from lead_svc.duplicates.rules import (
    CLEARED,
    COMPARED,
    DISMISS,
    DISMISSED,
    REOPEN,
    SUSPECTED,
    Likeness,
    as_found,
    is_open,
    likeness,
    pair,
    pair_id,
)
from lead_svc.duplicates.tables import DUPLICATES
from lead_svc.leads.queries import SEEN
from lead_svc.leads.record import Lead
from lead_svc.leads.tables import LEADS
from shared.db.outbox import Told
from shared.db.tx import Follows, Tx
from shared.errors import Stale
from shared.events.duplicates import LeadDuplicateCleared, LeadDuplicateDismissed, LeadDuplicateSuspected
from shared.events.envelope import Event
from shared.events.lead import LeadCaptured, LeadMerged, LeadReactivated, LeadUnmerged, LeadUpdated

MOST_ONE_BY_ONE = 100
"""A file of more rows does not make everybody wait who enters one of its addresses."""


def _is_to_be_compared(one: Told) -> bool:
    return not isinstance(one.event, LeadUpdated) or not COMPARED.isdisjoint(one.event.changed)


async def compare(tx: Tx, told: Sequence[Told]) -> None:
    """Find what these leads have in common with others, and keep each pair that may be the same. A few statements for any number."""
    ids = list({one.subject: None for one in told if _is_to_be_compared(one)}) if tx.policy(POLICY).compares else []
    if not ids:
        return
    if len(ids) <= MOST_ONE_BY_ONE:
        await tx.run(ONE_BY_ONE, ids=ids)
    found = await pairs(tx, ids)
    changed = any(isinstance(one.event, LeadUpdated | LeadMerged | LeadUnmerged) for one in told)
    if not found and not changed:
        return
    known = {(one.lead_id, one.other_id): one for one in await tx.all(LOCK_OF_LEADS, ids=ids)}
    both = found | known.keys()
    leads = {lead.id: lead for lead in await tx.all(LEADS.get_many, ids=list({id for pair in both for id in pair}))} if both else {}
    await _keep(tx, leads, both, known)


async def _keep(
    tx: Tx, leads: Mapping[UUID, Lead], both: Iterable[tuple[UUID, UUID]], known: Mapping[tuple[UUID, UUID], Duplicate]
) -> None:
    """Suspect pairs that have enough in common now, and clear those that have no longer. What somebody has dismissed stays so."""
    new, changed = [], []
    for ids in sorted(both):
        one, other, before = leads[ids[0]], leads[ids[1]], known.get(ids)
        now = likeness(one, other, tx.policy(POLICY))
        if before is None:
            if now.certainty and is_open(one) and is_open(other):
                found = as_found(None, ids, now, tx.now)
                new.append((found, [(_suspected(tx, found), tx.now)]))
        elif before.state is not DISMISSED and (after := _changed(tx, before, now)):
            changed.append(after)
    await tx.add_new(DUPLICATES, new)
    await tx.save_many(DUPLICATES, changed)


def _changed(tx: Tx, before: Duplicate, now: Likeness) -> tuple[Duplicate, list[tuple[Event, datetime]]] | None:
    """A known pair as it is now, with what is told of that; None when nothing is new."""
    event: Event
    if now.certainty is None:
        after, event = replace(before, state=CLEARED), LeadDuplicateCleared.of(before)
    else:
        after = as_found(before, (before.lead_id, before.other_id), now, tx.now)
        event = _suspected(tx, after)
    return (replace(after, updated_at=tx.now), [(event, tx.now)]) if after != before else None


def _suspected(tx: Tx, pair: Duplicate) -> Event:
    return LeadDuplicateSuspected.of(pair, policy_version=tx.policy(POLICY).version)


def following() -> Follows:
    """What lead-svc gives as `follows`: whoever enters, changes or takes up a lead, it is compared."""
    return {event: [compare] for event in (LeadCaptured, LeadUpdated, LeadReactivated, LeadMerged, LeadUnmerged)}


async def suspected(tx: Tx, lead: Lead, *, new: bool) -> list[Alike]:
    """The open leads that may be the same as the one that was just entered. Of a new one nothing is asked when nothing was found."""
    if not tx.policy(POLICY).compares or (new and not await tx.told(LeadDuplicateSuspected)):
        return []
    return [one for one in await alike(tx, lead) if is_open(one.other) and not one.dismissed]


# -- What people say of a pair -----------------------------------------------------------------------------------------------


async def dismiss(tx: Tx, lead_id: UUID, other_id: UUID, *, reason: str | None, expect: int | None) -> Alike:
    """They are not the same; that is remembered."""
    DISMISS.permit(tx.actor)
    found, pair = await _load(tx, lead_id, other_id, expect)
    DISMISS.check(pair, tx.actor)
    told = LeadDuplicateDismissed.of(pair, reason=reason)
    by: dict[str, Any] = {"reason": reason, "decided_by": tx.actor.id, "decided_at": tx.now}
    return replace(found, known=await tx.save(DUPLICATES, pair, told, state=DISMISSED, **by))


async def reopen(tx: Tx, lead_id: UUID, other_id: UUID, *, expect: int | None) -> Alike:
    """They may be the same after all."""
    REOPEN.permit(tx.actor)
    found, pair = await _load(tx, lead_id, other_id, expect)
    REOPEN.check(pair, tx.actor)
    nobody: dict[str, Any] = {"reason": None, "decided_by": None, "decided_at": None}
    return replace(found, known=await tx.save(DUPLICATES, pair, _suspected(tx, pair), state=SUSPECTED, **nobody))


async def _load(tx: Tx, lead_id: UUID, other_id: UUID, expect: int | None) -> tuple[Alike, Duplicate]:
    """The pair, locked, as it is found now: it gets its row where nobody has looked so far. `NotFound` unless both leads are seen."""
    lead, other = [await SEEN.get(tx, tx.actor, id) for id in (lead_id, other_id)]
    ids, now = pair(lead.id, other.id), likeness(lead, other, tx.policy(POLICY))
    known = await tx.first(DUPLICATES.lock, id=pair_id(*ids))
    if expect is not None and expect != (known.version if known else 0):
        raise Stale(known.version if known else 0)
    if lead.id == other.id or (now.certainty is None and (known is None or known.state is CLEARED)):
        raise DUPLICATES.missing()
    if known is None or known.state is CLEARED:
        await _keep(tx, {lead.id: lead, other.id: other}, [ids], {ids: known} if known else {})
        known = await tx.first(DUPLICATES.lock, id=pair_id(*ids))
        if known is None:  # one of them is closed
            raise DUPLICATES.missing()
    return Alike(lead, other, now, known), known
