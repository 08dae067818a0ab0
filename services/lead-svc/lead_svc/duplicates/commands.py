"""Comparing records that are entered or changed with all others of their kind, and what people say of a pair."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from lead_svc.duplicates.account_pairs import ACCOUNT_PAIRS
from lead_svc.duplicates.contact_pairs import CONTACT_PAIRS
from lead_svc.duplicates.kinds import Entry, Kind
from lead_svc.duplicates.lead_pairs import LEAD_PAIRS
from lead_svc.duplicates.likeness import likeness
from lead_svc.duplicates.policy import POLICY
from lead_svc.duplicates.queries import Alike, alike, pairs
from lead_svc.duplicates.record import Likeness, P
from lead_svc.duplicates.rules import CLEARED, DISMISSED, SUSPECTED, as_found, pair, pair_id
from shared.db.outbox import Told
from shared.db.tx import Consequence, Follows, Tx
from shared.errors import Stale
from shared.events.envelope import Event

MOST_ONE_BY_ONE = 100
"""A file of more rows does not make everybody wait who enters one of its addresses."""

# An account is compared by its contacts too, after them: of two contacts entered at once, the second one has waited by then.
KINDS: tuple[Kind[Any], ...] = (LEAD_PAIRS, CONTACT_PAIRS, ACCOUNT_PAIRS)


def following() -> Follows:
    """What lead-svc gives as `follows`: whoever enters, changes or takes up a record, it is compared."""
    found: dict[type[Event], list[Consequence]] = {}
    for kind in KINDS:
        for event in kind.heard:
            found.setdefault(event, []).append(_compares(kind, event))
    return found


def _compares(kind: Kind[Any], event: type[Event]) -> Consequence:
    heard = kind.heard[event]

    async def compare(tx: Tx, told: Sequence[Told]) -> None:
        if tx.policy(POLICY).compares and (ids := list({id: None for id in heard.ids(told) if id})):
            own = [one.subject for one in told if one.subject in ids]
            await _compare(tx, kind, ids, waits_for=own, is_new=heard.is_new)

    return compare


async def _compare(tx: Tx, kind: Kind[P], ids: Sequence[UUID], *, waits_for: Sequence[UUID], is_new: bool) -> None:
    """Find what these have in common with others, and keep each pair that may be the same. A few statements for any number."""
    if 0 < len(waits_for) <= MOST_ONE_BY_ONE:
        await tx.run(kind.one_by_one, ids=list(waits_for))
    found, _ = await pairs(tx, kind, ids)
    if not found and is_new:
        return
    known = {one.ids: one for one in await tx.all(kind.lock_known, ids=ids)}
    both = found | known.keys()
    entries = await kind.entries(tx, list({id for pair in both for id in pair})) if both else {}
    await _keep(tx, kind, entries, both, known)


async def _keep(
    tx: Tx, kind: Kind[P], entries: Mapping[UUID, Entry], both: Iterable[tuple[UUID, UUID]], known: Mapping[tuple[UUID, UUID], P]
) -> None:
    """Suspect pairs that have enough in common now, and clear those that have no longer. What somebody has dismissed stays so."""
    new, changed = [], []
    policy = tx.policy(POLICY)
    weights = kind.weights(policy)
    for ids in sorted(both):
        one, other, before = entries[ids[0]], entries[ids[1]], known.get(ids)
        now = likeness(one.said, other.said, policy, weights)
        if before is None:
            if now.certainty and one.is_open and other.is_open:
                found = as_found(kind.pairs.into, None, ids, now, tx.now)
                new.append((found, [(_suspected(tx, kind, found), tx.now)]))
        elif before.state is not DISMISSED and (after := _changed(tx, kind, before, now)):
            changed.append(after)
    await tx.add_new(kind.pairs, new)
    await tx.save_many(kind.pairs, changed)


def _changed(tx: Tx, kind: Kind[P], before: P, now: Likeness) -> tuple[P, list[tuple[Event, datetime]]] | None:
    """A known pair as it is now, with what is told of that; None when nothing is new."""
    if now.certainty is None:
        after, event = replace(before, state=CLEARED), kind.cleared.of(before)
    else:
        after = as_found(kind.pairs.into, before, before.ids, now, tx.now)
        event = _suspected(tx, kind, after)
    return (replace(after, updated_at=tx.now), [(event, tx.now)]) if after != before else None


def _suspected(tx: Tx, kind: Kind[P], pair: P) -> Event:
    told: Event = kind.suspected.of(pair, policy_version=tx.policy(POLICY).version)
    return told


async def suspected(tx: Tx, kind: Kind[P], id: UUID, *, new: bool) -> list[Alike[P]]:
    """The open records that may be the same as the one just entered. Of a new one nothing is asked when nothing was found."""
    if not tx.policy(POLICY).compares or (new and not await tx.told(kind.suspected)):
        return []
    return [one for one in (await alike(tx, kind, id)).alike if one.other.is_open and not one.dismissed]


# -- What people say of a pair -----------------------------------------------------------------------------------------------


async def dismiss(tx: Tx, kind: Kind[P], id: UUID, other_id: UUID, *, reason: str | None, expect: int | None) -> Alike[P]:
    """They are not the same; that is remembered."""
    kind.acts.dismiss.permit(tx.actor)
    found, pair = await _load(tx, kind, id, other_id, expect)
    kind.acts.dismiss.check(pair, tx.actor)
    told = kind.dismissed.of(pair, reason=reason)
    by: dict[str, Any] = {"reason": reason, "decided_by": tx.actor.id, "decided_at": tx.now}
    return replace(found, known=await tx.save(kind.pairs, pair, told, state=DISMISSED, **by))


async def reopen(tx: Tx, kind: Kind[P], id: UUID, other_id: UUID, *, expect: int | None) -> Alike[P]:
    """They may be the same after all."""
    kind.acts.reopen.permit(tx.actor)
    found, pair = await _load(tx, kind, id, other_id, expect)
    kind.acts.reopen.check(pair, tx.actor)
    nobody: dict[str, Any] = {"reason": None, "decided_by": None, "decided_at": None}
    return replace(found, known=await tx.save(kind.pairs, pair, _suspected(tx, kind, pair), state=SUSPECTED, **nobody))


async def _load(tx: Tx, kind: Kind[P], id: UUID, other_id: UUID, expect: int | None) -> tuple[Alike[P], P]:
    """The pair, locked, as it is found now: it gets its row where nobody has looked so far. `NotFound` unless both are seen."""
    for each in (id, other_id):
        await kind.seen.get(tx, tx.actor, each)
    policy, ids = tx.policy(POLICY), pair(id, other_id)
    entries = await kind.entries(tx, [id, other_id])
    one, other = entries[id], entries[other_id]
    now = likeness(one.said, other.said, policy, kind.weights(policy))
    known = await tx.first(kind.pairs.lock, id=pair_id(kind.pairs.into, *ids))
    if expect is not None and expect != (known.version if known else 0):
        raise Stale(known.version if known else 0)
    if id == other_id or (now.certainty is None and (known is None or known.state is CLEARED)):
        raise kind.pairs.missing()
    if known is None or known.state is CLEARED:
        await _keep(tx, kind, entries, [ids], {ids: known} if known else {})
        known = await tx.first(kind.pairs.lock, id=pair_id(kind.pairs.into, *ids))
        if known is None:  # one of them is closed
            raise kind.pairs.missing()
    return Alike(one, other, now, known), known
