"""Versions of the policy documents in a service's database: the first one, and how one becomes active."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, select

from shared.auth import SYSTEM
from shared.db.context import Context
from shared.db.database import Database
from shared.db.query import Query, is_in
from shared.db.tables import POLICY_VERSION
from shared.db.tx import Tx
from shared.events.envelope import Event
from shared.events.policy import PolicyActivated
from shared.ids import new_id
from shared.policy.document import Policy
from shared.policy.record import VERSIONS, PolicyState, Running, Version

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('policy:' || $1, 0))"
_TOLD = "SELECT coalesce(max(version), 0) FROM event WHERE subject = $1"
_LAST = "SELECT coalesce(max(number), 0) FROM policy_version WHERE name = $1"
_its = select(*[POLICY_VERSION.c[name] for name in VERSIONS.names]).where(POLICY_VERSION.c.name == bindparam("name"))
ACTIVE = Query(_its.where(POLICY_VERSION.c.state == PolicyState.ACTIVE.value), Version)
_WAITING = Query(_its.where(is_in(POLICY_VERSION.c.state, [PolicyState.DRAFT.value, PolicyState.APPROVED.value])), Version)
NUMBERED = Query(_its.where(POLICY_VERSION.c.number == bindparam("number", type_=Integer)), Version)


async def alone(tx: Tx, policy: Policy[Any]) -> Version:
    """Let nobody else change the document's versions until the end. The active version, which is stored now if there was none."""
    await tx.execute(_ALONE, policy.name)
    return await tx.first(ACTIVE, name=policy.name) or await _first(tx, policy)


async def next_number(tx: Tx, policy: Policy[Any]) -> int:
    return int(await tx.value(_LAST, policy.name)) + 1


async def tell(tx: Tx, policy: Policy[Any], *events: Event) -> None:
    """Tell what happened to the document. Only for who is `alone` with it: events are counted here, not in a row."""
    await tx.flush()
    tx.tell(policy.subject, int(await tx.value(_TOLD, policy.subject)) + 1, *events)


async def activate(tx: Tx, policy: Policy[Any], version: Version, by: UUID, old: Version | None) -> Version:
    """Make a version the active one in place of `old`, and tell it. For who is `alone` with the document."""
    if old is not None:
        await tx.run(VERSIONS.update(frozenset(_RETIRED)), _id=old.id, **{**_RETIRED, "retired_at": tx.now, "version": old.version + 1})
    changes: dict[str, Any] = {"state": PolicyState.ACTIVE, "active_from": tx.now, "activated_by": by, "updated_at": tx.now}
    now = replace(version, **changes, version=version.version + 1)
    await tx.run(VERSIONS.update(frozenset([*changes, "version"])), _id=version.id, **changes, version=now.version)
    told = PolicyActivated(
        service=policy.service,
        name=policy.name,
        version=now.number,
        document=now.document,
        active_from=tx.now,
        replaces=old.number if old else None,
        running=now.running.value,
        author_id=now.author_id,
        approved_by=now.approved_by,
        activated_by=by,
    )
    await tell(tx, policy, told)
    tx.changes_policy = True
    return now


_RETIRED: dict[str, Any] = {"state": PolicyState.RETIRED, "retired_at": None, "version": 0}


def drafted(policy: Policy[Any], number: int, tx: Tx, **known: Any) -> Version:
    """A new draft of the document."""
    empty = dict.fromkeys(VERSIONS.names)
    given = {"document": policy.first(tx.settings).stored(), "based_on": 0, "running": Running.KEEP, "version": 1} | known
    its = {"id": new_id(), "name": policy.name, "number": number, "state": PolicyState.DRAFT, "author_id": tx.actor.id}
    return Version(**{**empty, **its, "created_at": tx.now, "updated_at": tx.now, **given})


async def add(tx: Tx, version: Version) -> None:
    """Store a version. Its events are the document's, so `Tx.add` with its count of events is not for it."""
    await tx.run(VERSIONS.insert, **dict(zip(VERSIONS.insert.names, VERSIONS.inserted(version), strict=True)))


async def _first(tx: Tx, policy: Policy[Any]) -> Version:
    """The defaults as version 1: so a later release's other defaults change nobody's numbers silently."""
    first = drafted(policy, 1, tx, author_id=SYSTEM.id, version=0, note="What the process began with.")
    await add(tx, first)
    return await activate(tx, policy, first, SYSTEM.id, None)


async def begin(db: Database, policies: Sequence[Policy[Any]], context: Context) -> None:
    """Store the defaults of those documents of which a database has no version yet, and bring the others in step with the settings.

    Several processes may do so at once.
    """
    for policy in policies:
        async with db.begin(context) as tx:
            await _align(tx, policy, await alone(tx, policy))


async def _align(tx: Tx, policy: Policy[Any], active: Version) -> None:
    """Make a new version active if the settings ask for it, as after a change of the data's time zone; drafts follow."""
    if policy.align is None:
        return
    known = policy.model.read(active.document, active.number)
    if policy.align(known, tx.settings) == known:
        return
    number = await next_number(tx, policy)
    for version in await tx.all(_WAITING, name=policy.name):
        document = policy.align(policy.model.read(version.document, version.number), tx.settings).stored()
        based_on = number if version.based_on == active.number else version.based_on
        changes = {"document": document, "based_on": based_on, "version": version.version + 1}
        await tx.run(VERSIONS.update(frozenset(changes)), _id=version.id, **changes)
    aligned = policy.align(known, tx.settings).stored()
    note = "The data are kept in another time zone."
    follows = drafted(policy, number, tx, document=aligned, based_on=active.number, note=note, version=0)
    await add(tx, follows)
    await activate(tx, policy, follows, tx.actor.id, active)
