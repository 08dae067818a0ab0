"""Save, change and remove views."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select

from lead_svc.team.commands import parents
from lead_svc.team.rules import path_of
from lead_svc.team.tables import TEAMS
from lead_svc.views import rules
from lead_svc.views.lists import known_lists
from lead_svc.views.queries import OTHER_NAMES, OWN_TEAM, SEEN
from lead_svc.views.record import View, ViewKind
from lead_svc.views.rules import CHANGE, REMOVE, SAVE
from lead_svc.views.tables import VIEW, VIEWS
from shared.db.query import Query
from shared.db.tx import Tx
from shared.errors import Invalid, Unmet
from shared.events.view import ViewChanged, ViewRemoved, ViewSaved
from shared.ids import new_id

_COUNT = Query(select(func.count()).where(VIEW.c.owner_id == bindparam("owner_id")), int)
_DELETE = Query(delete(VIEW).where(VIEW.c.id == bindparam("id")), UUID)


async def save(tx: Tx, kind: ViewKind, given: Mapping[str, Any]) -> View:
    SAVE.permit(tx.actor)
    view = _checked(
        View(id=new_id(), version=0, owner_id=tx.actor.id, kind=kind, personal=False, created_at=tx.now, updated_at=tx.now, **given)
    )
    unmet = [*await _unmet(tx, view), *await _team_unmet(tx, view)]
    unmet += rules.most_unmet(await tx.one(_COUNT, owner_id=view.owner_id))
    SAVE.check(view, tx.actor, also=unmet)
    return await tx.add(VIEWS, view, ViewSaved.of(view))


async def change(tx: Tx, id: UUID, given: Mapping[str, Any], expect: int | None) -> View:
    view = await SEEN.load(tx, id, expect)
    wanted = _checked(replace(view, **given), by=tx.actor.id)
    unmet = await _unmet(tx, wanted)
    if wanted.team_id != view.team_id:
        unmet += await _team_unmet(tx, wanted)
    CHANGE.check(view, tx.actor, also=unmet)
    changed = {name: getattr(wanted, name) for name in (*given, "personal") if getattr(wanted, name) != getattr(view, name)}
    if not changed:
        return view
    return await tx.save(VIEWS, view, ViewChanged.of(wanted, changed=sorted(changed.keys() - {"personal"})), **changed)


async def remove(tx: Tx, id: UUID, expect: int | None) -> View:
    view = await SEEN.load(tx, id, expect)
    REMOVE.check(view, tx.actor)
    await tx.run(_DELETE, id=id)
    tx.tell(id, view.version + 1, ViewRemoved.of(view))
    return replace(view, version=view.version + 1)


def _checked(view: View, by: UUID | None = None) -> View:
    """The view as it is kept; `Invalid` for what its list does not take."""
    known = known_lists()[view.kind]
    known.check(by or view.owner_id, filters=view.filters, sort=view.sort, columns=view.columns)
    columns = list(dict.fromkeys(view.columns))
    return replace(view, columns=columns, personal=known.looks_at_personal(view.filters, view.sort))


async def _unmet(tx: Tx, view: View) -> list[Unmet]:
    """Views of one person are counted one after the other."""
    await tx.take_turn(f"views of {view.owner_id}")
    others = await tx.all(OTHER_NAMES, owner_id=view.owner_id, kind=view.kind, id=view.id)
    return [*rules.save_unmet(view.name, others)]


async def _team_unmet(tx: Tx, view: View) -> list[Unmet]:
    if view.team_id is None:
        return []
    if await tx.first(TEAMS.get, id=view.team_id) is None:
        raise Invalid("There is no such team.", pointer="/team_id", code="unknown_team")
    own = await tx.first(OWN_TEAM, id=view.owner_id)
    return [*rules.team_unmet(path_of(view.team_id, await parents(tx)), own)]
