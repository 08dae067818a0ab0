"""Reads of views, and who sees which: their owner, and those of the team that one is shared with, if they see such records at all."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, and_, any_, bindparam, exists, or_, select, true

from lead_svc.views.fields import ViewFields
from lead_svc.views.lists import RECORDS
from lead_svc.views.record import ViewKind
from lead_svc.views.tables import VIEW, VIEWS
from shared.access.kinds import sees, unmasked
from shared.access.rows import Condition
from shared.access.scoped import Scoped
from shared.auth.actor import Actor, Role
from shared.db.query import Query
from shared.db.tables import ROSTER
from shared.http.answer import Answer
from shared.http.listing import Listing

_EVERY = (Role.admin, Role.director, Role.sales_ops)
_TREE = (Role.manager, Role.regional_head)
_ME = bindparam("seen_by", type_=Uuid)


class ViewItem(ViewFields, Answer):
    id: UUID
    kind: ViewKind
    owner_id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


LIST = Listing(
    VIEW,
    ViewItem,
    filters={name: VIEW.c[name] for name in ("kind", "owner_id", "team_id", "updated_at")},
    sorts=("name", "updated_at"),
    default="name",
    search=(VIEW.c.name,),
)
OTHER_NAMES = Query(
    select(VIEW.c.name).where(VIEW.c.owner_id == bindparam("owner_id"), VIEW.c.kind == bindparam("kind"), VIEW.c.id != bindparam("id")), str
)
OWN_TEAM = Query(select(ROSTER.c.team_id).where(ROSTER.c.person_id == bindparam("id")), UUID)


def _shared(near: ColumnElement[bool]) -> Condition:
    """A view with a filter that the list would refuse to somebody is of no use to them, and its value may be somebody's name."""
    of_kinds = VIEW.c.kind == any_(bindparam("kinds", type_=ARRAY(Text)))
    in_the_clear = VIEW.c.kind == any_(bindparam("in_the_clear", type_=ARRAY(Text)))
    shared = and_(VIEW.c.team_id.is_not(None), near, of_kinds, or_(VIEW.c.personal.is_(False), in_the_clear))
    return or_(VIEW.c.owner_id == _ME, shared)


def _above() -> ColumnElement[bool]:
    """Shared with the actor's team, or with one above it."""
    return exists().where(ROSTER.c.person_id == _ME, VIEW.c.team_id == any_(ROSTER.c.team_path))


def _below() -> ColumnElement[bool]:
    """Shared with a team below the actor's."""
    mine, mate = ROSTER.alias("mine"), ROSTER.alias("mate")
    return exists().where(mine.c.person_id == _ME, mate.c.team_id == VIEW.c.team_id, mine.c.team_id == any_(mate.c.team_path))


_NEAR, _LEADING, _RUNNING = _shared(_above()), _shared(or_(_above(), _below())), _shared(true())


class _Seen:
    def key(self, actor: Actor) -> tuple[Any, ...]:
        return (self.visible(actor),)

    def visible(self, actor: Actor) -> Condition:
        return _RUNNING if actor.has(*_EVERY) else _LEADING if actor.has(*_TREE) else _NEAR

    listed = visible

    def params(self, actor: Actor) -> dict[str, Any]:
        return {
            "seen_by": actor.id,
            "kinds": [kind.value for kind, records in RECORDS.items() if sees(records, actor)],
            "in_the_clear": [kind.value for kind, records in RECORDS.items() if unmasked(records, actor)],
        }


SEEN_VIEWS = _Seen()
SEEN = Scoped(VIEWS, SEEN_VIEWS)
