"""Versions of policy documents: drafted, approved, made active now or later, withdrawn."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from shared.calendar import start_of
from shared.db.tx import Reader, Tx
from shared.errors import Forbidden, Invalid, NotFound, Rejected, Stale
from shared.events.envelope import Event
from shared.events.policy import PolicyApproved, PolicyDraftChanged, PolicyDrafted, PolicyScheduled, PolicyWithdrawn
from shared.policy import store
from shared.policy.document import Document, Policy
from shared.policy.record import VERSIONS, PolicyState, Running, Version
from shared.policy.rules import ACTIVATE, APPROVE, CHANGE, DRAFTERS, WITHDRAW, Facts, checked, differences, merged
from shared.timers import Timer, cancel_timers, set_timer

ACTIVATION = "policy_activation"
_WAITING = "SELECT number FROM policy_version WHERE name = $1 AND state = 'approved' AND active_from IS NOT NULL"
_OUTDATED = "UPDATE policy_simulation SET state = 'outdated', finished_at = coalesce(finished_at, $3) WHERE name = $1 AND number = $2"
_CANCELLED = """
UPDATE policy_simulation SET state = 'cancelled', finished_at = $3
WHERE name = $1 AND number = $2 AND state IN ('queued', 'running')
"""
_NOTHING = "It says what the active version says."


async def facts_of(db: Reader, policy: Policy[Any]) -> Facts:
    """What decides about this document's versions besides themselves."""
    active = await db.first(store.ACTIVE, name=policy.name)
    waiting = await db.value(_WAITING, policy.name)
    return Facts(active.number if active else 1, waiting, bool(policy.simulations))


async def read(db: Reader, policy: Policy[Any], number: int) -> Version:
    """A version, or `NotFound`."""
    found = await db.first(store.NUMBERED, name=policy.name, number=number)
    if found is None:
        raise NotFound("There is no such version of this document.")
    return found


async def active(db: Reader, policy: Policy[Any]) -> Version | None:
    return await db.first(store.ACTIVE, name=policy.name)


async def draft(tx: Tx, policy: Policy[Any], given: Mapping[str, Any], *, running: Running, note: str | None) -> Version:
    """Draft a version: the active document with what is given."""
    if not policy.of_teams and not tx.actor.has(*DRAFTERS):
        raise Forbidden("Only sales operations and admins draft this document.")
    base = await store.alone(tx, policy)
    document, changed = _proposed(tx, policy, base, base, given)
    _check_running(policy, running)
    number = await store.next_number(tx, policy)
    version = store.drafted(policy, number, tx, document=document, based_on=base.number, running=running, note=note)
    await store.add(tx, version)
    told = PolicyDrafted(**_named(policy, version), based_on=base.number, changed=changed, running=running.value, note=note)
    await store.tell(tx, policy, told)
    return version


async def change(tx: Tx, policy: Policy[Any], number: int, expect: int | None, given: Mapping[str, Any]) -> Version:
    """Change a draft, which is based on what is active now then."""
    base, version = await _loaded(tx, policy, number, expect)
    CHANGE.check(version, tx.actor, facts=await facts_of(tx, policy))
    document, changed = _proposed(tx, policy, base, version, given.get("document") or {})
    running = Running(given.get("running") or version.running)
    _check_running(policy, running)
    note = given.get("note", version.note)
    after = replace(version, document=document, based_on=base.number, running=running, note=note)
    await tx.execute(_OUTDATED, policy.name, number, tx.now)
    told = PolicyDraftChanged(**_named(policy, version), based_on=base.number, changed=changed, running=running.value, note=note)
    return await _save(tx, policy, after, told)


async def approve(tx: Tx, policy: Policy[Any], number: int, expect: int | None) -> Version:
    _, version = await _loaded(tx, policy, number, expect)
    APPROVE.check(version, tx.actor, facts=await facts_of(tx, policy))
    checked(policy.model, version.document)  # by the limits of this release
    after = replace(version, state=PolicyState.APPROVED, approved_by=tx.actor.id, approved_at=tx.now)
    return await _save(tx, policy, after, PolicyApproved(**_named(policy, version), author_id=version.author_id))


async def activate(tx: Tx, policy: Policy[Any], number: int, expect: int | None, since: date | datetime | None) -> Version:
    """Make it active now, or from a moment on; a day begins where the company is."""
    base, version = await _loaded(tx, policy, number, expect)
    ACTIVATE.check(version, tx.actor, facts=await facts_of(tx, policy))
    await cancel_timers(tx, version.id)
    if since is None:
        return await store.activate(tx, policy, version, tx.actor.id, base)
    at = since if isinstance(since, datetime) else start_of(since, tx.settings.zone)
    if at <= tx.now:
        says = "This is not in the future; leave it out to make the version active now."
        raise Invalid(says, pointer="/from", code="past")
    await set_timer(tx, ACTIVATION, version.id, at, {"policy": policy.name, "number": number})
    after = replace(version, active_from=at, activated_by=tx.actor.id)
    return await _save(tx, policy, after, PolicyScheduled(**_named(policy, version), active_from=at))


async def withdraw(tx: Tx, policy: Policy[Any], number: int, expect: int | None, reason: str) -> Version:
    _, version = await _loaded(tx, policy, number, expect)
    WITHDRAW.check(version, tx.actor, facts=await facts_of(tx, policy))
    await cancel_timers(tx, version.id)
    await tx.execute(_CANCELLED, policy.name, number, tx.now)
    after = replace(version, state=PolicyState.WITHDRAWN, reason=reason, active_from=None)
    return await _save(tx, policy, after, PolicyWithdrawn(**_named(policy, version), reason=reason))


async def time_has_come(tx: Tx, policy: Policy[Any], timer: Timer) -> None:
    """An approved version becomes active at its time, unless it was withdrawn meanwhile."""
    base = await store.alone(tx, policy)
    version = await tx.load(VERSIONS, timer.subject)
    if version.state is PolicyState.APPROVED and version.active_from == timer.due_at:
        await store.activate(tx, policy, version, version.activated_by or tx.actor.id, base)


def compared(policy: Policy[Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Any:
    """What two documents say otherwise, as this release understands them."""
    old, new = (policy.model.read(document, 0).stored() for document in (before, after))
    return differences(policy.model, old, new)


async def _loaded(tx: Tx, policy: Policy[Any], number: int, expect: int | None) -> tuple[Version, Version]:
    """The active version and this one, with nobody else at the document."""
    base = await store.alone(tx, policy)
    version = await read(tx, policy, number)
    if expect is not None and version.version != expect:
        raise Stale(version.version)
    return base, version


async def _save(tx: Tx, policy: Policy[Any], version: Version, told: Event) -> Version:
    after = replace(version, updated_at=tx.now, version=version.version + 1)
    kept = {name: getattr(after, name) for name in VERSIONS.names if name != "id"}
    await tx.run(VERSIONS.update(frozenset(kept)), _id=version.id, **kept)
    await store.tell(tx, policy, told)
    return after


def _proposed(tx: Tx, policy: Policy[Any], active: Version, before: Version, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The whole document with what is given, and what it says otherwise than the active one."""
    known = policy.model.read(before.document, 0).stored()
    document: Document = checked(policy.model, merged(policy.model, known, given))
    if policy.check is not None:
        policy.check(document, tx.settings)
    changed = [one.pointer for one in compared(policy, active.document, document.stored())]
    if not changed:
        raise Rejected(_NOTHING, code="no_change")
    return document.stored(), changed


def _check_running(policy: Policy[Any], running: Running) -> None:
    if running is Running.MOVE and policy.move is None:
        raise Invalid("Nothing that runs can move with this document; leave `running` at keep.", pointer="/running", code="cannot_move")


def _named(policy: Policy[Any], version: Version) -> dict[str, Any]:
    return {"service": policy.service, "name": policy.name, "version": version.number}
