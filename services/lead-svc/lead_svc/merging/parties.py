"""Merging two accounts or two contacts, and undoing it. Other services move what names them when they hear of it."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from lead_svc.consent import rules as consent
from lead_svc.merging import moving, party_rules, rules
from lead_svc.merging.naming import NAMED
from lead_svc.merging.policy import POLICY
from lead_svc.merging.queries import ADD, LATER, OF_ABSORBED, UNDONE, one_by_one
from lead_svc.merging.record import Merge, MergeKind
from lead_svc.parties.queries import SEEN_ACCOUNTS, SEEN_CONTACTS
from lead_svc.parties.rules import MERGE_ACCOUNT, MERGE_CONTACT, UNMERGE_ACCOUNT, UNMERGE_CONTACT
from lead_svc.parties.tables import ACCOUNTS, CONTACTS
from shared.access.members import Part
from shared.access.scoped import Scoped
from shared.acts import Act
from shared.db.query import Aggregate
from shared.db.tx import Tx
from shared.errors import Invalid, NotFound, Stale
from shared.events.envelope import Event
from shared.events.party import (
    AccountAbsorbed,
    AccountMemberAdded,
    AccountMemberRemoved,
    AccountMerged,
    AccountRestored,
    AccountUnmerged,
    AccountUpdated,
    ContactAbsorbed,
    ContactMerged,
    ContactRestored,
    ContactUnmerged,
    ContactUpdated,
)
from shared.ids import new_id
from shared.parties import merges
from shared.spelling import compared


@dataclass(frozen=True, kw_only=True)
class Party:
    """One kind of party: how it is seen, merged and told of."""

    kind: MergeKind
    of: Aggregate[Any]
    seen: Scoped[Any]
    merge: Act[Any, Any]
    unmerge: Act[Any, Any]
    merged: type[Any]
    unmerged: type[Any]
    absorbed: type[Any]
    restored: type[Any]
    updated: type[Any]


ACCOUNT = Party(
    kind=MergeKind.ACCOUNT,
    of=ACCOUNTS,
    seen=SEEN_ACCOUNTS,
    merge=MERGE_ACCOUNT,
    unmerge=UNMERGE_ACCOUNT,
    merged=AccountMerged,
    unmerged=AccountUnmerged,
    absorbed=AccountAbsorbed,
    restored=AccountRestored,
    updated=AccountUpdated,
)
CONTACT = Party(
    kind=MergeKind.CONTACT,
    of=CONTACTS,
    seen=SEEN_CONTACTS,
    merge=MERGE_CONTACT,
    unmerge=UNMERGE_CONTACT,
    merged=ContactMerged,
    unmerged=ContactUnmerged,
    absorbed=ContactAbsorbed,
    restored=ContactRestored,
    updated=ContactUpdated,
)


async def merge(
    tx: Tx,
    party: Party,
    id: UUID,
    absorbed_id: UUID,
    *,
    take: Collection[str],
    keep: Collection[str],
    reason: str | None,
    expect: int | None,
) -> tuple[Any, Merge]:
    """Let one account or contact take over another. The survivor as it is then, and the merge."""
    party.merge.permit(tx.actor)
    survivor, absorbed = await _both(tx, party, id, absorbed_id)
    if expect is not None and survivor.version != expect:
        raise Stale(survivor.version)
    party.merge.check(survivor, tx.actor, facts=await _facts(tx, party, survivor), also=party_rules.other_unmet(survivor, absorbed))
    made = Merge(
        id=new_id(),
        kind=party.kind,
        survivor_id=id,
        absorbed_id=absorbed_id,
        from_state=None,
        values=party_rules.kept(survivor, changes := party_rules.chosen(survivor, absorbed, take, keep)),
        moved=await _join(tx, party, absorbed, survivor),
        plans={},
        reason=reason,
        at=tx.now,
        by=tx.actor.id,
        until=tx.now + timedelta(days=tx.policy(POLICY).undo_days),
        undone_at=None,
        undone_by=None,
    )
    await tx.run(ADD, **asdict(made))
    await tx.save(party.of, absorbed, party.absorbed.of(absorbed, merge_id=made.id, survivor_id=id), merged_into=id)
    joined = [AccountMemberAdded(person_id=who, part=Part.member) for who in _members(made)]
    saved = await _changed(tx, party, party.merged, made, survivor, changes, joined)
    await merges.absorbed(tx, NAMED, made.id, party.kind, id, absorbed_id)
    return saved, made


async def unmerge(tx: Tx, party: Party, id: UUID, *, expect: int | None) -> tuple[Any, Merge]:
    """Give an account or contact back what named it, as far as it still names the survivor. The party as it is then."""
    party.unmerge.permit(tx.actor)
    await one_by_one(tx)
    absorbed = await party.seen.get(tx, tx.actor, id)
    found = await tx.first(OF_ABSORBED, id=id)
    if found is None:
        party.unmerge.check(absorbed, tx.actor, facts=await _facts(tx, party, absorbed))
        raise NotFound("There is no merge that could be undone.")
    both = await tx.load_many(party.of, [id, found.survivor_id])
    absorbed, survivor = both[id], both[found.survivor_id]
    if expect is not None and absorbed.version != expect:
        raise Stale(absorbed.version)
    later = await tx.all(LATER, survivor_id=survivor.id, id=found.id)
    unmet = rules.undo_unmet(found, survivor, later, tx.now, seen=await _is_seen(tx, party, survivor.id))
    party.unmerge.check(absorbed, tx.actor, facts=await _facts(tx, party, absorbed), also=unmet)
    undone = await tx.one(UNDONE, _id=found.id, at=tx.now, by=tx.actor.id)
    await moving.give_back(tx, (), found.moved, id, survivor.id)
    await moving.part_consents(tx, found.moved.get(moving.CONSENT, ()), f"contact:{survivor.id}")
    told = party.restored.of(absorbed, merge_id=found.id, survivor_id=survivor.id)
    restored = await tx.save(party.of, absorbed, told, merged_into=None)
    parted = [AccountMemberRemoved(person_id=who, part=Part.member) for who in _members(found)]
    changes = party_rules.back(survivor, found.values)
    if isinstance(changes.get("owner_id"), str):
        changes["owner_id"] = UUID(changes["owner_id"])
    await _changed(tx, party, party.unmerged, found, survivor, changes, parted)
    await merges.restored(tx, NAMED, found.id)
    return restored, undone


async def _both(tx: Tx, party: Party, id: UUID, absorbed_id: UUID) -> tuple[Any, Any]:
    """Both, locked in one order whoever survives, if the actor sees them."""
    if id == absorbed_id:
        raise Invalid("It cannot take over itself.", pointer="/absorbed_id", code="same_account" if party is ACCOUNT else "same_contact")
    await one_by_one(tx)
    await party.seen.get(tx, tx.actor, id)
    try:
        await party.seen.get(tx, tx.actor, absorbed_id)
    except NotFound:
        raise Invalid(
            "There is none, or you may not see it.",
            pointer="/absorbed_id",
            code="unknown_account" if party is ACCOUNT else "unknown_contact",
        ) from None
    both = await tx.load_many(party.of, [id, absorbed_id])
    return both[id], both[absorbed_id]


async def _facts(tx: Tx, party: Party, record: Any) -> Any:
    """What the acts ask besides: of a contact, its account."""
    return await tx.get(ACCOUNTS, record.account_id) if party is CONTACT else None


async def _is_seen(tx: Tx, party: Party, id: UUID) -> bool:
    try:
        await party.seen.get(tx, tx.actor, id)
    except NotFound:
        return False
    return True


async def _join(tx: Tx, party: Party, absorbed: Any, survivor: Any) -> dict[str, list[str]]:
    """Who has a part in the absorbed account has it in the survivor; what the absorbed contact declared counts for it."""
    if party is ACCOUNT:
        return await moving.move(tx, (), absorbed.id, survivor.id)
    asked = consent.asked_by(lead_id=None, contact_id=absorbed.id, email=absorbed.email, phone=absorbed.phone)
    found = await moving.join_consents(tx, asked, f"contact:{survivor.id}")
    return {moving.CONSENT: found} if found else {}


def _members(merge: Merge) -> list[UUID]:
    """Who came into the team of the survivor by the merge."""
    parts = [entry.split(" ") for entry in merge.moved.get(moving.MEMBERSHIP, ())]
    return [UUID(person) for person, part in parts if part == Part.member]


async def _changed(tx: Tx, party: Party, event: type[Any], merge: Merge, survivor: Any, changes: dict[str, Any], also: list[Any]) -> Any:
    """The survivor with what came or went."""
    if "name" in changes and party is ACCOUNT:
        changes = changes | {"compared": compared(changes["name"])}
    after = replace(survivor, **changes)
    changed = sorted(changes.keys() - {"compared"})
    told: list[Event] = [event.of(after, merge_id=merge.id, survivor_id=survivor.id, absorbed=[merge.absorbed_id], changed=changed)]
    if changed:
        told.append(party.updated.of(after, changed=changed))
    return await tx.save(party.of, survivor, *told, *also, **changes)
